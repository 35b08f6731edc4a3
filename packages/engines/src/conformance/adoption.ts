// A database that somebody else made is taken over: its data, its logins and what they may do stay as they are.
import { newId } from '@berth/core';
import { type Ground, newPassword, refusalOf } from './ground';

/** Part of the suite. */
export function describeAdoption({ session, server, newLogin, foreignName, makeTenant }: Ground): void {
  const refOf = (name: string) => ({ id: newId('database'), name, connectionsMax: 20 });

  /** Somebody's database with a table of his. */
  async function foreign() {
    const name = foreignName();
    const password = newPassword();
    await server().makeForeignDatabase(name);
    await server().makeForeignLogin(name, password, name);
    const inside = await server().openTenant(name, name, password);
    await inside.write('theirs', 'before');
    return { name, password, inside };
  }

  describe('a database of others', () => {
    test('is adopted, twice: its login goes on, in its session and anew; ours has its role beside it', async () => {
      const { name, password, inside } = await foreign();
      const database = refOf(name);
      await session().ensureAdopted(database, []);
      expect(await session().observeDatabase(database)).toBe('ours');
      await session().ensureAdopted(database, []);
      await inside.insert('open', 'before');
      const again = await server().openTenant(name, name, password);
      await again.insert('again', 'before');
      await again.write('new', 'later');
      const [login, ours] = [newLogin(), newPassword()];
      await session().ensureLogin(login, ours);
      await session().ensureGrant(database, login, 'owner');
      await session().proveEntry(database, login, ours, 'owner');
      const own = await server().openTenant(name, login.name, ours);
      expect(await own.read('before')).toEqual(['theirs', 'open', 'again']);
      await own.insert('ours', 'before');
      await own.insert('ours', 'later');
      await own.write('ours', 'own');
      const [reader, read] = [newLogin(), newPassword()];
      await session().ensureLogin(reader, read);
      await session().ensureGrant(database, reader, 'readonly');
      const looking = await server().openTenant(name, reader.name, read);
      expect(await looking.read('later')).toEqual(['new', 'ours']);
      expect(await looking.read('own')).toEqual(['ours']);
      await expect(looking.insert('no', 'before')).rejects.toThrow();
      for (const each of [inside, again, own, looking]) await each.close();
      await session().removeDatabase(database);
    });

    test('is quarantined and given back with all that others had', async () => {
      const { name, password, inside } = await foreign();
      const database = refOf(name);
      await session().ensureAdopted(database, []);
      await session().removeAccess({ database, logins: [] });
      await session().removeAccess({ database, logins: [] });
      await session().endSessions({ database, logins: [] });
      await expect(inside.read('before')).rejects.toThrow();
      await expect(server().openTenant(name, name, password)).rejects.toThrow();
      await session().ensureDatabase(database);
      const back = await server().openTenant(name, name, password);
      await back.insert('back', 'before');
      expect(await back.read('before')).toEqual(['theirs', 'back']);
      await back.close();
      await inside.close();
      await session().removeDatabase(database);
      expect([await server().hasDatabase(name), await server().hasLogin(name)]).toEqual([false, true]);
    });

    test('is not adopted where it is not there, or bears the mark of another; an earlier try of ours may go on', async () => {
      expect(await refusalOf(session().ensureAdopted(refOf(foreignName()), []))).toBe('not_found');
      const { database } = await makeTenant();
      expect(await refusalOf(session().ensureAdopted(refOf(database.name), []))).toBe('taken_on_server');
      const { name, password, inside } = await foreign();
      const [first, second] = [refOf(name), refOf(name)];
      await session().ensureAdopted(first, []);
      expect(await refusalOf(session().ensureAdopted(second, []))).toBe('taken_on_server');
      await session().ensureAdopted(second, [first.id]);
      expect(await session().observeDatabase(second)).toBe('ours');
      expect(await session().observeDatabase(first)).toBe('foreign');
      const still = await server().openTenant(name, name, password);
      await still.insert('still', 'before');
      for (const each of [inside, still]) await each.close();
      await session().removeDatabase(second);
    });
  });
}
