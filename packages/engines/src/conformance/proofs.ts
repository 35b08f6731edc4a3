// The proofs: each must be able to fail, and what could not be tried must never be counted as tried.
import { inspect } from 'node:util';
import { type Role, Secret } from '@berth/core';
import { type Ground, newPassword, refusalOf } from './ground';
import { relayTo } from './server';

/** Part of the suite: proveLogin, proveEntry, proveRefused, proveIsolation. */
export function describeProofs({ session, open, server, newLogin, newDatabase, makeTenant, openTenant }: Ground): void {
  describe('proofs', () => {
    test('a login that works is proven, and leaves nothing behind', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      await expect(session().proveLogin(database, login, password, 'owner')).resolves.toMatchObject({
        can_write: true,
      });
      await expect(session().proveLogin(database, login, password, 'owner')).resolves.toMatchObject({
        can_write: true,
      });
      const inside = await openTenant(tenant);
      await inside.write('only');
      expect(await inside.read()).toEqual(['only']);
    });

    test('a wrong password, a missing grant and a missing database prove no login', async () => {
      const { database, login, password } = await makeTenant();
      const stranger = newLogin();
      await session().ensureLogin(stranger, password);
      for (const [where, who, how] of [
        [database, login, newPassword()],
        [database, stranger, password],
        [newDatabase(), login, password],
      ] as const) {
        expect(await refusalOf(session().proveLogin(where, who, how, 'owner'))).toBe('login_check_failed');
        expect(await refusalOf(session().proveEntry(where, who, how, 'owner'))).toBe('login_check_failed');
      }
    });

    test('an entry is what a login proves, and no other role, lock or shut database passes for it', async () => {
      const { database, login, password } = await makeTenant();
      const enter = (role: Role) => session().proveEntry(database, login, password, role);
      expect(await enter('owner')).toMatchObject({ lacks: null });
      for (const role of ['readwrite', 'readonly'] as const) {
        expect([role, await refusalOf(enter(role))]).toEqual([role, 'login_check_failed']);
      }
      await session().removeAccess({ logins: [login] });
      expect(await refusalOf(enter('owner'))).toBe('login_check_failed');
      await session().ensureLogin(login, password);
      await session().removeAccess({ database, logins: [] });
      expect(await refusalOf(enter('owner'))).toBe('login_check_failed');
    });

    test('a login that is let in fails the proof that it is refused', async () => {
      const { database, login, password } = await makeTenant();
      expect(await refusalOf(session().proveRefused(database, login, password))).toBe('login_check_failed');
    });

    test('a dropped login and a dropped database are refusals', async () => {
      const { database, login, password } = await makeTenant();
      await session().removeDatabase(database);
      await expect(session().proveRefused(database, login, password)).resolves.toMatchObject({ refused: true });
      await session().removeLogin(login);
      await expect(session().proveRefused(database, login, password)).resolves.toMatchObject({ refused: true });
    });

    test('a server that cannot be reached has refused nobody and proven nothing', async () => {
      const { database, login, password } = await makeTenant();
      const relay = await relayTo(server().admin);
      const through = await open({ admin: { host: '127.0.0.1', port: relay.port } });
      relay.refuseMore();
      const wrong = newPassword();
      expect(await refusalOf(through.proveRefused(database, login, wrong))).toBe('server_unreachable');
      expect(await refusalOf(through.proveLogin(database, login, password, 'owner'))).toBe('server_unreachable');
      expect(await refusalOf(through.proveEntry(database, login, password, 'owner'))).toBe('server_unreachable');
      expect(await refusalOf(through.proveIsolation(login, password))).toBe('server_unreachable');
      await through.close();
      await relay.close();
    });

    test('a new login is kept out of the canary and the system databases', async () => {
      const { login, password } = await makeTenant();
      const { refused } = await session().proveIsolation(login, password);
      expect(refused.length).toBeGreaterThan(1);
    });

    test('a login that gets into the canary is not isolated', async () => {
      const { login, password } = await makeTenant();
      await server().letIntoCanary(login.name);
      expect(await refusalOf(session().proveIsolation(login, password))).toBe('not_isolated');
    });

    test('a refusal for the password proves no isolation', async () => {
      const { login } = await makeTenant();
      expect(await refusalOf(session().proveIsolation(login, newPassword()))).toBe('login_check_failed');
    });

    test('no error and no evidence holds a password', async () => {
      const { database, login } = await makeTenant();
      const password = new Secret('hunter2-right');
      await session().ensureLogin(login, password);
      const wrong = new Secret('hunter2-wrong');
      const deeds = [
        () => session().ensurePassword(login, password),
        () => session().proveLogin(database, login, password, 'owner'),
        () => session().proveLogin(database, login, wrong, 'owner'),
        () => session().proveEntry(database, login, password, 'owner'),
        () => session().proveEntry(database, login, wrong, 'owner'),
        () => session().proveRefused(database, login, password),
        () => session().proveRefused(database, login, wrong),
        () => session().proveIsolation(login, password),
        () => session().ensurePassword(newLogin(), password),
        () => session().ensureLogin(login, new Secret('hunter2-\0')),
      ];
      const seen: PromiseSettledResult<unknown>[] = [];
      for (const deed of deeds) seen.push(...(await Promise.allSettled([deed()])));
      expect(inspect(seen, { depth: 9, showHidden: true })).not.toContain('hunter2');
      expect(seen.filter(({ status }) => status === 'rejected')).toHaveLength(5);
    });
  });
}
