// A database that somebody else made on a server, taken under management.
import { databaseAdopt } from '@berth/actions';
import { fieldError } from '@berth/core';
import { z } from 'zod';
import type { ApiContext } from '../dialect';
import { requestAndAnswer } from './accepted';
import { OPERATE } from './authenticate';
import { type AskedWith, type Endpoint, endpoint } from './endpoint';
import { labels, newName, reference } from './fields';
import { getServer, getVisibleDatabase } from './reach';
import { accepts } from './shapes/answers';
import { databaseShape, showDatabase } from './shapes/database';

const adoption = z.strictObject({
  engine_name: reference.describe('What it is called on its server, to the letter.'),
  name: newName.exactOptional().describe('What Berth is to call it; the same where it suits.'),
  team: reference.exactOptional().describe('Whose it is to be; that of the token where it is left out.'),
  project: reference.exactOptional(),
  plan: reference.exactOptional(),
  labels: labels.exactOptional(),
});

export const adoptEndpoints: Endpoint[] = [
  endpoint({
    tag: 'Servers',
    noun: 'server',
    scopes: OPERATE,
    method: 'post',
    path: '/servers/:id/adopt',
    id: 'adoptDatabase',
    summary: 'Take a database that somebody else made under management',
    description:
      'With a new login; its data, and the logins that it had, stay as they are. It takes room and counts against the quota ' +
      'as one that is made.',
    body: adoption,
    isWaitedFor: true,
    answers: accepts('database_adopt', { database: databaseShape }),
    errors: ['name_taken', 'quota_exceeded', 'unknown_reference', 'disagree', 'no_room', 'contradicts'],
    examples: { 'by its name': { body: { engine_name: 'legacy' } } },
    handle: adoptDatabase,
  }),
];

async function adoptDatabase(api: ApiContext, call: AskedWith<typeof adoption>): Promise<void> {
  const { id: serverId } = await getServer(api.store, call.request.params.id);
  const { engine_name: engineName, name: asked, ...rest } = call.body;
  const name = newName.safeParse(asked ?? engineName).data;
  if (name === undefined) {
    throw fieldError(
      'invalid_request',
      'name',
      `"${engineName}" is no name in Berth; send "name" as well (a-z, 0-9, _ and -)`,
    );
  }
  await requestAndAnswer(api, call, databaseAdopt, { serverId, engineName, name, ...rest }, async (action) => ({
    database: showDatabase(await getVisibleDatabase(api.store, call.caller, action.database_id)),
  }));
}
