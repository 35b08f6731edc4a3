// MariaDB 10.6 and later, MySQL 8.0 and later. The only room that knows the driver `mysql2` and speaks to tenants' servers
// of that kind.
import type { Engine } from '../contract';
import { makeEngine } from '../make-engine';
import { proofsBy } from '../prove-by-knocking';
import { openAdmin } from './admin';
import { observeDatabase, observeLogin } from './clean-names';
import { endSessions } from './end-sessions';
import { ensureAdopted } from './ensure-adopted';
import { ensureDatabase } from './ensure-database';
import { ensureGrant } from './ensure-grant';
import { ensureLogin, ensureLoginLimit, ensurePassword } from './ensure-login';
import { takeLock } from './lock';
import { observeAccess } from './observe-access';
import { observeDatabases } from './observe-databases';
import { ensureServerPrepared } from './prepare-server';
import { proveIsolation, provingOf } from './prove';
import { removeAccess } from './remove-access';
import { removeDatabase } from './remove-database';
import { removeGrant } from './remove-grant';
import { removeLogin } from './remove-login';
import { observeServer } from './server';

/** The engine; see ../contract.ts for what each verb promises. */
export const mysql: Engine = makeEngine('mysql', openAdmin, {
  lock: takeLock,
  observeServer,
  ensureServerPrepared,
  observeAccess,
  observeDatabases,
  observeDatabase,
  observeLogin,
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
