// server_refresh: how large the databases of a server are, who has them, and who is in them. It changes nothing there.
import type { SeenDatabase } from '@berth/engines/contract';
import { isPossible } from '@berth/store';
import type { Kind } from '../kind';
import { planLook, type ServerLookInput } from './join-or-plan';

/** Of databases whose numbers cannot be: the evidence names the first ones. */
const NAMED_MAX = 100;

/** Safe to repeat: a second request joins the refresh that is queued or running. Throws `not_found`. */
export const serverRefresh: Kind<ServerLookInput> = {
  name: 'server_refresh',
  isReadOnly: true,

  plan: (planning, input) => planLook(planning, 'server_refresh', input, ['observe_databases']),

  async perform({ action, session, step, store }) {
    const since = await store.now();
    let seen: SeenDatabase[] = [];
    await step('observe_databases', async () => {
      seen = await session.observeDatabases();
      const ours = seen.filter(isOurs).filter(isPossible);
      const impossible = seen.filter((each) => isOurs(each) && !isPossible(each)).map(({ name }) => name);
      const sizeBytes = ours.reduce((sum, each) => sum + each.sizeBytes, 0);
      const sessions = ours.reduce((sum, each) => sum + each.sessions, 0);
      const others = seen.filter((each) => !isOurs(each)).length;
      const counts = { databases: ours.length, others, size_bytes: sizeBytes, sessions };
      return { ...counts, impossible: impossible.slice(0, NAMED_MAX) };
    });
    return async (tx) => void (await tx.servers.recordRefresh(action.server_id, seen.filter(isOurs), since));
  },

  fail: async () => async () => {}, // what was known stays, with the time it is from
};

function isOurs(database: SeenDatabase): database is SeenDatabase & { id: string } {
  return database.id !== null;
}
