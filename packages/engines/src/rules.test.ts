// What engines let things be called, and the URLs that clients are given.
import { ENGINES, newId, Secret } from '@berth/core';
import { rulesOf } from './rules';

const rules = rulesOf('postgresql');

test('every engine of the design has rules', () => {
  expect(ENGINES.map((engine) => rulesOf(engine).defaultPort)).toEqual([5432, 3306, 27017]);
});

describe('postgresql', () => {
  test.each(['shop', 'my-shop', 'a"b', 'select', '数据库', 'Ünï', 'a'.repeat(63), 'pgbench', 'berthold'])(
    '%s can be a name',
    (name) => {
      expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([true, true]);
    },
  );

  test.each([
    '',
    'a'.repeat(64),
    'é'.repeat(32),
    'a\0b',
    'a\nb',
    '\ud800',
    'postgres',
    'Postgres',
    'template0',
    'template1',
    'berth_canary',
    'berth',
    'berth_orphans',
    'pg_catalog',
    'PG_x',
    'public',
    'none',
    'current_user',
    'session_user',
    'current_role',
  ])('%j cannot be a name', (name) => {
    expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([false, false]);
  });

  test.each(['shop_x7k2p_owner', 'shop_x7k2p_writer', 'x_00abc_reader'])(
    "%s, a group's name, is given to no login",
    (name) => {
      expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([true, false]);
      expect(rules.canBeLoginName(rules.engineNameOf(name, 'x7k2p'))).toBe(true);
    },
  );

  test.each(['postgres', 'template0', 'template1', 'berth_canary', 'TEMPLATE1'])('%s is a system database', (name) => {
    expect(rules.isSystemDatabase(name)).toBe(true);
    expect(rules.isReserved(name)).toBe(true);
  });

  test('a database called shop is no system database', () => {
    expect(rules.isSystemDatabase('shop')).toBe(false);
  });

  test.each([
    ['My Shop!', 'my_shop_x7k2p'],
    ['café', 'cafe_x7k2p'],
    ['数据库', 'db_x7k2p'],
    ['', 'db_x7k2p'],
    ['9lives', 'db_9lives_x7k2p'],
    ['pg_dump', 'db_pg_dump_x7k2p'],
    ['pg', 'db_pg_x7k2p'],
    ['berth', 'db_berth_x7k2p'],
    ['postgres', 'postgres_x7k2p'],
    ['a'.repeat(200), `${'a'.repeat(57)}_x7k2p`],
  ])('%j becomes the engine name %s', (name, engineName) => {
    expect(rules.engineNameOf(name, 'x7k2p')).toBe(engineName);
  });

  test('an engine name suits the engine whatever was asked', () => {
    const asked = [
      '',
      '"',
      '\0',
      'pg_',
      'berth_',
      '____',
      '-',
      'public',
      'é'.repeat(99),
      '\ud800',
      'PG_CATALOG',
      'İ',
      'template1',
    ];
    for (const name of asked)
      expect(rules.canBeDatabaseName(rules.engineNameOf(name, newId('database').slice(-5)))).toBe(true);
  });

  test('a connection URL gives back exactly what went in', () => {
    const facts = { username: `a"b:c@d/e?f#g%h'i`, password: new Secret(`p:@/?#%'"\\ ü!*()`), database: 'd/b?x=1#%' };
    const text = rules.connectionUrl({ ...facts, host: 'db.example.org', port: 6432, tls: 'require' }).reveal();
    const url = new URL(text);
    expect(decodeURIComponent(url.username)).toBe(facts.username);
    expect(decodeURIComponent(url.password)).toBe(facts.password.reveal());
    expect(decodeURIComponent(url.pathname.slice(1))).toBe(facts.database);
    expect([url.protocol, url.hostname, url.port, url.search]).toEqual([
      'postgresql:',
      'db.example.org',
      '6432',
      '?sslmode=require',
    ]);
    expect(text).not.toMatch(/['"!*() \\]/);
  });

  test('an IPv6 host stands in brackets, and the URL prints as a secret', () => {
    const facts = { username: 'a', password: new Secret('b'), database: 'c', port: 5432 };
    const url = rules.connectionUrl({ ...facts, host: '::1', tls: 'verify-full' });
    expect(url.reveal()).toBe('postgresql://a:b@[::1]:5432/c?sslmode=verify-full');
    expect(String(url)).toBe('[secret]');
  });
});

describe('mysql', () => {
  const rules = rulesOf('mysql');

  test.each(['shop', 'my-shop', 'a`b', "a'b", 'select', '数据库', 'Ünï', 'a'.repeat(32), 'a.b', 'tested', 'mysqldump'])(
    '%s can be a name',
    (name) => {
      expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([true, true]);
    },
  );

  test.each([
    '',
    'a'.repeat(65),
    'é'.repeat(33),
    'a\0b',
    'a\nb',
    '\ud800',
    '🚢',
    'ends in a space ',
    'mysql',
    'MySQL',
    'sys',
    'information_schema',
    'performance_schema',
    'test',
    'test_shop',
    'Test_shop',
    'root',
    'public',
    'system user',
    'event_scheduler',
    'unauthenticated user',
    'mariadb.sys',
    'mysql.session',
    'berth',
    'berth_canary',
    'berth_x',
  ])('%j cannot be a name', (name) => {
    expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([false, false]);
  });

  test('a database may have a longer name than a login', () => {
    const name = 'a'.repeat(64);
    expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([true, false]);
  });

  test.each([
    ['My Shop!', 'my_shop_x7k2p'],
    ['test', 'db_test_x7k2p'],
    ['test-shop', 'db_test_shop_x7k2p'],
    ['mysql', 'mysql_x7k2p'],
    ['berth', 'db_berth_x7k2p'],
    ['', 'db_x7k2p'],
    ['🚢', 'db_x7k2p'],
    ['a'.repeat(200), `${'a'.repeat(26)}_x7k2p`],
  ])('%j becomes the engine name %s, which suits a login too', (name, engineName) => {
    expect(rules.engineNameOf(name, 'x7k2p')).toBe(engineName);
    expect([rules.canBeDatabaseName(engineName), rules.canBeLoginName(engineName)]).toEqual([true, true]);
  });

  test('a connection URL gives back exactly what went in', () => {
    const facts = { username: `a"b:c@d/e?f#g%h'i`, password: new Secret(`p:@/?#%'"\\ ü!*()`), database: 'd/b?x=1#%' };
    const text = rules.connectionUrl({ ...facts, host: '::1', port: 3307, tls: 'verify-full' }).reveal();
    const url = new URL(text);
    expect(decodeURIComponent(url.username)).toBe(facts.username);
    expect(decodeURIComponent(url.password)).toBe(facts.password.reveal());
    expect(decodeURIComponent(url.pathname.slice(1))).toBe(facts.database);
    expect([url.protocol, url.host, url.search]).toEqual(['mysql:', '[::1]:3307', '?ssl-mode=VERIFY_IDENTITY']);
    expect(text).not.toMatch(/['"!*() \\]/);
  });

  test('where TLS is not asked for, its clients are told nothing of it', () => {
    const facts = { username: 'a', password: new Secret('b'), database: 'c', port: 3306, host: 'db.example.org' };
    expect(rules.connectionUrl({ ...facts, tls: 'disable' }).reveal()).toBe('mysql://a:b@db.example.org:3306/c');
  });
});
