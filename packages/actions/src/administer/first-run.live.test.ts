// The first rows: all of them once, and none again that an operator has deleted, renamed or revoked.
import { ENGINES } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { openStore, type Store } from '@berth/store';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import { ensureFirstRows } from './first-run';

let testStore: TestStore;
let store: Store;
beforeAll(async () => {
  testStore = await openTestStore();
  store = openStore({ url: testStore.secretUrl, connectionsMax: 5, process: 'test' });
});
afterAll(async () => {
  await store?.close();
  await testStore?.close();
});

const token = makeToken();
const run = (with_ = token) => ensureFirstRows(store, with_, 'operator@localhost');
const sql = (text: string) => withClient(testStore.url, async (client) => (await client.query(text)).rows);

const ALL = ['teams', 'projects', 'environments', 'plans', 'pools', 'accesses'];
const rows = async () =>
  Object.fromEntries(
    await Promise.all(ALL.map(async (table) => [table, await sql(`SELECT * FROM ${table} ORDER BY id`)] as const)),
  );

test('two starts at once make each of them once, and say so once', async () => {
  const made = (await Promise.all([run(), run()])).map((each) => each.made);
  expect(made.sort((one, other) => other.length - one.length)).toEqual([
    [
      ...['team first', 'project default', 'environment development', 'environment production'],
      ...ENGINES.flatMap((engine) => [
        `plan small (${engine})`,
        `plan large (${engine})`,
        `pool ${engine}-development`,
        `pool ${engine}-production`,
      ]),
      'an access of team first with all scopes',
    ],
    [],
  ]);
});

test('a repeated run changes nothing', async () => {
  const before = await rows();
  expect(await run()).toEqual({
    made: [],
    poolNames: { development: 'postgresql-development', production: 'postgresql-production' },
  });
  expect(await rows()).toEqual(before);
});

test('what was deleted, renamed or revoked stays so', async () => {
  await sql(`UPDATE teams SET name = 'acme'; UPDATE projects SET deleted_at = now(); UPDATE accesses SET revoked_at = now();
    UPDATE plans SET deleted_at = now() WHERE name = 'large'; UPDATE environments SET name = 'staging' WHERE name = 'production';
    UPDATE pools SET deleted_at = now() WHERE name = 'postgresql-production'`);
  const before = await rows();
  expect(await run()).toEqual({ made: [], poolNames: { development: 'postgresql-development' } });
  expect(await rows()).toEqual(before);
});

test('another token gets in to the oldest team that lives, and to a new one where none does', async () => {
  expect((await run(makeToken())).made).toEqual(['an access of team acme with all scopes']);
  await sql('UPDATE teams SET deleted_at = now()');
  expect((await run(makeToken())).made).toEqual(['team first', 'an access of team first with all scopes']);
});
