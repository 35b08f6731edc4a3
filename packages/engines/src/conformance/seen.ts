// What is seen of all databases of a server at once.
import type { SeenDatabase } from '../contract';
import { rulesOf } from '../rules';
import type { Ground } from './ground';

/** Part of the suite: ours and others', each with what it holds and who is in it. */
export function describeSeen({ engine, session, server, newDatabase, makeTenant, foreignName, openTenant }: Ground) {
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
      await inside.write('x'.repeat(1_000));
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
}
