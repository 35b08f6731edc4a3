// An engine of its verbs: each is a function of the admin's session and of what the contract's verb is given, in a file of the
// engine's folder. What an engine lacks, or promises otherwise than the contract, does not compile.
import type { EngineName } from '@berth/core';
import type { Engine, EngineSession, OpenOptions, ServerAdmin } from './contract';

/** The verbs of the contract, with the admin's session first. */
export type Verbs<Admin> = {
  [Verb in keyof EngineSession]: (
    admin: Admin,
    ...args: Parameters<EngineSession[Verb]>
  ) => ReturnType<EngineSession[Verb]>;
};

/** The engine; see contract.ts for what each verb promises. */
export function makeEngine<Admin>(
  name: EngineName,
  openAdmin: (admin: ServerAdmin, leftMs: OpenOptions['leftMs']) => Promise<Admin>,
  verbs: Verbs<Admin>,
): Engine {
  return { name, open: async (admin, options) => sessionOf(await openAdmin(admin, options.leftMs), verbs) };
}

function sessionOf<Admin>(admin: Admin, verbs: Verbs<Admin>): EngineSession {
  return {
    lock: (...args) => verbs.lock(admin, ...args),
    observeServer: () => verbs.observeServer(admin),
    ensureServerPrepared: () => verbs.ensureServerPrepared(admin),
    observeDatabases: () => verbs.observeDatabases(admin),
    observeAccess: () => verbs.observeAccess(admin),
    observeDatabase: (...args) => verbs.observeDatabase(admin, ...args),
    observeLogin: (...args) => verbs.observeLogin(admin, ...args),
    ensureDatabase: (...args) => verbs.ensureDatabase(admin, ...args),
    ensureAdopted: (...args) => verbs.ensureAdopted(admin, ...args),
    ensureLogin: (...args) => verbs.ensureLogin(admin, ...args),
    ensureGrant: (...args) => verbs.ensureGrant(admin, ...args),
    ensurePassword: (...args) => verbs.ensurePassword(admin, ...args),
    ensureLoginLimit: (...args) => verbs.ensureLoginLimit(admin, ...args),
    endSessions: (...args) => verbs.endSessions(admin, ...args),
    removeAccess: (...args) => verbs.removeAccess(admin, ...args),
    removeGrant: (...args) => verbs.removeGrant(admin, ...args),
    removeDatabase: (...args) => verbs.removeDatabase(admin, ...args),
    removeLogin: (...args) => verbs.removeLogin(admin, ...args),
    proveLogin: (...args) => verbs.proveLogin(admin, ...args),
    proveEntry: (...args) => verbs.proveEntry(admin, ...args),
    proveRefused: (...args) => verbs.proveRefused(admin, ...args),
    proveIsolation: (...args) => verbs.proveIsolation(admin, ...args),
    close: () => verbs.close(admin),
  };
}
