// PostgreSQL 15 to 18. The only room that knows the driver `pg` and speaks to tenants' PostgreSQL servers.
import type { Engine } from '../contract';
import { makeEngine } from '../make-engine';
import { proofsBy } from '../prove-by-knocking';
import { openAdmin } from './admin';
import { endSessions } from './end-sessions';
import { ensureAdopted } from './ensure-adopted';
import { ensureDatabase } from './ensure-database';
import { ensureGrant } from './ensure-grant';
import { ensureLogin, ensureLoginLimit, ensurePassword } from './ensure-login';
import { takeLock } from './lock';
import { observeAccess } from './observe-access';
import { observeDatabases } from './observe-databases';
import { observeDatabaseRow, observeLoginRole } from './ownership';
import { ensureServerPrepared } from './prepare-server';
import { proveIsolation, provingOf } from './prove';
import { removeAccess } from './remove-access';
import { removeDatabase } from './remove-database';
import { removeGrant } from './remove-grant';
import { removeLogin } from './remove-login';
import { observeServer } from './server';

/** The engine; see ../contract.ts for what each verb promises. */
export const postgresql: Engine = makeEngine('postgresql', openAdmin, {
  lock: takeLock,
  observeServer,
  ensureServerPrepared,
  observeAccess,
  observeDatabases,
  observeDatabase: async (admin, database) => (await observeDatabaseRow(admin, database)).ownership,
  observeLogin: async (admin, login) => (await observeLoginRole(admin, login)).ownership,
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
  close: (admin) => admin.main.close(),
});
