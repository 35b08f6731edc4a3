// The log of events in pages: what is in it, for whom, and how it is read on from a cursor.
import type { Secret } from '@berth/core';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import type { Told } from './event-source.fixture';
import { problemShape } from './shapes.fixture';

let api: TestApi;
let testStore: TestStore;
let token: Secret;
let operator: Secret;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin'] })).token;
  operator = (await makeAccess(api, { scopes: ['operator'] })).token;
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const get = (path: string, who = token) => request(api.app).get(`/v1${path}`).auth(who.reveal(), { type: 'bearer' });

/** Once nobody holds the log back, so that what was raised can be read. */
async function read(path: string, who = token): Promise<{ data: Told[]; next_cursor: string }> {
  await eventually(async () => (await api.context.store.events.findLagMs()) === 0, { what: 'the log to be readable' });
  const { status, body } = await get(path, who);
  expect([path, status]).toEqual([path, 200]);
  return body;
}

const typesOf = ({ data }: { data: Told[] }) => data.map(({ type }) => type);

/** Makes a database by the API; returns what the answer said. */
async function create(name: string, who = token, body: object = {}) {
  const post = request(api.app).post('/v1/databases').auth(who.reveal(), { type: 'bearer' });
  const answer = await post.send({ name, ...body });
  expect(answer.status).toBe(202);
  const { id: action, database_id: database, credential_id: credential } = answer.body.action;
  return { action, database, credential };
}

const CREATED = ['database.creating', 'credential.creating', 'action.queued', 'action.started', 'action.succeeded'];

test('a log is read oldest first, page by page; there is always a cursor to go on with, and nothing twice', async () => {
  const { next_cursor: start } = await read('/events?cursor=now');
  const { action, database } = await create('paged');
  await succeed(api, action);
  const all = await read(`/events?cursor=${start}`);
  expect(typesOf(all)).toEqual([...CREATED, 'database.available', 'credential.active']);
  expect(all.data[0]).toMatchObject({
    id: expect.stringMatching(/^evt_/),
    database_id: database,
    team_id: api.team.id,
    data: { name: 'paged', engine: 'postgresql', state: 'creating' },
    created_at: expect.stringMatching(/Z$/),
  });
  expect(all.data[3]).toMatchObject({ action_id: action, data: { kind: 'database_create', attempt: 1 } });

  const told: Told[] = [];
  for (let cursor = start; ; ) {
    const page = await read(`/events?limit=2&cursor=${cursor}`);
    if (page.data.length === 0) break;
    told.push(...page.data);
    cursor = page.next_cursor;
  }
  expect(told).toEqual(all.data);
  expect((await read(`/events?cursor=${all.data[2]?.cursor}`)).data).toEqual(all.data.slice(3));
  expect((await read(`/events?cursor=${all.next_cursor}`)).data).toEqual([]);
  expect((await read('/events?limit=100')).data.length).toBeGreaterThan(all.data.length - 1); // from the beginning
});

test('it is narrowed by types, by all of a noun, and by what it is about', async () => {
  const { next_cursor: start } = await read('/events?cursor=now');
  const one = await create('narrow-one');
  const other = await create('narrow-other');
  const types = async (query: string) => typesOf(await read(`/events?cursor=${start}&${query}`));
  expect(await types('type=database.creating')).toEqual(['database.creating', 'database.creating']);
  expect(await types('type=database.*,credential.creating')).toHaveLength(4);
  expect(await types(`database_id=${one.database}`)).toEqual(['database.creating', 'action.queued']);
  expect(await types(`credential_id=${other.credential}`)).toEqual(['credential.creating', 'action.queued']);
  expect(await types(`action_id=${other.action}&server_id=${api.server.id}`)).toEqual(['action.queued']);
  expect(typesOf(await read(`/actions/${one.action}/events`))).toEqual(['action.queued']);
});

test('a team reads its own, an operator everything, servers too', async () => {
  const { next_cursor: start } = await read('/events?cursor=now', operator);
  const stranger = (await makeAccess(api, { team: api.otherTeam, scopes: ['public', 'admin'] })).token;
  const own = await create('mine');
  const foreign = await create('theirs', stranger);
  await api.context.store.servers.turn(api.server.id, 'draining');
  await api.context.store.servers.turn(api.server.id, 'active');
  const databases = async (who: Secret) =>
    (await read(`/events?cursor=${start}&type=database.*`, who)).data.map(({ database_id }) => database_id);
  expect(await databases(token)).toEqual([own.database]);
  expect(await databases(stranger)).toEqual([foreign.database]);
  expect(await databases(operator)).toEqual([own.database, foreign.database]);
  expect(typesOf(await read(`/events?cursor=${start}&type=server.*`, operator))).toEqual([
    'server.draining',
    'server.active',
  ]);
  expect((await read(`/events?type=server.*`)).data).toEqual([]);
  expect((await read(`/events?database_id=${foreign.database}`)).data).toEqual([]);
  expect((await get(`/actions/${foreign.action}/events`)).status).toBe(404);
});

test("an access with limits reads what is inside them, its databases' logins too", async () => {
  await addEnvironment(api, 'staging');
  const environment = await api.context.store.catalog.findEnvironment('staging');
  const made = await makeAccess(api, { scopes: ['public'] });
  await api.context.store.accesses.update(made.access.id, { limit_environment_id: environment?.id ?? '' });
  const project = await api.context.store.catalog.findProject(api.team.id, 'second');
  const other = await makeAccess(api, { scopes: ['public'] });
  await api.context.store.accesses.update(other.access.id, { limit_project_id: project?.id ?? '' });
  const { next_cursor: start } = await read('/events?cursor=now');
  const inside = await create('inside', token, { environment: 'staging' });
  await create('outside');
  const moved = await create('of-second', token, { project: 'second' });
  const about = async (who: Secret) =>
    (await read(`/events?cursor=${start}`, who)).data.map(({ type, database_id }) => [type, database_id]);
  const three = (id: string) => [
    ['database.creating', id],
    ['credential.creating', null],
    ['action.queued', id],
  ];
  expect(await about(made.token)).toEqual(three(inside.database));
  expect(await about(other.token)).toEqual(three(moved.database));
});

test('of a database that is kept in spite of a delete its team reads that it was deleted, and no more; operators read all', async () => {
  const { store } = api.context;
  const { action, database } = await create('kept');
  await succeed(api, action);
  const { next_cursor: start } = await read('/events?cursor=now');
  await store.transaction(async (tx) => {
    await tx.databases.acceptDelete(database);
    await tx.databases.hide(database);
    const about = { teamId: api.team.id, serverId: api.server.id, databaseId: database, credentialId: null };
    const what = {
      kind: 'database_quarantine' as const,
      engine: 'postgresql' as const,
      stepNames: [],
      requestedBy: null,
    };
    await tx.actions.insert({ ...what, ...about });
  });
  const [queued] = (await store.actions.list({ databaseId: database, state: 'queued' }, { cursor: null, limit: 1 }))
    .data;
  await succeed(api, queued?.id ?? '');
  await store.databases.extend(database, 3);
  const path = `/events?cursor=${start}`;
  const shut = ['database.deleting', 'database.deleted'];
  const told = await read(path);
  expect(typesOf(told)).toEqual(shut);
  expect(told.data[1]?.data).toEqual({ name: 'kept', engine: 'postgresql', state: 'deleted' });
  expect(JSON.stringify(told)).not.toMatch(/quarantine|hidden|purge/);
  expect(typesOf(await read(`${path}&type=database.deleted`))).toEqual(['database.deleted']);
  expect((await read(`${path}&type=database.quarantined,database.extended`)).data).toEqual([]);
  const all = ['database.deleting', 'action.queued', 'action.started', 'action.succeeded', 'database.quarantined'];
  expect(typesOf(await read(path, operator))).toEqual([...all, 'database.extended']);

  await store.databases.becomeRestored(database);
  expect(typesOf(await read(path))).toEqual([...shut, 'database.restored']); // what was told stays told
});

describe('a cursor that is of no use', () => {
  const refusal = async (cursor: string) => {
    const { status, body } = await get(`/events?cursor=${encodeURIComponent(cursor)}`);
    return [status, problemShape.parse(body).code];
  };

  test('is refused where it was not made here: 400', async () => {
    for (const cursor of ['x', 'bjE', 'NOW', Buffer.from('e1.1').toString('base64url')]) {
      expect(await refusal(cursor)).toEqual([400, 'invalid_cursor']);
    }
    const answer = await get('/events').set('accept', 'text/event-stream').set('last-event-id', 'x');
    expect([answer.status, answer.body.code]).toEqual([400, 'invalid_cursor']);
  });

  test('is refused where it is of another store, or from the future of one that was restored: 410', async () => {
    const { next_cursor: cursor } = await read('/events?cursor=now');
    const text = Buffer.from(cursor, 'base64url').toString();
    const [place = '', number, origin] = text.split('.');
    const changed = (parts: unknown[]) => Buffer.from(parts.join('.')).toString('base64url');
    expect(await refusal(changed([place, number, `1${origin?.slice(1)}` === origin ? '2' : '1']))).toEqual([
      410,
      'cursor_expired',
    ]);
    expect(await refusal(changed([`${place}000`, number, origin]))).toEqual([410, 'cursor_expired']);
    expect((await get(`/events?cursor=${changed([place, number, origin])}`)).status).toBe(200);
  });

  test('is refused where something that followed it was forgotten: 410, with what to do; a log that kept some begins behind', async () => {
    const { data: all } = await read('/events?limit=4');
    const [first, kept, gone, next] = all;
    await api.sql(
      `WITH endpoint AS (INSERT INTO endpoints (id, team_id, url, secret_sealed)
         VALUES ('end_1', $1, 'https://example.org', 'sealed') RETURNING id),
       old AS (UPDATE events SET created_at = created_at - interval '40 days' WHERE id = ANY($3))
       INSERT INTO deliveries (id, event_id, endpoint_id) SELECT 'del_1', $2, id FROM endpoint`,
      [api.team.id, kept?.id, [first?.id, kept?.id, gone?.id]],
    );
    const status = async (event?: Told) => (await get(`/events?cursor=${event?.cursor}`)).status;
    expect(await status(first)).toBe(200); // it is old, and all that follows is there
    expect(await api.context.store.oldEvents.removeEvents(new Date(Date.now() - 30 * 86_400_000), 0)).toMatchObject({
      removed: 2,
    });
    const answer = await get(`/events?cursor=${first?.cursor}`);
    expect([answer.status, answer.body.code]).toEqual([410, 'cursor_expired']);
    expect(answer.body.detail).toContain('begin anew');
    const stream = await get(`/events?cursor=${first?.cursor}`).set('accept', 'text/event-stream');
    expect([stream.status, stream.body.code]).toEqual([410, 'cursor_expired']);
    expect([await status(kept), await status(gone), await status(next)]).toEqual([410, 200, 200]);
    const { data: anew } = await read('/events?limit=1');
    expect(anew.map(({ id }) => id)).toEqual([next?.id]);
    expect(await status(anew[0])).toBe(200);
  });
});

test.each([
  ['type', 'type=database.melted'],
  ['type', 'type=database.creating,'],
  ['type', 'type=*'],
  ['database_id', 'database_id=x'],
  ['limit', 'limit=101'],
  ['since', 'since=yesterday'],
])('a wrong %s is named: %s', async (field, query) => {
  const { status, body } = await get(`/events?${query}`);
  expect([status, problemShape.parse(body).errors?.map((error) => error.field)]).toEqual([422, [field]]);
});
