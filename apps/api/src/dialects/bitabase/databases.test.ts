// Databases as their list tells of them: how far they are, what they hold, and none that could not be made. Nobody can delete
// here, so the name of one that failed is free for whoever asks again.
import { idOfUuid } from '@berth/core';
import { addMany, claim, succeed } from '../../api.fixture';
import { API, as, asked, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

/** The create of a database, by its id on the wire. */
async function createOf(id: string) {
  const { rows } = await street.sql.query('SELECT id, database_id FROM actions WHERE database_id = $1', [
    idOfUuid('database', id),
  ]);
  return { actionId: String(rows[0]?.id), databaseId: String(rows[0]?.database_id) };
}

const listed = async (name: string) => {
  const { body } = await as(street).get(`${API}/databases`).expect(200);
  return body.filter((each: { name: string }) => each.name === name);
};

/** As a server's refusal ends it. */
async function failCreate(id: string): Promise<void> {
  const { actionId, databaseId } = await createOf(id);
  const claimed = await claim(street.api, actionId);
  await street.store.transaction(async (tx) => {
    await tx.actions.fail(claimed, 'engine_refused', 'The server refused: no more of that.');
    await tx.databases.becomeFailed(databaseId);
  });
}

test('total_space is what was measured, at the create and at every look at the server since', async () => {
  const { id } = await asked(street, 'growing');
  expect(await listed('growing')).toMatchObject([{ id, status: 'creating', total_space: 0 }]);
  const { actionId, databaseId } = await createOf(id);
  await succeed(street.api, actionId);
  expect(await listed('growing')).toMatchObject([{ status: 'available', total_space: 7_000_000 }]);
  const seen = { id: databaseId, sizeBytes: 123_456_789, users: 1, sessions: 0, charset: 'UTF8', collation: 'C' };
  const since = await street.store.now();
  await street.store.transaction((tx) => tx.servers.recordRefresh(street.api.server.id, [seen], since));
  expect(await listed('growing')).toMatchObject([
    { total_space: 123_456_789, total_reads: 0, total_writes: 0, total_collections: 0 },
  ]);
});

test('one that could not be made is in no list, and its name is free at once for whoever asks again', async () => {
  const { id } = await asked(street, 'failing');
  await failCreate(id);
  expect(await listed('failing')).toEqual([]);
  const { rows: kept } = await street.sql.query("SELECT drop_when_failed FROM databases WHERE name = 'failing'");
  expect(kept).toEqual([{ drop_when_failed: true }]); // maintenance waits for nothing
  await as(street).get(`${API}/databases/failing/collections`).expect(404);
  const again = await asked(street, 'failing');
  expect(again.id).not.toBe(id);
  expect(await listed('failing')).toMatchObject([{ id: again.id, status: 'creating' }]);
  const { rows } = await street.sql.query('SELECT kind FROM actions WHERE database_id = $1 ORDER BY number', [
    idOfUuid('database', id),
  ]);
  expect(rows.map(({ kind }) => kind)).toEqual(['database_create', 'database_delete']);
});

test('of several who ask for that name at once one gets it', async () => {
  await failCreate((await asked(street, 'crowded')).id);
  const ask = async () => (await as(street).post(`${API}/databases`).send({ name: 'crowded' })).status;
  const statuses = await Promise.all([ask(), ask(), ask(), ask()]);
  expect(statuses.sort()).toEqual([201, 422, 422, 422]);
  expect(await listed('crowded')).toHaveLength(1);
});

test("another login's failed one is left to maintenance, and still has its name", async () => {
  await failCreate((await asked(street, 'of-another')).id);
  const answer = await as(street, 'colleague').post(`${API}/databases`).send({ name: 'of-another' });
  expect([answer.status, answer.body]).toEqual([422, { errors: { name: 'name has already been taken' } }]);
});

test('what the team makes by other faces is listed, inside the limits of the login', async () => {
  const { rows } = await street.sql.query(`SELECT id FROM projects WHERE name = 'second'`);
  await asked(street, 'in-default');
  const login = await street.store.accesses.findBasic('dev@example.org');
  await street.store.accesses.update(login?.id ?? '', { default_project_id: rows[0].id });
  await asked(street, 'in-second');
  const namesOf = async () => (await as(street).get(`${API}/databases`)).body.map(({ name }: { name: string }) => name);
  expect(await namesOf()).toEqual(expect.arrayContaining(['in-default', 'in-second']));
  await street.store.accesses.update(login?.id ?? '', { limit_project_id: rows[0].id });
  expect(await namesOf()).toEqual(['in-second']);
});

test('all of them are listed, the oldest first, however many', async () => {
  await asked(street, 'many', 'stranger');
  await addMany(street.api, 'many', 1_100);
  const { body } = await as(street, 'stranger').get(`${API}/databases`).expect(200);
  const names = body.map(({ name }: { name: string }) => name);
  expect(names).toEqual(['many', ...Array.from({ length: 1_100 }, (_, index) => `many-${index + 1}`)]);
});
