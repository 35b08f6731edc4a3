// What is asked again, twice at once, or beside another product's clients: nothing is dropped that was not in quarantine when it was
// asked, and what failed is in nobody's way.
import { credentialCreate, request as requestAction } from '@berth/actions';
import { eventually } from '@berth/testing';
import { Client } from 'pg';
import { makeAccess } from '../../api.fixture';
import { API, as, made, openStreet, pathOf, refuseAny, type Street, succeedAny, worked } from './street.fixture';

let street: Street;
let sql: Client;

beforeAll(async () => {
  street = await openStreet();
  sql = new Client({ connectionString: street.storeUrl });
  await sql.connect();
});
afterAll(async () => {
  await sql?.end();
  await street?.close();
});

const kindsQueued = async () => {
  const { data } = await street.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
  return data.map(({ kind }) => kind);
};

async function isSomebodyWaiting(): Promise<boolean> {
  const { rows } = await sql.query(
    "SELECT count(*)::int AS count FROM pg_stat_activity WHERE wait_event_type = 'Lock'",
  );
  return rows[0].count > 0;
}

test.each(['ordinary', 'manager'] as const)(
  'a delete of %s that was asked before the quarantine was over does not drop what is in quarantine by then',
  async (who) => {
    const name = `late_${who}`;
    const database = await made(street, name);
    const [row] = await street.store.databases.listByName(street.team.id, name);
    await sql.query('BEGIN');
    await sql.query('SELECT FROM databases WHERE id = $1 FOR UPDATE', [row?.id]);
    const late = as(street, who)
      .delete(pathOf(database._links.self))
      .then((answer) => answer);
    await eventually(isSomebodyWaiting);
    await sql.query(
      `INSERT INTO actions (id, kind, engine, team_id, database_id, server_id, state, step_names, ended_at)
        SELECT 'act_' || right($1, 26), 'database_quarantine', engine, team_id, id, server_id, 'succeeded', '{}', now()
        FROM databases WHERE id = $1`,
      [row?.id],
    );
    await sql.query(
      "UPDATE databases SET state = 'quarantined', quarantined_at = now(), purge_after = now() + interval '7 days' WHERE id = $1",
      [row?.id],
    );
    await sql.query('COMMIT');
    expect((await late).status).toBe(204);
    expect(await kindsQueued()).toEqual([]);
    expect((await street.store.databases.find(row?.id ?? ''))?.state).toBe('quarantined');
  },
);

test('a login that could not be made is in nobody’s way: who asks again gets one', async () => {
  const database = (await made(street, 'trying'))._links.self;
  const ask = () => as(street).post(`${API}/credential/`).send({ user: 'u_again', database });
  expect((await worked(street, ask(), refuseAny)).status).toBe(400);
  const again = await worked(street, ask());
  expect([again.status, again.body.user]).toEqual([201, expect.stringMatching(/^u_again/)]);
});

test('a login that is being made for several databases is joined, and shown in the one that was asked for', async () => {
  const [one, other] = [await made(street, 'east'), await made(street, 'west')];
  const [first, second] = await Promise.all(
    ['east', 'west'].map(async (name) => (await street.store.databases.listByName(street.team.id, name))[0]?.id ?? ''),
  );
  const { access } = await makeAccess(street, { scopes: ['public', 'admin'] });
  const input = { databaseId: first ?? '', alsoIn: [second ?? ''], username: 'wide' };
  await requestAction(street.context, credentialCreate, input, { ...access, address: null });
  const sent = as(street).post(`${API}/credential/`).send({ user: 'wide', database: other._links.self });
  const waits = jest.spyOn(street.store.listener, 'onActionEnded');
  const answer = await worked(street, sent, async (at, action) => {
    if (waits.mock.calls.length > 0) await succeedAny(at, action);
  });
  waits.mockRestore();
  expect([answer.status, answer.body.database]).toEqual([201, other._links.self]);
  expect(answer.body.database).not.toBe(one._links.self);
});

test('of a database that another product’s client deleted, and that is kept unseen, no task tells', async () => {
  await made(street, 'unseen');
  const tasks = async () => (await as(street, 'manager').get(`${API}/task/?database_name=unseen`)).body._links.count;
  expect(await tasks()).toBe(1);
  const [row] = await street.store.databases.listByName(street.team.id, 'unseen');
  await street.store.databases.hide(row?.id ?? '');
  expect(await tasks()).toBe(0); // while it is being shut
  await street.store.databases.becomeQuarantined(row?.id ?? '', 7);
  expect(await tasks()).toBe(0);
  await street.store.databases.becomeDeleted(row?.id ?? '');
  expect(await tasks()).toBe(0);
});
