// MongoDB 6 to 8, one server or a replica set. The only room that knows the driver `mongodb`.
import type { Engine } from '../contract';
import { makeEngine } from '../make-engine';
import { proofsBy } from '../prove-by-knocking';
import { openAdmin } from './admin';
import { endSessions } from './end-sessions';
import { ensureAdopted } from './ensure-adopted';
import { ensureDatabase } from './ensure-database';
import { ensureGrant } from './ensure-grant';
import { ensureLogin, ensureLoginLimit, ensurePassword } from './ensure-login';
import { releaseLocks, takeLock } from './lock';
import { observeAccess } from './observe-access';
import { observeDatabases } from './observe-databases';
import { observeDatabase, observeUser } from './ownership';
import { ensureServerPrepared } from './prepare-server';
import { proveIsolation, provingOf } from './prove';
import { removeAccess } from './remove-access';
import { removeDatabase } from './remove-database';
import { removeGrant } from './remove-grant';
import { removeLogin } from './remove-login';
import { observeServer } from './server';

/** The engine; see ../contract.ts for what each verb promises. */
export const mongodb: Engine = makeEngine('mongodb', openAdmin, {
  lock: takeLock,
  observeServer,
  ensureServerPrepared,
  observeAccess,
  observeDatabases,
  observeDatabase,
  observeLogin: async (admin, login) => (await observeUser(admin, login)).ownership,
  ensureDatabase,
  ensureAdopted,
  ensureLogin,
  ensureGrant,
  ensurePassword,
  ensureLoginLimit,
  endSessions,
  removeAccess,
  removeGrant,
  removeDatabase,
  removeLogin,
  ...proofsBy(provingOf),
  proveIsolation,
  close: async (admin) => {
    await releaseLocks(admin);
    await admin.main.close();
  },
});
