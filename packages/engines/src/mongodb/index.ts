// MongoDB 6 to 8, one server or a replica set. The only room that knows the driver `mongodb`.
import type { Engine, EngineSession } from '../contract';
import { type Admin, openAdmin } from './admin';
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
import { proveEntry, proveIsolation, proveLogin, proveRefused } from './prove';
import { removeAccess } from './remove-access';
import { removeDatabase } from './remove-database';
import { removeGrant } from './remove-grant';
import { removeLogin } from './remove-login';
import { observeServer } from './server';

/** The engine; see ../contract.ts for what each verb promises. */
export const mongodb: Engine = {
  name: 'mongodb',
  open: async (admin, options) => sessionOf(await openAdmin(admin, options.leftMs)),
};

function sessionOf(admin: Admin): EngineSession {
  return {
    lock: (key) => takeLock(admin, key),
    observeServer: () => observeServer(admin),
    ensureServerPrepared: () => ensureServerPrepared(admin),
    observeAccess: () => observeAccess(admin),
    observeDatabases: () => observeDatabases(admin),
    observeDatabase: (database) => observeDatabase(admin, database),
    observeLogin: async (login) => (await observeUser(admin, login)).ownership,
    ensureDatabase: (database) => ensureDatabase(admin, database),
    ensureAdopted: (database, former) => ensureAdopted(admin, database, former),
    ensureLogin: (login, password) => ensureLogin(admin, login, password),
    ensureGrant: (database, login, role) => ensureGrant(admin, database, login, role),
    ensurePassword: (login, password) => ensurePassword(admin, login, password),
    ensureLoginLimit: (login) => ensureLoginLimit(admin, login),
    endSessions: (target) => endSessions(admin, target),
    removeAccess: (target) => removeAccess(admin, target),
    removeGrant: (database, login) => removeGrant(admin, database, login),
    removeDatabase: (database) => removeDatabase(admin, database),
    removeLogin: (login) => removeLogin(admin, login),
    proveLogin: (database, login, password, role) => proveLogin(admin, database, login, password, role),
    proveEntry: (database, login, password, role) => proveEntry(admin, database, login, password, role),
    proveRefused: (database, login, password) => proveRefused(admin, database, login, password),
    proveIsolation: (login, password) => proveIsolation(admin, login, password),
    close: async () => {
      await releaseLocks(admin);
      await admin.main.close();
    },
  };
}
