// An event as the native API shows it, in pages and in streams.
import { EVENT_TYPES } from '@berth/core';
import type { ToldEvent } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { idShape as id } from '../../../http/id-shape';
import { type Shown, time } from './parts';

const EXAMPLE_CURSOR = 'ZTgxMi4zMDcuODI0MTM1MTE0';

const cursor = z.string().describe('Send it as `cursor`, or as `Last-Event-ID`, to read on after this.');

export const eventShape = z
  .strictObject({
    id: id('event').describe('The same whenever and wherever it is told: told twice it is one event.'),
    type: z
      .string()
      .describe(`One of ${EVENT_TYPES.map((type) => `\`${type}\``).join(', ')}; a later version may add some.`),
    team_id: id('team').nullable(),
    database_id: id('database').nullable(),
    credential_id: id('credential').nullable(),
    server_id: id('server').nullable(),
    action_id: id('action').nullable(),
    data: z
      .record(z.string(), z.unknown())
      .describe('What it says beside what it is about, by its type. Never a secret.'),
    created_at: time,
    cursor,
  })
  .meta({
    id: 'Event',
    description: 'What happened, when, and to what.',
    examples: [
      {
        id: EXAMPLE_IDS.event,
        type: 'database.available',
        team_id: EXAMPLE_IDS.team,
        database_id: EXAMPLE_IDS.database,
        credential_id: null,
        server_id: EXAMPLE_IDS.server,
        action_id: null,
        data: { name: 'orders', engine: 'postgresql', state: 'available' },
        created_at: EXAMPLE_TIMES.done,
        cursor: EXAMPLE_CURSOR,
      },
    ],
  });

/** A piece of the log: unlike a list it always says where to go on. */
export const logShape = z.strictObject({
  data: z.array(eventShape).describe('Oldest first. May be empty, also where more follows.'),
  next_cursor: z
    .string()
    .describe('Where to go on, now or later: a log has no last page.')
    .meta({ examples: [EXAMPLE_CURSOR] }),
  has_more: z
    .boolean()
    .describe('Whether to ask again at once: the log was not read to its end. False: nothing more can be read now.')
    .meta({ examples: [false] }),
});

export function showEvent(event: ToldEvent): Shown<typeof eventShape> {
  return {
    id: event.id,
    type: event.type,
    team_id: event.team_id,
    database_id: event.database_id,
    credential_id: event.credential_id,
    server_id: event.server_id,
    action_id: event.action_id,
    data: event.data,
    created_at: event.created_at,
    cursor: event.cursor,
  };
}
