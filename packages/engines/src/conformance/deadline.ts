// Nothing left of the claim: nothing is sent. Asked before every statement and every connection, by every verb.
import { codeOf } from '@berth/core';
import type { EngineSession } from '../contract';
import { ensureTenant, type Ground, newPassword, refusalOf } from './ground';
import { listen } from './server';

/** More would only wait for each other's processor. */
const AT_ONCE = 4;

/** Part of the suite: leftMs. */
export function describeDeadline({
  open,
  server,
  session,
  newDatabase,
  newLogin,
  makeTenant,
  openTenant,
}: Ground): void {
  describe('a claim with nothing left', () => {
    test('opens no connection', async () => {
      const listener = await listen(() => undefined);
      const admin = { host: '127.0.0.1', port: listener.port };
      expect(await refusalOf(open({ admin, leftMs: () => 0 }))).toBe('claim_lost');
      expect(await refusalOf(open({ admin, leftMs: () => -1 }))).toBe('claim_lost');
      expect(listener.count()).toBe(0);
      await listener.close();
    });

    test('sends nothing, whatever the verb, and the session can still be closed', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      const inside = await openTenant(tenant);
      const [newer, stranger] = [newDatabase(), newLogin()];
      const claim = { leftMs: 20_000 };
      const late = await open({ leftMs: () => claim.leftMs });
      await late.observeServer();
      claim.leftMs = 0;
      const verbs: Record<keyof Omit<EngineSession, 'close'>, () => Promise<unknown>> = {
        lock: () => late.lock(database.id),
        observeServer: () => late.observeServer(),
        ensureServerPrepared: () => late.ensureServerPrepared(),
        observeAccess: () => late.observeAccess(),
        observeDatabases: () => late.observeDatabases(),
        observeDatabase: () => late.observeDatabase(database),
        observeLogin: () => late.observeLogin(login),
        ensureDatabase: () => late.ensureDatabase(newer),
        ensureAdopted: () => late.ensureAdopted(newer, []),
        ensureLogin: () => late.ensureLogin(stranger, newPassword()),
        ensureGrant: () => late.ensureGrant(database, login, 'owner'),
        ensurePassword: () => late.ensurePassword(login, newPassword()),
        ensureLoginLimit: () => late.ensureLoginLimit(login, 1),
        endSessions: () => late.endSessions({ database, logins: [login] }),
        removeAccess: () => late.removeAccess({ database, logins: [login] }),
        removeGrant: () => late.removeGrant(database, login),
        removeDatabase: () => late.removeDatabase(database),
        removeLogin: () => late.removeLogin(login),
        proveLogin: () => late.proveLogin(database, login, password, 'owner'),
        proveEntry: () => late.proveEntry(database, login, password, 'owner'),
        proveRefused: () => late.proveRefused(database, login, newPassword()),
        proveIsolation: () => late.proveIsolation(login, password),
      };
      for (const [verb, deed] of Object.entries(verbs))
        expect([verb, await refusalOf(deed())]).toEqual([verb, 'claim_lost']);
      await late.close();
      await inside.write('undisturbed');
      await session().proveLogin(database, login, password, 'owner');
      expect([await server().hasDatabase(newer.name), await server().hasLogin(stranger.name)]).toEqual([false, false]);
    });

    test('runs out at any statement of making a tenant, and a later claim completes it', async () => {
      await untilOneIsDone(async (statements, later) => {
        const tenant = { database: newDatabase(), login: newLogin(), password: newPassword() };
        const isDone = await runOutAfter(statements, (late) => ensureTenant(late, tenant));
        expect(await later.observeDatabase(tenant.database)).not.toBe('foreign');
        expect(await later.observeLogin(tenant.login)).not.toBe('foreign');
        await ensureTenant(later, tenant);
        await later.proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
        return isDone;
      });
    });

    test('runs out at any statement of dropping a database, and a later claim completes it', async () => {
      await untilOneIsDone(async (statements, later) => {
        const tenant = { database: newDatabase(), login: newLogin(), password: newPassword() };
        await ensureTenant(later, tenant);
        const isDone = await runOutAfter(statements, (late) => late.removeDatabase(tenant.database));
        expect(await later.observeDatabase(tenant.database)).not.toBe('foreign');
        await later.removeDatabase(tenant.database);
        expect(await later.observeDatabase(tenant.database)).toBe('free');
        return isDone;
      });
    });
  });

  /** Tries one statement, two, three, until so many are enough; several tenants at once, each with a session of its own. */
  async function untilOneIsDone(attempt: (statements: number, later: EngineSession) => Promise<boolean>) {
    for (let statements = 1; ; statements += AT_ONCE) {
      const attempts = Array.from({ length: AT_ONCE }, async (_, at) => {
        const later = await open();
        const isDone = await attempt(statements + at, later);
        await later.close();
        return isDone;
      });
      if ((await Promise.all(attempts)).includes(true)) return;
    }
  }

  /** Lets `deed` ask so many times, once open, before nothing is left. Returns whether that was enough for it. */
  async function runOutAfter(asks: number, deed: (late: EngineSession) => Promise<unknown>): Promise<boolean> {
    const claim = { asked: 0, isOpen: false };
    const late = await open({ leftMs: () => (claim.isOpen && claim.asked++ >= asks ? 0 : 20_000) });
    claim.isOpen = true;
    try {
      await deed(late);
      return true;
    } catch (error) {
      expect(codeOf(error)).toBe('claim_lost');
      return false;
    } finally {
      await late.close();
    }
  }
}
