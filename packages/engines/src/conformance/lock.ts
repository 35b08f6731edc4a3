// The engine-side lock: a newer holder takes it, and the older one can change nothing any more.
import { newId } from '@berth/core';
import { type Ground, newPassword } from './ground';

/** Part of the suite: lock. */
export function describeLock({ open, server, session, newDatabase, newLogin }: Ground): void {
  describe('the lock', () => {
    test('can be taken twice by its holder', async () => {
      const key = newId('database');
      const holder = await open();
      await holder.lock(key);
      await holder.lock(key);
      await holder.observeServer();
    });

    test('goes to the newer session, and the older one changes nothing any more', async () => {
      const database = newDatabase();
      const login = newLogin();
      const [older, newer] = [await open(), await open()];
      await older.lock(database.id);
      await newer.lock(database.id);
      await expect(older.ensureDatabase(database)).rejects.toMatchObject({ name: 'PlatformError' });
      await expect(older.ensureLogin(login, newPassword())).rejects.toMatchObject({ name: 'PlatformError' });
      await expect(older.lock(database.id)).rejects.toMatchObject({ name: 'PlatformError' });
      expect(await server().hasDatabase(database.name)).toBe(false);
      expect(await server().hasLogin(login.name)).toBe(false);
      await newer.ensureDatabase(database);
      expect(await session().observeDatabase(database)).toBe('ours');
    });

    test('passes from hand to hand, and the last hand holds it', async () => {
      const key = newId('database');
      const holders = [await open(), await open(), await open()];
      for (const holder of holders) await holder.lock(key);
      const outcomes = await Promise.allSettled(holders.map((holder) => holder.observeServer()));
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled']);
    });

    test('of another key disturbs nobody, nor does a session without a lock', async () => {
      const [one, other, none] = [await open(), await open(), await open()];
      await one.lock(newId('database'));
      await other.lock(newId('database'));
      for (const undisturbed of [one, other, none]) await undisturbed.observeServer();
    });

    test('is free again when its holder closes', async () => {
      const key = newId('database');
      const [first, second] = [await open(), await open()];
      await first.lock(key);
      await first.close();
      await second.lock(key);
      await second.observeServer();
    });
  });
}
