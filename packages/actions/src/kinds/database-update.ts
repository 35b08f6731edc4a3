// database_update: another plan. The database is measured first, then held to the new limits, and its logins with it.
import { PlatformError } from '@berth/core';
import type { DatabaseFacts, EngineSession } from '@berth/engines/contract';
import type { Action, DatabaseView, Nouns, Store } from '@berth/store';
import { type ChangeInput, changeDatabase } from '../administer/databases';
import type { FailedWork, Kind } from '../kind';
import { refuseTooSmall } from '../resolve';
import { databaseRef, engineOf, getDatabase, loginRef, requiredAccess } from './subjects';

/**
 * What else is changed with it holds at once. Throws what `changeDatabase` throws; `contradicts` while it is changed to
 * another plan already.
 */
export const databaseUpdate: Kind<ChangeInput> = {
  name: 'database_update',

  async plan({ tx, requester }, input) {
    const { database, change } = await changeDatabase(tx, requiredAccess(requester), input);
    return {
      engine: engineOf(database),
      teamId: database.team_id,
      databaseId: database.id,
      credentialId: null,
      serverId: database.server_id,
      stepNames: ['measure_database', 'limit_database', 'limit_logins'],
      change,
    };
  },

  async perform({ action, session, step, store }) {
    const database = await getDatabase(store, action.database_id);
    const plan = await store.databases.findPendingPlan(database.id);
    if (database.state !== 'available' || plan === null) {
      throw new PlatformError('contradicts', `The database ${database.id} is ${database.state}; its plan stays.`);
    }
    let facts: DatabaseFacts = { charset: '', collation: '', sizeBytes: 0 };
    await step('measure_database', async () => {
      facts = await limit(session, database, database.plan.connections_max); // as it is: nothing changes by measuring
      refuseTooSmall(plan, facts.sizeBytes);
      return { size_bytes: facts.sizeBytes, size_bytes_max: Number(plan.size_bytes_max) };
    });
    await step('limit_database', async () => {
      await limit(session, database, plan.connections_max);
      return { plan: plan.name, connections_max: plan.connections_max };
    });
    await step('limit_logins', () => limitLogins(session, store, database.id, 'pending'));
    return async (tx) => void (await tx.databases.adoptPendingPlan(database.id, facts));
  },

  async fail(work) {
    await putBack(work);
    return (tx) => withdraw(tx, work.action);
  },
  withdraw,
  revive: async () => {
    throw new PlatformError(
      'contradicts',
      'The database kept its plan. Ask for another one anew: PATCH /v1/databases/:id.',
    );
  },
};

async function withdraw(tx: Nouns, action: Action): Promise<void> {
  if (action.database_id !== null) await tx.databases.dropPendingPlan(action.database_id);
}

function limit(session: EngineSession, database: DatabaseView, connectionsMax: number): Promise<DatabaseFacts> {
  return session.ensureDatabase({ ...databaseRef(database), connectionsMax });
}

/** Each login of the database may have what its databases' plans add up to. */
async function limitLogins(session: EngineSession, store: Store, databaseId: string, plans: 'pending' | 'current') {
  const limits: string[] = [];
  for (const credential of await store.credentials.listOfDatabase(databaseId)) {
    const login = loginRef(credential);
    if ((await session.observeLogin(login)) !== 'ours') continue; // one that was never made
    const connectionsMax = await store.grants.sumConnections(credential.id, { plans });
    const { connections_max: limited } = await session.ensureLoginLimit(login, connectionsMax);
    limits.push(`${login.name}: ${limited ?? 'no limit'}`);
  }
  return { logins: limits };
}

async function putBack({ action, log, session, store }: FailedWork): Promise<void> {
  const database = await getDatabase(store, action.database_id);
  if (session === null || database.state !== 'available') return;
  try {
    await limit(session, database, database.plan.connections_max);
    await limitLogins(session, store, database.id, 'current');
  } catch (error) {
    log.warn({ actionId: action.id, error }, 'The limits of the old plan could not be put back');
  }
}
