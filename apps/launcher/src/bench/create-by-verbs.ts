// What database_create asks of its engine, without the store, the queue and the API: the engine's verbs alone.
import { newId, type Secret } from '@berth/core';
import type { Engine, ServerAdmin } from '@berth/engines/contract';

const LEFT_MS = 25_000; // as much as a hold that was just taken leaves
const CONNECTIONS_MAX = 20; // the plan "small"

/** Makes a database and its login of the same name. The caller checks against a tape that these are the right verbs. */
export async function createByVerbs(engine: Engine, admin: ServerAdmin, name: string, password: Secret): Promise<void> {
  const database = { id: newId('database'), name, connectionsMax: CONNECTIONS_MAX };
  const login = { id: newId('credential'), name };
  const session = await engine.open(admin, { leftMs: () => LEFT_MS });
  try {
    await session.lock(database.id);
    await session.observeDatabase(database);
    await session.observeLogin(login);
    await session.ensureDatabase(database);
    await session.ensureLogin({ ...login, connectionsMax: database.connectionsMax }, password);
    await session.ensureGrant(database, login, 'owner');
    await session.proveLogin(database, login, password, 'owner');
    await session.proveIsolation(login, password);
  } finally {
    await session.close();
  }
}
