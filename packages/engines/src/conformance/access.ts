// Taking the ways in, and giving them back: what quarantine, restore and reset stand on.
import { ensureTenant, type Ground, newPassword, refusalOf } from './ground';

/** Part of the suite: passwords, locks and grants. */
export function describeAccess({ server, session, newDatabase, newLogin, makeTenant, openTenant }: Ground): void {
  describe('access', () => {
    test('a new password lets in and the old one does not; grants stay', async () => {
      const { database, login, password: old } = await makeTenant();
      const password = newPassword();
      await session().ensurePassword(login, password);
      await session().ensurePassword(login, password);
      await session().proveLogin(database, login, password, 'owner');
      expect(await session().proveRefused(database, login, old)).toMatchObject({ refused: true, reason: 'password' });
    });

    test('taken access is refused, and given back it opens the same data to the same password', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      const before = await openTenant(tenant);
      await before.write('kept');
      await before.close();
      await session().removeAccess({ database, logins: [login] });
      await session().removeAccess({ database, logins: [login] });
      expect(await session().proveRefused(database, login, password)).toMatchObject({ refused: true });
      await ensureTenant(session(), tenant);
      await session().proveLogin(database, login, password, 'owner');
      expect(await (await openTenant(tenant)).read()).toEqual(['kept']);
    });

    test('a database that is dropped by hand while it is shut is not given back as an empty one', async () => {
      const tenant = await makeTenant();
      const { database, login } = tenant;
      const before = await openTenant(tenant);
      await before.write('kept');
      await before.close();
      await session().removeAccess({ database, logins: [login] });
      await session().removeAccess({ database, logins: [login] });
      await server().dropForeign(database.name);
      const isOurs = (await session().observeDatabase(database)) === 'ours'; // else whoever gives back knows that it is gone
      if (isOurs) expect(await refusalOf(session().ensureDatabase(database))).toBe('engine_refused');
      expect(await server().hasDatabase(database.name)).toBe(false);
    });

    test('a new password does not unlock what was locked', async () => {
      const { database, login } = await makeTenant();
      const password = newPassword();
      await session().removeAccess({ logins: [login] });
      await session().ensurePassword(login, password);
      expect(await session().proveRefused(database, login, password)).toMatchObject({ refused: true });
    });

    test('a login of two databases loses the one and keeps the other', async () => {
      const tenant = await makeTenant();
      const { database, login, password } = tenant;
      const other = newDatabase();
      await session().ensureDatabase(other);
      await session().ensureGrant(other, login, 'owner');
      await session().ensureGrant(other, login, 'owner');
      await session().removeAccess({ database, logins: [] });
      expect(await session().proveRefused(database, login, password)).toMatchObject({ refused: true });
      await session().proveLogin(other, login, password, 'owner');
    });

    test('a login without a grant is refused by every database', async () => {
      const { database } = await makeTenant();
      const login = newLogin();
      const password = newPassword();
      await session().ensureLogin(login, password);
      expect(await session().proveRefused(database, login, password)).toMatchObject({ refused: true });
    });

    test('tenants cannot enter each other', async () => {
      const [one, other] = [await makeTenant(), await makeTenant()];
      await session().proveRefused(other.database, one.login, one.password);
      await expect(openTenant({ ...one, database: other.database })).rejects.toThrow();
    });

    test('two logins of one database work on the same tables', async () => {
      const first = await makeTenant();
      const second = { ...first, login: newLogin(), password: newPassword() };
      await ensureTenant(session(), second);
      await (await openTenant(first)).write('by the first');
      const inside = await openTenant(second);
      await inside.write('by the second');
      expect(await inside.read()).toEqual(['by the first', 'by the second']);
    });

    test('what a removed login made stays with its database', async () => {
      const first = await makeTenant();
      const second = { ...first, login: newLogin(), password: newPassword() };
      await ensureTenant(session(), second);
      const inside = await openTenant(first);
      await inside.write('mine');
      await session().removeLogin(first.login);
      expect(await (await openTenant(second)).read()).toEqual(['mine']);
    });

    test('taking access from what is not there is success', async () => {
      await expect(session().removeAccess({ database: newDatabase(), logins: [newLogin()] })).resolves.toBeDefined();
      await expect(session().endSessions({ database: newDatabase(), logins: [newLogin()] })).resolves.toBeDefined();
    });
  });
}
