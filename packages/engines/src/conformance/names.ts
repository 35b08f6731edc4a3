// Names and passwords as people choose them, and as attackers do.
import { idTail, newId, Secret } from '@berth/core';
import { rulesOf } from '../rules';
import { ensureTenant, type Ground, newPassword, refusalOf, type Tenant } from './ground';

const NASTY_NAMES = [
  'a"b',
  "a'b",
  'a`b',
  'a\\b',
  "\\' ACCOUNT LOCK -- ",
  '"; DROP DATABASE postgres; --',
  "'; DROP ROLE x; --",
  'my-shop',
  'my shop',
  'UPPER',
  'select',
  '$1 %s %I {}',
  '$$',
  'übergröße',
  '数据库',
  'pоstgres', // a Cyrillic o
  '🚢',
  '../../etc',
  '9lives',
];

const NASTY_PASSWORDS = [
  "'",
  '"',
  '\\',
  "\\' ACCOUNT LOCK -- ",
  "'; ALTER ROLE x SUPERUSER; --",
  '$$',
  '%s',
  ' leads and trails ',
  'pässwörd',
  'o\ufb03ce',
  '🚢🚢🚢',
  'p@ss:w/rd?#[]%20',
  'x'.repeat(300),
  'SCRAM-SHA-256$4096:c2FsdA==$aaaa:bbbb',
  'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',
];

/** Passwords tried at once, each lane on a tenant of its own. */
const LANES = 3;

/** Part of the suite: quoting, by acting. */
export function describeNames(ground: Ground): void {
  const { session, open, server, newDatabase, newLogin, makeTenant, engine } = ground;
  const rules = rulesOf(engine.name);
  const canBeEither = (name: string) => rules.canBeDatabaseName(name) || rules.canBeLoginName(name);
  const unique = (name: string) => `${name}${idTail(newId('database'))}`;

  describe('names', () => {
    test('are names like any other, however they are spelt', async () => {
      const names = NASTY_NAMES.filter((name) => canBeEither(`${name}12345`));
      expect(names.length).toBeGreaterThan(NASTY_NAMES.length / 2);
      const lives = await Promise.all(names.map(async (name) => [name, await liveAndDie(unique(name))]));
      expect(lives).toEqual(names.map((name) => [name, { database: false, login: false }]));
    });

    test('the longest name is held whole', async () => {
      const { database, login, password } = await makeLongest('l');
      await session().proveLogin(database, login, password, 'owner');
      expect([await server().hasDatabase(database.name), await server().hasLogin(login.name)]).toEqual([true, true]);
    });

    test('a longer name is refused, not cut: it would be another one', async () => {
      const longest = await makeLongest('m');
      const [database, login] = [newDatabase(`${longest.database.name}x`), newLogin(`${longest.login.name}x`)];
      expect(await session().observeDatabase(database)).toBe('free');
      expect(await session().observeLogin(login)).toBe('free');
      expect(await refusalOf(session().ensureDatabase(database))).toBe('engine_refused');
      expect(await refusalOf(session().ensureLogin(login, newPassword()))).toBe('engine_refused');
      await session().removeDatabase({ id: newId('database'), name: database.name });
      await session().removeLogin({ id: newId('credential'), name: login.name });
      expect(await server().hasDatabase(longest.database.name)).toBe(true);
      expect(await server().hasLogin(longest.login.name)).toBe(true);
    });

    test('names that differ by one letter or by case are different tenants', async () => {
      const tail = idTail(newId('database'));
      const tenants: Tenant[] = [];
      const names = [`a_b${tail}`, `a%b${tail}`, `axb${tail}`, `A_b${tail}`].filter((name) =>
        rules.canBeDatabaseName(name),
      );
      expect(names.length).toBeGreaterThan(1);
      for (const name of names) tenants.push(await makeTenant(name));
      for (const { login, password, database } of tenants) {
        for (const other of tenants) {
          if (other.database === database) await session().proveLogin(database, login, password, 'owner');
          else await session().proveRefused(other.database, login, password);
        }
      }
    });
  });

  /** A tenant whose names are as long as each may be. */
  async function makeLongest(letter: string): Promise<Tenant> {
    const database = newDatabase(unique(letter.repeat(rules.databaseNameBytesMax - 5)));
    const login = newLogin(unique(letter.repeat(rules.loginNameBytesMax - 5)));
    const tenant = { database, login, password: newPassword() };
    await ensureTenant(session(), tenant);
    return tenant;
  }

  /** The whole life of a tenant on a session of its own; returns what is left of it on the server. */
  async function liveAndDie(name: string): Promise<{ database: boolean; login: boolean }> {
    const own = await open();
    const { database, login, password } = {
      database: newDatabase(rules.canBeDatabaseName(name) ? name : undefined), // or one that is plain
      login: newLogin(rules.canBeLoginName(name) ? name : undefined),
      password: newPassword(),
    };
    await ensureTenant(own, { database, login, password });
    await own.proveLogin(database, login, password, 'owner');
    await own.removeAccess({ database, logins: [login] });
    await own.proveRefused(database, login, password);
    await own.removeDatabase(database);
    await own.removeLogin(login);
    await own.close();
    return { database: await server().hasDatabase(database.name), login: await server().hasLogin(login.name) };
  }
}

/** Part of the suite: that a password is what was said, byte by byte. */
export function describePasswords({ session, open, newDatabase, newLogin, makeTenant, engine }: Ground): void {
  const rules = rulesOf(engine.name);
  const usable = NASTY_PASSWORDS.filter((text) => rules.canBePassword(text));
  const unusable = ['', 'a\0b', ...NASTY_PASSWORDS.filter((text) => !usable.includes(text))];

  test('every password lets in as it is, and not when it is changed', async () => {
    expect(usable.length).toBeGreaterThan(NASTY_PASSWORDS.length - 3);
    const left = [...usable];
    const lanes = Array.from({ length: LANES }, async () => {
      const own = await open();
      const tenant = { database: newDatabase(), login: newLogin() };
      for (let text = left.pop(); text !== undefined; text = left.pop()) {
        const password = new Secret(text);
        await ensureTenant(own, { ...tenant, password });
        await own.proveLogin(tenant.database, tenant.login, password, 'owner');
        const evidence = await own.proveRefused(tenant.database, tenant.login, new Secret(`${text}x`));
        expect([text, evidence.reason]).toEqual([text, 'password']);
      }
    });
    await Promise.all(lanes);
  });

  test.each(unusable)('a password nobody could use is refused, and the old one stays: %j', async (text) => {
    const { database, login, password } = await makeTenant();
    expect(rules.canBePassword(text)).toBe(false);
    expect(await refusalOf(session().ensurePassword(login, new Secret(text)))).toBe('engine_refused');
    await session().proveEntry(database, login, password, 'owner');
  });
}
