// What MongoDB lets things be called, and the URL that clients are given.
import { newId, Secret } from '@berth/core';
import { MongoClient } from 'mongodb';
import { rulesOf } from '../rules';

const rules = rulesOf('mongodb');

test.each(['shop', 'my-shop', "a'b", 'select', '数据库', 'übergröße', 'a'.repeat(63), 'berthold', '9lives'])(
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
  'admin',
  'Config',
  'LOCAL',
  'berth',
  'berth_canary',
])('%j cannot be a name', (name) => {
  expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([false, false]);
});

test.each([...'/\\. "$*<>:|?'].map((character) => `a${character}b`))('%j can name a login, and no database', (name) => {
  expect([rules.canBeDatabaseName(name), rules.canBeLoginName(name)]).toEqual([false, true]);
});

test('a name with capitals is given to no database, for the server takes none that differs by case alone', () => {
  expect([rules.canBeDatabaseName('Shop'), rules.canBeDatabaseName('ÜBER'), rules.canBeLoginName('Shop')]).toEqual([
    false,
    false,
    true,
  ]);
});

test.each(['a=b', 'a,b', 'berth-holder-1'])('%s can name no login', (name) => {
  expect(rules.canBeLoginName(name)).toBe(false);
});

test.each(['admin', 'config', 'local', 'berth', 'berth_canary', 'Admin'])('%s is a system database', (name) => {
  expect([rules.isSystemDatabase(name), rules.isReserved(name)]).toEqual([true, true]);
});

test.each([
  ['My Shop!', 'my_shop_x7k2p'],
  ['café', 'cafe_x7k2p'],
  ['数据库', 'db_x7k2p'],
  ['', 'db_x7k2p'],
  ['berth', 'db_berth_x7k2p'],
  ['admin', 'admin_x7k2p'],
  ['a'.repeat(200), `${'a'.repeat(57)}_x7k2p`],
])('%j becomes the engine name %s', (name, engineName) => {
  expect(rules.engineNameOf(name, 'x7k2p')).toBe(engineName);
});

test('an engine name suits the engine whatever was asked', () => {
  for (const name of ['', '"', '\0', '$where', 'berth_', '____', 'é'.repeat(99), '\ud800', 'ADMIN', 'İ', 'a.b']) {
    const engineName = rules.engineNameOf(name, newId('database').slice(-5));
    expect([rules.canBeDatabaseName(engineName), rules.canBeLoginName(engineName)]).toEqual([true, true]);
  }
});

test.each(['🚢', 'a\0b', '', 'a\u0007', '\ue000', '\u0378'])('%j can be no password', (password) => {
  expect(rules.canBePassword(password)).toBe(false);
});

test('a connection URL gives back to the driver exactly what went in', () => {
  const facts = { username: `a"b:c@d/e?f#g%h'i`, password: new Secret(`p:@/?#%'"\\ ü!*()`), database: 'd-b' };
  const text = rules.connectionUrl({ ...facts, host: 'db.example.org', port: 27018, tls: 'verify-full' }).reveal();
  const { credentials, hosts, dbName, tls, tlsInsecure } = new MongoClient(text).options;
  expect(credentials).toMatchObject({ username: facts.username, password: facts.password.reveal(), source: 'admin' });
  expect([hosts.map(String), dbName, tls, tlsInsecure]).toEqual([['db.example.org:27018'], 'd-b', true, undefined]);
  expect(text).not.toMatch(/['"!*() \\]/);
});

test('TLS without a check says so, and no TLS says nothing; an IPv6 host stands in brackets', () => {
  const facts = { username: 'a', password: new Secret('b'), database: 'c', host: '::1', port: 27017 };
  const urlOf = (tls: 'disable' | 'require') => rules.connectionUrl({ ...facts, tls });
  expect(urlOf('require').reveal()).toBe('mongodb://a:b@[::1]:27017/c?authSource=admin&tls=true&tlsInsecure=true');
  expect(new MongoClient(urlOf('require').reveal()).options).toMatchObject({ tls: true, rejectUnauthorized: false });
  expect(urlOf('disable').reveal()).toBe('mongodb://a:b@[::1]:27017/c?authSource=admin');
  expect(String(urlOf('disable'))).toBe('[secret]');
});
