// Free, ours, foreign: and that nothing foreign is ever touched.
import { newId } from '@berth/core';
import { ensureTenant, type Ground, newPassword, refusalOf } from './ground';

/** Part of the suite: whose a name is, before and after each verb. */
export function describeOwnership(ground: Ground): void {
  const { session, server, newDatabase, newLogin, makeTenant, foreignName, openTenant } = ground;
  describe('ownership', () => {
    test('a database is free, then ours, then free again; each verb twice', async () => {
      const database = newDatabase();
      expect(await session().observeDatabase(database)).toBe('free');
      const facts = await session().ensureDatabase(database);
      expect(facts).toMatchObject({
        charset: expect.any(String),
        collation: expect.any(String),
        sizeBytes: expect.any(Number),
      });
      expect(await session().ensureDatabase(database)).toMatchObject({ charset: facts.charset });
      expect(await session().observeDatabase(database)).toBe('ours');
      await session().removeDatabase(database);
      await session().removeDatabase(database);
      expect(await session().observeDatabase(database)).toBe('free');
      expect(await server().hasDatabase(database.name)).toBe(false);
    });

    test('a login is free, then ours, then free again; each verb twice', async () => {
      const login = newLogin();
      expect(await session().observeLogin(login)).toBe('free');
      await session().ensureLogin(login, newPassword());
      await session().ensureLogin(login, newPassword());
      expect(await session().observeLogin(login)).toBe('ours');
      await session().removeLogin(login);
      await session().removeLogin(login);
      expect(await session().observeLogin(login)).toBe('free');
      expect(await server().hasLogin(login.name)).toBe(false);
    });

    test('a database removed with everything is made again under another id, empty', async () => {
      const tenant = await makeTenant();
      const before = await openTenant(tenant);
      await before.write('old');
      await session().removeDatabase(tenant.database);
      await session().removeLogin(tenant.login);
      const again = { ...tenant, database: newDatabase(tenant.database.name), login: newLogin(tenant.login.name) };
      await ensureTenant(session(), again);
      const after = await openTenant(again);
      await after.write('new');
      expect(await after.read()).toEqual(['new']);
    });

    test('a database removed alone and made again lets in nobody whom the one before let in', async () => {
      const { database, login, password } = await makeTenant();
      await session().removeDatabase(database);
      const again = newDatabase(database.name);
      await session().ensureDatabase(again);
      expect(await session().proveRefused(again, login, password)).toMatchObject({ reason: 'privilege' });
    });

    test("a database of somebody else's is not taken over, not shut, not dropped", async () => {
      const name = foreignName();
      const password = newPassword();
      await server().makeForeignDatabase(name);
      await server().makeForeignLogin(name, password, name);
      const tenant = { database: newDatabase(name), login: newLogin(name), password };
      const inside = await openTenant(tenant);
      expect(await session().observeDatabase(tenant.database)).toBe('foreign');
      expect(await refusalOf(session().ensureDatabase(tenant.database))).toBe('taken_on_server');
      await session().removeAccess({ database: tenant.database, logins: [] });
      await session().endSessions({ database: tenant.database, logins: [] });
      await session().removeDatabase(tenant.database);
      await inside.write('still here');
      await (await openTenant(tenant)).write('and let in');
      expect(await inside.read()).toEqual(['still here', 'and let in']);
    });

    test("a login of somebody else's keeps its password, its sessions and itself", async () => {
      const name = foreignName();
      const password = newPassword();
      await server().makeForeignDatabase(name);
      await server().makeForeignLogin(name, password, name);
      const login = newLogin(name);
      const { database } = await makeTenant();
      const inside = await openTenant({ database: { ...database, name }, login, password });
      expect(await session().observeLogin(login)).toBe('foreign');
      expect(await refusalOf(session().ensureLogin(login, newPassword()))).toBe('taken_on_server');
      expect(await refusalOf(session().ensurePassword(login, newPassword()))).toBe('taken_on_server');
      expect(await refusalOf(session().ensureGrant(database, login, 'owner'))).toBe('taken_on_server');
      await session().removeAccess({ logins: [login] });
      await session().endSessions({ logins: [login] });
      await session().removeLogin(login);
      await inside.write('still here');
      await openTenant({ database: { ...database, name }, login, password });
      expect(await server().hasLogin(name)).toBe(true);
    });

    test('what another id marked is foreign, though it is of our making', async () => {
      const { database, login } = await makeTenant();
      const otherDatabase = { ...database, id: newId('database') };
      const otherLogin = { ...login, id: newId('credential') };
      expect(await session().observeDatabase(otherDatabase)).toBe('foreign');
      expect(await session().observeLogin(otherLogin)).toBe('foreign');
      expect(await refusalOf(session().ensureDatabase(otherDatabase))).toBe('taken_on_server');
      expect(await refusalOf(session().ensureLogin(otherLogin, newPassword()))).toBe('taken_on_server');
      await session().removeDatabase(otherDatabase);
      await session().removeLogin(otherLogin);
      expect(await server().hasDatabase(database.name)).toBe(true);
      expect(await server().hasLogin(login.name)).toBe(true);
    });

    test('a password or a grant for what does not exist is refused', async () => {
      const { database, login } = await makeTenant();
      expect(await refusalOf(session().ensurePassword(newLogin(), newPassword()))).toBe('engine_refused');
      expect(await refusalOf(session().ensureGrant(database, newLogin(), 'owner'))).toBe('engine_refused');
      expect(await refusalOf(session().ensureGrant(newDatabase(), login, 'owner'))).toBe('engine_refused');
    });

    test('four tenants made at once are four tenants', async () => {
      const tenants = Array.from({ length: 4 }, () => ({
        database: newDatabase(),
        login: newLogin(),
        password: newPassword(),
      }));
      const sessions = await Promise.all(tenants.map(() => ground.open()));
      await Promise.all(tenants.map((tenant, at) => ensureTenant(sessions[at] ?? session(), tenant)));
      for (const { database, login, password } of tenants)
        await session().proveLogin(database, login, password, 'owner');
      for (const other of sessions) await other.close();
    });
  });
}
