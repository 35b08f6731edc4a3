// What a database keeps text in: as it was asked for, or refused with nothing left behind.
import { rulesOf } from '../rules';
import { type Ground, newPassword, refusalOf } from './ground';

/** Part of the suite. */
export function describeCharsets(ground: Ground): void {
  const { session, server, newDatabase, newLogin, openTenant, engine } = ground;
  describe('character sets', () => {
    test('are UTF-8 where nobody asks for another', async () => {
      const facts = await session().ensureDatabase(newDatabase());
      expect(facts.charset).toMatch(/^utf-?8/i);
    });

    if (rulesOf(engine.name).charsets === null) {
      test('are refused by an engine that has none, and nothing is made', async () => {
        const database = newDatabase();
        for (const asked of [{ charset: 'UTF8' }, { collation: 'C' }])
          expect(await refusalOf(session().ensureDatabase({ ...database, ...asked }))).toBe('charset_refused');
        expect(await server().tracesOf(database.name)).toEqual([]);
      });
      return;
    }

    const samples = () => {
      const { charsets } = server();
      if (charsets === undefined) throw new Error('The server of this engine names no character sets to try');
      return charsets;
    };

    test('are as they were asked for, for good, and hold text', async () => {
      const { asked, word } = samples();
      const [database, login, password] = [newDatabase(), newLogin(), newPassword()];
      expect(await session().ensureDatabase({ ...database, ...asked })).toMatchObject(asked);
      expect(await session().ensureDatabase(database)).toMatchObject(asked);
      expect(await session().ensureDatabase({ ...database, ...samples().alone })).toMatchObject(asked);
      await session().ensureLogin(login, password);
      await session().ensureGrant(database, login, 'owner');
      await session().proveLogin(database, login, password, 'owner');
      const tenant = await openTenant({ database, login, password });
      await tenant.write(word);
      expect(await tenant.read()).toEqual([word]);
    });

    test('follow a collation that is asked for by itself', async () => {
      const { alone } = samples();
      const asked = { ...newDatabase(), collation: alone.collation };
      expect(await session().ensureDatabase(asked)).toMatchObject(alone);
    });

    test('that the server does not know, or that do not fit each other, are refused, and the name is as free as before', async () => {
      for (const asked of samples().refused) {
        const database = newDatabase();
        const refusal: unknown = await session()
          .ensureDatabase({ ...database, ...asked })
          .catch((error: unknown) => error);
        const words = expect.stringContaining(asked.collation ?? asked.charset ?? '');
        expect(refusal).toMatchObject({ code: 'charset_refused', message: words });
        expect(await server().tracesOf(database.name)).toEqual([]);
        await session().ensureDatabase(newDatabase(database.name));
        expect(await server().tracesOf(database.name)).toContain(database.name);
      }
    });
  });
}
