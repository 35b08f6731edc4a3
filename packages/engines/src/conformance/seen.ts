// What is seen of all databases of a server at once.
import { randomBytes } from 'node:crypto';
import { ROLES } from '@berth/core';
import type { SeenAccess, SeenDatabase } from '../contract';
import { rulesOf } from '../rules';
import { type Ground, newPassword } from './ground';

/** Part of the suite: ours and others', each with what it holds and who is in it. */
export function describeSeen({
  engine,
  session,
  server,
  newDatabase,
  newLogin,
  makeTenant,
  foreignName,
  openTenant,
}: Ground) {
  const { capabilities, isSystemDatabase } = rulesOf(engine.name);
  const seen = async (name: string): Promise<SeenDatabase | undefined> => {
    const found = (await session().observeDatabases()).filter((database) => database.name === name);
    expect(found.length).toBeLessThan(2);
    return found[0];
  };

  describe('all databases at once', () => {
    test('ours bear their ids, with size, users, sessions, and what their making told', async () => {
      const tenant = await makeTenant();
      const { charset, collation } = await session().ensureDatabase(tenant.database);
      const before = await seen(tenant.database.name);
      expect(before).toEqual({
        name: tenant.database.name,
        id: tenant.database.id,
        sizeBytes: expect.any(Number),
        users: 1,
        charset: capabilities.charset ? charset : null,
        collation: capabilities.charset ? collation : null,
        sessions: 0,
      });
      const inside = await openTenant(tenant);
      // more than a server may have thrown away of its own meanwhile: PostgreSQL's caches of a catalogue are 160 kB
      for (let count = 0; count < 20; count += 1) await inside.write(randomBytes(20_000).toString('hex'));
      const after = await seen(tenant.database.name);
      expect(after).toMatchObject({ users: 1, sessions: 1 });
      expect(after?.sizeBytes).toBeGreaterThan(before?.sizeBytes ?? Infinity);
      await inside.close();
    });

    test('one without logins has no users; one that was shut has none any more', async () => {
      const alone = newDatabase();
      await session().ensureDatabase(alone);
      expect(await seen(alone.name)).toMatchObject({ id: alone.id, users: 0, sessions: 0 });
      const { database, login } = await makeTenant();
      await session().removeAccess({ database, logins: [login] });
      expect(await seen(database.name)).toMatchObject({ id: database.id, users: 0 });
    });

    test('those of others bear none; the engine’s own and the canary are left out', async () => {
      const name = foreignName();
      await server().makeForeignDatabase(name);
      expect(await seen(name)).toMatchObject({ id: null, users: 0 });
      const names = (await session().observeDatabases()).map((database) => database.name);
      expect(names.filter(isSystemDatabase)).toEqual([]);
      await server().dropForeign(name);
      expect(await seen(name)).toBeUndefined();
    });
  });

  describe('whom the server lets in where', () => {
    const access = () => session().observeAccess();
    const doorOf = ({ databases }: SeenAccess, name: string) => databases.find((door) => door.name === name);
    const loginOf = ({ logins }: SeenAccess, name: string) => logins.find((login) => login.name === name);
    const grantsOn = ({ grants }: SeenAccess, name: string) => grants.filter(({ database }) => database === name);

    test('a tenant: its open door, its login, and its role, whichever that is', async () => {
      const { database, login } = await makeTenant();
      for (const role of ROLES) {
        await session().ensureGrant(database, login, role);
        const seen = await access();
        expect(doorOf(seen, database.name)).toEqual({
          ...{ name: database.name, id: database.id, isOpen: true, isShut: false, isPublic: false },
        });
        expect(loginOf(seen, login.name)).toEqual({ name: login.name, id: login.id, isLocked: false, powers: [] });
        expect(grantsOn(seen, database.name)).toEqual([
          { login: login.name, database: database.name, roles: [role], beyond: [] },
        ]);
      }
    });

    test('what was shut: no open door, a locked login, no grant; and all of it again when it is given back', async () => {
      const { database, login, password } = await makeTenant();
      await session().removeAccess({ database, logins: [login] });
      const shut = await access();
      expect(doorOf(shut, database.name)).toMatchObject({ id: database.id, isOpen: false });
      expect(loginOf(shut, login.name)).toMatchObject({ id: login.id, isLocked: true });
      expect(grantsOn(shut, database.name)).toEqual([]);
      await session().ensureDatabase(database);
      await session().ensureLogin(login, password);
      await session().ensureGrant(database, login, 'owner');
      const open = await access();
      expect(doorOf(open, database.name)).toMatchObject({ isOpen: true, isShut: false });
      expect(loginOf(open, login.name)).toMatchObject({ isLocked: false });
      expect(grantsOn(open, database.name)).toHaveLength(1);
    });

    test('one without logins is not shut; a login without a database has no grant', async () => {
      const [alone, login] = [newDatabase(), newLogin()];
      await session().ensureDatabase(alone);
      await session().ensureLogin(login, newPassword());
      const seen = await access();
      expect(doorOf(seen, alone.name)).toMatchObject({ id: alone.id, isShut: false, isPublic: false });
      expect(seen.grants.filter((grant) => grant.login === login.name)).toEqual([]);
    });

    test('what others made bears no id; the admin, the engine’s own and the canary are left out', async () => {
      const name = foreignName();
      await server().makeForeignDatabase(name);
      await server().makeForeignLogin(name, newPassword(), name);
      const seen = await access();
      expect(doorOf(seen, name)).toMatchObject({ id: null });
      expect(loginOf(seen, name)).toMatchObject({ id: null, isLocked: false });
      expect(seen.databases.filter((door) => isSystemDatabase(door.name))).toEqual([]);
      expect(seen.grants.filter(({ database }) => isSystemDatabase(database))).toEqual([]);
      expect(loginOf(seen, server().admin.username)).toBeUndefined();
    });
  });
}
