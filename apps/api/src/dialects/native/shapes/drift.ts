// In what a server differs from what Berth knows of it, as the native API shows it.
import { PlatformError } from '@berth/core';
import type { Drift } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { type Shown, time } from './parts';

const name = z.string().nullable();

const difference = z.strictObject({
  what: z.enum(['database', 'login', 'grant']),
  database: name.describe('As the server names it, or would.'),
  database_id: name.describe('Berth’s id; of what is unknown the one that it bears, perhaps of something deleted.'),
  login: name,
  credential_id: name,
  expected: name.describe('`open`, `locked`, a role and the like; null where it is there or not.'),
  found: name,
});

const counts = z.strictObject({ lost: z.int(), unknown: z.int(), altered: z.int() });

/** What a worker wrote down. */
const findings = z.strictObject({
  lost: z.array(difference).describe('Berth has it, and the server does not.'),
  unknown: z.array(difference).describe('The server has it, and Berth does not.'),
  altered: z.array(difference).describe('Both have it, and not alike.'),
  counts: counts.describe('Of each list 1,000 are kept; this is how many there were.'),
  passed_over: z.int().describe('Databases and logins on which actions were at work: nothing is said of them.'),
});

export const driftShape = findings.extend({ server_id: z.string(), action_id: z.string(), taken_at: time }).meta({
  id: 'Drift',
  description: 'In what a server differed from what Berth knows of it, when it was last looked at.',
  examples: [
    {
      lost: [],
      unknown: [
        {
          what: 'database',
          database: 'legacy',
          database_id: null,
          login: null,
          credential_id: null,
          expected: null,
          found: null,
        },
      ],
      altered: [
        {
          what: 'login',
          database: null,
          database_id: null,
          login: 'orders',
          credential_id: EXAMPLE_IDS.credential,
          expected: 'unlocked',
          found: 'locked',
        },
      ],
      counts: { lost: 0, unknown: 1, altered: 1 },
      passed_over: 0,
      server_id: EXAMPLE_IDS.server,
      action_id: EXAMPLE_IDS.action,
      taken_at: EXAMPLE_TIMES.done,
    },
  ],
});

/** Throws `not_found` where none was taken. */
export function showDrift(serverId: string, drift: Drift | null): Shown<typeof driftShape> {
  if (drift === null) {
    const how = `Take one: POST /v1/servers/${serverId}/drift.`;
    throw new PlatformError('not_found', `Nobody has looked for differences on this server yet. ${how}`);
  }
  const { action_id, server_id, taken_at } = drift;
  return { ...findings.parse(drift.findings), server_id, action_id, taken_at };
}
