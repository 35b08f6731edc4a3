// Collections of a database: none, for documents are no business of Berth's. Clients ask all the same.
import type { Access } from '@berth/store';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { sendCompact, sendPretty } from './answer';
import { authenticate } from './authenticate';
import { standingFor } from './reach';

export function collectionRoutes(api: ApiContext): Route[] {
  return [{ method: 'get', path: '/databases/:databaseName/collections', handle: (call) => answerList(api, call) }];
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const { access } = await authenticate(api, call, 'public');
  if (await isThere(api, access, call.request.params.databaseName)) sendCompact(call, 200, []);
  else sendPretty(call.response, 404, { error: 'database not found' });
}

async function isThere({ store }: ApiContext, access: Access, name: unknown): Promise<boolean> {
  if (typeof name !== 'string' || name.includes('\0')) return false; // the store takes no NUL
  const [database] = (await store.standing.listDatabases({ ...standingFor(access), name }, 0, 1)).data;
  return database !== undefined;
}
