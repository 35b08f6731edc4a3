// Streams of events on real sockets: nothing missed by who is cut off, nobody kept waiting by who does not read, and an end
// with a reason wherever the server makes one.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import type { Secret } from '@berth/core';
import { chanceOf, eventually, openLateWriters, openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { appOf } from '../../app';
import { type Door, listen } from '../../http/listen';
import { openRateLimits } from '../../http/rate-limits';
import { openStreams, type Streams } from '../../http/streams';
import { type EventSource, type Opened, openEventSource, toldSoMany } from './event-source.fixture';

let api: TestApi;
let testStore: TestStore;
let door: Door;
let token: Secret;
const sources: EventSource[] = [];
/** Closed after the test, whatever became of it: one that is left open keeps the run from ending. */
const doors: Door[] = [];

/** Heartbeats are many, so that nobody waits for them. */
const BOUNDS = { heartbeatMs: 60, perAccess: 6, perProcess: 8 };

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl, { streamBounds: BOUNDS });
  door = await listen(api.app, '127.0.0.1', 0);
  token = (await makeAccess(api, { scopes: ['public', 'admin'] })).token;
});
afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.cut()));
  await Promise.all(doors.splice(0).map((each) => each.close()));
  await eventually(() => api.streams.counts().open === 0 && api.context.store.feed.size() === 0, {
    what: 'all to leave',
  });
});
afterAll(async () => {
  await door?.close();
  await api?.close();
  await testStore?.close();
});

async function open(path: string, opened: Opened & { who?: Secret } = {}): Promise<EventSource> {
  const source = await openEventSource(`${door.url}/v1${path}`, opened.who ?? token, opened);
  sources.push(source);
  return source;
}

async function create(name: string) {
  const post = request(api.app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  const { body } = await post.send({ name });
  return { action: String(body.action.id), database: String(body.action.database_id) };
}

async function now(): Promise<string> {
  await eventually(async () => (await api.context.store.events.findLagMs()) === 0, { what: 'the log to be readable' });
  return (await api.context.store.events.listTold('now', {}, 1)).nextCursor;
}

/** Another door of the same API, with bounds or an end of its own. */
async function openDoor(own: { streams?: Streams; stopping?: AbortSignal }, onLeft = () => {}): Promise<Door> {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const app = appOf({ ...api.context, limits, stopping: api.stopping.signal, ...own });
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    response.once('close', onLeft);
    app(request, response);
  };
  const opened = await listen(listener, '127.0.0.1', 0);
  doors.push(opened);
  return opened;
}

const typesOf = ({ told }: EventSource) => told.map(({ type }) => type);

test('what happens is told as it happens, from the cursor on, to all that ask for it', async () => {
  const { action } = await create('before');
  const start = await now();
  const all = await open(`/events?cursor=${start}`);
  const some = await open(`/events?cursor=${start}&type=database.*`);
  const fromTheBeginning = await open('/events?type=action.queued');
  expect([all.status, all.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  expect(all.headers.get('cache-control')).toBe('no-store, no-transform');
  expect(all.headers.get('x-accel-buffering')).toBe('no');
  await succeed(api, action);
  await toldSoMany(all, 4);
  expect(typesOf(all)).toEqual(['action.started', 'action.succeeded', 'database.available', 'credential.active']);
  expect(all.lastEventId()).not.toBe('');
  expect(all.signs.retryMs).toBeGreaterThanOrEqual(1_000);
  await toldSoMany(some, 1);
  expect(typesOf(some)).toEqual(['database.available']);
  expect(fromTheBeginning.told.map(({ action_id }) => action_id)).toContain(action);
});

test('who begins at `now` and is cut off before anything was told has a place to come back to, and misses nothing', async () => {
  const streams = openStreams(api.context.metrics, { heartbeatMs: 600_000 }); // none comes
  const stopping = new AbortController();
  const other = await openDoor({ streams, stopping: stopping.signal });
  const [cut, stopped] = [
    await openEventSource(`${other.url}/v1/events?cursor=now`, token),
    await openEventSource(`${other.url}/v1/events?cursor=now`, token),
  ];
  await eventually(() => cut.lastEventId() !== '' && stopped.lastEventId() !== '', { what: 'the place it begins at' });
  await cut.cut();
  stopping.abort();
  await eventually(() => stopped.isOver(), { what: 'the other to be ended' });
  expect([cut.told, stopped.told]).toEqual([[], []]);
  expect(stopped.dropped()).toMatchObject({ reason: 'stopping', cursor: stopped.lastEventId() });
  const { database } = await create('while-away');
  for (const cursor of [cut.lastEventId(), stopped.dropped()?.cursor]) {
    const back = await open(`/events?database_id=${database}`, { lastEventId: String(cursor) });
    await toldSoMany(back, 1);
    expect(typesOf(back)).toContain('database.creating');
  }
});

test('readers that are cut off at any point and come back with Last-Event-ID get everything once, in one order', async () => {
  const ids: string[] = [];
  for (let each = 0; each < 5; each += 1) ids.push((await create(`late-${each}`)).database);
  const start = await now();
  const chance = chanceOf(4);
  const writers = openLateWriters(api.context.store, ids, chance);
  const writing = { isOver: false };
  const readers = [0, 1, 2].map(async () => {
    const told: string[] = [];
    let lastEventId = start;
    let cuts = 0;
    while (!writing.isOver || told.length < (await all()).length) {
      const source = await open('/events', { lastEventId, cutAfter: 1 + Math.floor(chance() * 7) });
      await eventually(
        async () => source.isOver() || (writing.isOver && told.length + source.told.length === (await all()).length),
      );
      await source.cut();
      told.push(...source.told.map(({ id }) => id));
      lastEventId = source.lastEventId();
      cuts += 1;
    }
    return { told, cuts };
  });
  for (let deed = 0; deed < 80; deed += 1) await writers.deed();
  await writers.commitAll();
  writing.isOver = true;
  for (const { told, cuts } of await Promise.all(readers)) {
    expect(told).toEqual(await all());
    expect(cuts).toBeGreaterThan(3);
  }

  async function all(): Promise<string[]> {
    const { events } = await api.context.store.events.listTold(start, {}, 5_000);
    return events.map(({ id }) => id);
  }
});

test('a client that leaves while it is let in keeps no stream', async () => {
  const streams = openStreams(api.context.metrics);
  const seen = { entered: 0, left: 0 };
  const enter = (accessId: string) => {
    seen.entered += 1;
    return streams.enter(accessId);
  };
  const slow = await openDoor({ streams: { ...streams, enter } }, () => {
    seen.left += 1;
  });
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  await client.query('BEGIN; LOCK TABLE accesses IN ACCESS EXCLUSIVE MODE');
  const waiting = `SELECT FROM pg_locks WHERE NOT granted AND relation = 'accesses'::regclass
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
  const sockets = await Promise.all([1, 2, 3].map(() => sendRaw('/events', '1.1', slow)));
  await eventually(async () => (await client.query(waiting)).rows.length === 3, { what: 'all to be let in' });
  for (const socket of sockets) socket.destroy();
  await eventually(() => seen.left === 3, { what: 'the door to see them go' });
  await client.query('ROLLBACK');
  await client.end();
  await eventually(() => seen.entered === 3, { what: 'all to have come in' });
  await eventually(() => streams.counts().open === 0, { what: 'all to be let go' });
});

test('streams that were asked for behind one another are shown out with their connection', async () => {
  const streams = openStreams(api.context.metrics);
  const one = await openDoor({ streams });
  const socket = await sendRaw('/events', '1.1', one, 5);
  await eventually(() => socket.destroyed, { what: 'the connection to be ended' });
  await eventually(() => streams.counts().open === 0, { what: 'all to be let go' });
});

test('a heartbeat takes a quiet stream on in the log: who comes back does not begin where it once did', async () => {
  const start = await now();
  const source = await open(`/events?cursor=${start}&type=database.failed`);
  await create('unheard');
  const { store } = api.context;
  await eventually(async () => {
    const last = source.lastEventId();
    return last !== '' && (await store.events.listTold(last, {}, 10)).events.length === 0;
  });
  await eventually(() => source.signs.comments > 0, { what: 'a heartbeat to be heard to its end' });
  expect(source.told).toEqual([]);
});

describe('the stream of an action', () => {
  test('ends by itself with the action; who comes back after that is told not to (204)', async () => {
    const { action } = await create('followed');
    const source = await open(`/actions/${action}/events`);
    await succeed(api, action);
    await eventually(() => source.isOver(), { what: 'the stream to end' });
    expect(typesOf(source)).toEqual(['action.queued', 'action.started', 'action.succeeded']);
    expect(source.dropped()).toBeNull();
    const again = await open(`/actions/${action}/events`, { lastEventId: source.lastEventId() });
    expect(again.status).toBe(204);
    const late = await open(`/actions/${action}/events`);
    await eventually(() => late.isOver());
    expect(typesOf(late)).toEqual(typesOf(source));
  });

  test('ends by itself also where the store was away as it ended; until that is known it is kept', async () => {
    const { action } = await create('unanswered');
    const source = await open(`/actions/${action}/events`);
    await toldSoMany(source, 1);
    const older = new Client({ connectionString: testStore.url });
    await older.connect();
    await older.query('BEGIN; SELECT pg_current_xact_id()'); // keeps the end from being read
    await succeed(api, action);
    await api.sql('ALTER TABLE actions RENAME TO actions_away');
    await older.query('ROLLBACK');
    await older.end();
    await toldSoMany(source, 3);
    const heard = source.signs.comments;
    await eventually(() => source.isOver() || source.signs.comments > heard + 2, { what: 'signs of life' });
    expect(source.isOver()).toBe(false);
    await api.sql('ALTER TABLE actions_away RENAME TO actions');
    await eventually(() => source.isOver(), { what: 'the stream to end' });
    expect(source.dropped()).toBeNull();
  });

  test('goes on when a failed one was retried meanwhile', async () => {
    const { action } = await create('retried');
    await api.context.store.actions.fail(await claim(api, action), 'engine_refused', 'no');
    await api.context.store.actions.retry(action);
    const source = await open(`/actions/${action}/events`);
    await toldSoMany(source, 4);
    await succeed(api, action);
    await eventually(() => source.isOver(), { what: 'the stream to end' });
    const first = ['action.queued', 'action.started', 'action.failed', 'action.retried'];
    expect(typesOf(source)).toEqual([...first, 'action.started', 'action.succeeded']);
  });
});

/** Sends a request by hand and returns its socket, without reading. */
function sendRaw(path: string, version: string, { url } = door, times = 1): Promise<Socket> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      const lines = [`GET /v1${path} HTTP/${version}`, `Host: ${hostname}`, `Authorization: Bearer ${token.reveal()}`];
      const request = [...lines, 'Accept: text/event-stream', 'Accept-Encoding: gzip', '', ''].join('\r\n');
      socket.write(request.repeat(times));
      resolve(socket);
    });
    socket.on('error', reject);
  });
}

test('a reader that takes nothing is dropped, told why and where it was, and counted; others go on meanwhile', async () => {
  const start = await now();
  const streams = openStreams(api.context.metrics, { drainMs: 300 });
  const impatient = await openDoor({ streams });
  // as many bytes as no socket takes without a reader
  await api.sql(
    `INSERT INTO events (id, type, team_id, action_id, server_id, data)
     SELECT 'evt_' || i, 'action.failed', $1, 'act', 'srv', jsonb_build_object('kind', 'database_create', 'attempt', 1,
       'hidden', false, 'code', 'internal', 'message', repeat('x', 100000)) FROM generate_series(1, 160) AS i`,
    [api.team.id],
  );
  const socket = await sendRaw(`/events?cursor=${start}`, '1.1', impatient);
  socket.pause();
  await eventually(() => streams.counts().dropped.slow === 1, { what: 'it to be dropped' });
  const other = await open(`/events?cursor=${start}`);
  await toldSoMany(other, 160);

  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  socket.resume();
  await eventually(() => socket.closed, { what: 'the connection to be closed' });
  const ids = [...text.matchAll(/"id":"(evt_\d+)"/g)].map(([, id]) => id);
  const { reason, cursor } = JSON.parse(/event: dropped\ndata: (.*)/.exec(text)?.[1] ?? '{}');
  expect(reason).toBe('slow');
  expect(ids.length).toBeLessThan(160);
  const rest = await open(`/events?cursor=${cursor}`);
  await toldSoMany(rest, 160 - ids.length);
  expect([...ids, ...rest.told.map(({ id }) => id)]).toEqual(other.told.map(({ id }) => id));
});

describe('a stream ends, saying why', () => {
  test.each<[string, (accessId: string) => Promise<unknown>]>([
    ['is revoked', (id) => api.context.store.accesses.revoke(id)],
    ['expires', (id) => api.sql(`UPDATE accesses SET expires_at = now() WHERE id = $1`, [id])],
    ['may not read any more', (id) => api.context.store.accesses.update(id, { scopes: ['admin'] })],
    ['is limited', (id) => api.context.store.accesses.update(id, { limit_environment_id: api.environmentId })],
  ])('when its token %s', async (_, change) => {
    const { access, token: own } = await makeAccess(api, { scopes: ['public'] });
    const source = await open('/events', { who: own });
    await change(access.id);
    await eventually(() => source.isOver(), { what: 'the stream to end' });
    expect(source.dropped()).toMatchObject({ reason: 'access', message: expect.stringContaining('token') });
  });

  test('when its process stops, which does not wait for it', async () => {
    const stopping = new AbortController();
    const other = await openDoor({ stopping: stopping.signal });
    const source = await openEventSource(`${other.url}/v1/events?cursor=now`, token);
    await create('before-the-stop');
    await toldSoMany(source, 3);
    stopping.abort();
    await other.close();
    await eventually(() => source.isOver());
    expect(source.dropped()).toMatchObject({ reason: 'stopping', cursor: source.lastEventId() });
  });
});

test('an access has so many streams, the process so many in all; one that ends makes room', async () => {
  for (let each = 0; each < BOUNDS.perAccess; each += 1) await open('/events?cursor=now');
  const refused = await open('/events?cursor=now');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '1']);
  const other = (await makeAccess(api, { scopes: ['public'] })).token;
  await open('/events?cursor=now', { who: other });
  await open('/events?cursor=now', { who: other });
  expect((await open('/events?cursor=now', { who: other })).status).toBe(429);
  await sources.shift()?.cut();
  await eventually(async () => (await open('/events?cursor=now')).status === 200);
});

test('all of them are woken by one connection of the process', async () => {
  const listeners = async () => {
    const client = new Client({ connectionString: testStore.url });
    await client.connect();
    const sql = `SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'berth listener'`;
    const { rows } = await client.query<{ count: number }>(sql);
    await client.end();
    return rows[0]?.count;
  };
  for (let each = 0; each < 5; each += 1) await open('/events?cursor=now');
  expect(await listeners()).toBe(1);
});

test('HEAD has the headers alone, HTTP/1.0 and gzip are streamed as they are', async () => {
  const head = await fetch(`${door.url}/v1/events`, {
    method: 'HEAD',
    headers: { authorization: `Bearer ${token.reveal()}`, accept: 'text/event-stream' },
  });
  expect([head.status, head.headers.get('content-type')]).toEqual([200, 'text/event-stream; charset=utf-8']);
  const { action } = await create('old-fashioned');
  await succeed(api, action);
  const socket = await sendRaw(`/actions/${action}/events`, '1.0');
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  await eventually(() => socket.closed, { what: 'the connection to be closed' });
  expect(text).toContain('"type":"action.succeeded"');
  expect(text).not.toMatch(/content-encoding|transfer-encoding/i);
});

test('an Accept without a preference is answered as JSON', async () => {
  const answer = await request(api.app).get('/v1/events?cursor=now').auth(token.reveal(), { type: 'bearer' });
  expect(answer.get('content-type')).toContain('application/json');
  expect(answer.body).toEqual({ data: [], next_cursor: expect.any(String), has_more: false });
});
