// Statements are prepared once per connection, and stay good while a newer version changes the tables under them.

import { openStatementNames } from './statement-names';
import { openStore } from './store';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

describe('names', () => {
  const text = (number: number) => `SELECT ${number} AS one FROM actions`;

  it('are the same for the same text and differ for others', () => {
    const nameOf = openStatementNames();
    const [one, two] = [nameOf({ sql: text(1) }), nameOf({ sql: text(2) })];
    expect(one).not.toBe('');
    expect(two).not.toBe(one);
    expect(nameOf({ sql: text(1) })).toBe(one);
  });

  it.each(['SELECT * FROM actions', 'WITH a AS (SELECT 1) SELECT a.* FROM a'])(
    'are not given to what has another shape when a column is added: %s',
    (sql) => {
      expect(openStatementNames()({ sql })).toBe('');
    },
  );

  it('are not given to a page, which is planned for its values each time', () => {
    expect(
      openStatementNames()({ sql: 'SELECT id FROM actions\nWHERE state = $1 ORDER BY number DESC LIMIT $2 OFFSET $3' }),
    ).toBe('');
  });

  it('run out, so that texts without end do not fill the server', () => {
    const nameOf = openStatementNames();
    const names = Array.from({ length: 600 }, (_, index) => nameOf({ sql: text(index) }));
    expect(names.filter((name) => name !== '')).toHaveLength(500);
  });
});

/** One of everything that selects rows of the tables that grow. */
async function useStore({ store, ...rest }: Street): Promise<void> {
  const database = await rest.database();
  const credential = await rest.credential(database.id);
  const queued = await rest.action(database.id);
  const held = await store.actions.claim(queued.id, 'holder');
  expect(held).toMatchObject({ state: 'running' });
  if (held !== null) await store.actions.finish(held);
  expect(
    await store.databases.becomeAvailable(database.id, { sizeBytes: 1, charset: 'UTF8', collation: 'C' }),
  ).toMatchObject({ state: 'available', labels: {} });
  expect(await store.credentials.becomeActive(credential.id)).toMatchObject({ state: 'active' });
  expect(await store.databases.find(database.id)).toMatchObject({ plan: { connections_max: expect.any(Number) } });
  expect(await store.actions.find(queued.id)).toMatchObject({ state: 'succeeded' });
  expect(await store.servers.lock(rest.serverId)).toMatchObject({ id: rest.serverId });
}

test('a process goes on while a newer one adds columns', async () => {
  const store = openStore({ url: street.testStore.secretUrl, connectionsMax: 1, process: 'older' });
  const older = { ...street, store };
  await useStore(older);
  for (const table of ['accesses', 'actions', 'credentials', 'databases', 'servers']) {
    await street.sql(`ALTER TABLE ${table} ADD COLUMN of_a_newer_version text NOT NULL DEFAULT 'x'`);
  }
  await useStore(older);
  await store.close();
});
