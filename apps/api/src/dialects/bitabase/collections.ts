// Collections of a database: none, for documents are no business of Berth's. Clients ask all the same.
import type { Call, Route } from '../../http/route';
import { findNamed, standingFor } from '../../http/standing';
import type { ApiContext } from '../dialect';
import { sendCompact, sendPretty } from './answer';
import { authenticate } from './authenticate';

export function collectionRoutes(api: ApiContext): Route[] {
  return [{ method: 'get', path: '/databases/:databaseName/collections', handle: (call) => answerList(api, call) }];
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const { access } = await authenticate(api, call, 'public');
  const name = String(call.request.params.databaseName);
  const database = await findNamed(api.store, access, standingFor(access), name);
  if (database !== null) sendCompact(call, 200, []);
  else sendPretty(call.response, 404, { error: 'database not found' });
}
