// What the API tells of the engines is what their rules say.
import { openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';

let store: TestStore;
let api: TestApi;

beforeAll(async () => {
  store = await openTestStore();
  api = await openTestApi(store.secretUrl);
});
afterAll(async () => {
  await api?.close();
  await store?.close();
});

test('each engine is told, with the flags in which they differ', async () => {
  const { token } = await makeAccess(api, { scopes: ['public'] });
  const { body } = await request(api.app).get('/v1/engines').auth(token.reveal(), { type: 'bearer' });
  const told = body.data.map(
    ({ capabilities, charsets: _, ...engine }: { capabilities: Record<string, boolean>; charsets: string[] }) => [
      Object.values(engine),
      Object.keys(capabilities).filter((name) => capabilities[name]),
    ],
  );
  const limits = ['database_connection_limit', 'login_connection_limit'];
  expect(told).toEqual([
    [
      ['postgresql', 5432, 63, 63, ['template1']],
      ['empty_databases', 'charset', ...limits, 'sessions_keep_rights', 'sessions_in_database'],
    ],
    [
      ['mysql', 3306, 64, 32, ['test']],
      [
        'empty_databases',
        'charset',
        limits[1],
        'sessions_keep_rights',
        'sessions_in_database',
        'sessions_reach_others',
      ],
    ],
    [
      ['mongodb', 27017, 63, expect.any(Number), []],
      ['sessions_reach_others', 'writers_make_tables'],
    ],
  ]);
  const charsets = body.data.map((engine: { charsets: string[] }) => engine.charsets);
  expect(charsets).toEqual([
    expect.arrayContaining(['UTF8', 'LATIN1']),
    expect.arrayContaining(['utf8mb4', 'latin1']),
    [],
  ]);
});
