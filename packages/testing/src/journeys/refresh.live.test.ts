// A look at all databases of a server: what it brings, what it costs when many ask, and that it stands in nobody's way.
import { lookAtServers, refreshServer, request, run, serverRefresh } from '@berth/actions';
import { Secret, UNREACHABLE_MS_MAX } from '@berth/core';
import type { Engine, SeenDatabase } from '@berth/engines/contract';
import { postgresql } from '@berth/engines/postgresql';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { testServers } from '../stack';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const sql = <T extends object>(text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<T>(text, values)).rows);

/** Its id, made and with one login. */
async function made(): Promise<{ databaseId: string; credentialId: string }> {
  count += 1;
  const action = await journey.requestDatabase(`looked_${process.pid}_${count}`);
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  return { databaseId: action.database_id ?? '', credentialId: action.credential_id ?? '' };
}

async function refresh() {
  const { id } = await request(journey.context, serverRefresh, { serverId: journey.serverId }, journey.access);
  return journey.runHere(id);
}

test('tells size, users and sessions of each database, from when they are, and changes nothing else of it', async () => {
  const { databaseId, credentialId } = await made();
  const before = await journey.context.store.databases.find(databaseId);
  expect(before).toMatchObject({ users: null, sessions: null, refreshed_at: null });
  await withClient(await journey.uriOf(credentialId), async (inside) => {
    await inside.query(`CREATE TABLE filled AS SELECT repeat('x', 1000) FROM generate_series(1, 1000)`);
    const action = await refresh();
    expect(action).toMatchObject({ state: 'succeeded', database_id: null, steps: [{ name: 'observe_databases' }] });
    // of the whole server, on which other files have theirs
    const evidence = expect.objectContaining({
      databases: expect.any(Number),
      sessions: expect.any(Number),
      size_bytes: expect.any(Number),
    });
    expect(action.steps[0]).toMatchObject({ state: 'succeeded', evidence });
  });
  const after = await journey.context.store.databases.find(databaseId);
  expect(Number(after?.size_bytes)).toBeGreaterThan(Number(before?.size_bytes) + 1_000_000);
  const seen = { users: 1, sessions: 1, charset: 'UTF8', over_quota_at: null };
  expect(after).toMatchObject({ ...seen, refreshed_at: expect.any(Date), state: 'available' });
});

test('a database that outgrew its plan is told of once, however often it is looked at', async () => {
  const { databaseId } = await made();
  await sql('UPDATE plans SET size_bytes_max = 1000 WHERE id = (SELECT plan_id FROM databases WHERE id = $1)', [
    databaseId,
  ]);
  for (let times = 0; times < 3; times += 1) expect(await refresh()).toMatchObject({ state: 'succeeded' });
  const told = `SELECT data FROM events WHERE type = 'database.over_quota' AND database_id = $1`;
  expect(await sql(told, [databaseId])).toEqual([{ data: expect.objectContaining({ size_bytes_max: 1000 }) }]);
});

test('numbers that cannot be are named and not believed, and keep nobody else from being measured', async () => {
  const [strange, other] = [await made(), await made()];
  const lying: Engine = {
    ...postgresql,
    async open(admin, options) {
      const session = await postgresql.open(admin, options);
      const lie = (seen: SeenDatabase) => (seen.id === strange.databaseId ? { ...seen, sizeBytes: 1e21 } : seen);
      return { ...session, observeDatabases: async () => (await session.observeDatabases()).map(lie) };
    },
  };
  const { context } = journey;
  const { id } = await request(context, serverRefresh, { serverId: journey.serverId }, journey.access);
  await run(context, { engine: lying, holder: 'one', stopping: new AbortController().signal }, id);
  const action = await context.store.actions.find(id);
  const evidence = expect.objectContaining({ impossible: [expect.stringMatching(/^looked_/)] });
  expect(action).toMatchObject({ state: 'succeeded', steps: [{ state: 'succeeded', evidence }] });
  const refreshedAt = async (databaseId: string) => (await context.store.databases.find(databaseId))?.refreshed_at;
  expect(await refreshedAt(strange.databaseId)).toBeNull();
  expect(await refreshedAt(other.databaseId)).toEqual(expect.any(Date));
});

describe('whoever asks for one at the same time as others', () => {
  /** The engine, with a count of its looks, each of which waits for `go`. */
  function counting(go: Promise<void>) {
    const looks = { count: 0 };
    const engine: Engine = {
      ...postgresql,
      async open(admin, options) {
        const session = await postgresql.open(admin, options);
        const observeDatabases = async () => {
          looks.count += 1;
          await go;
          return session.observeDatabases();
        };
        return { ...session, observeDatabases };
      },
    };
    return { engine, looks };
  }

  const openRefresh = async () => {
    const { actions } = journey.context.store;
    return eventually(async () => (await actions.findOpenOfServer(journey.serverId, 'server_refresh'))?.id, {
      what: 'a refresh to be asked for',
    });
  };

  test('fifty at once cost one look, and each is told when it has ended', async () => {
    await made();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    const { engine, looks } = counting(gate);
    const [before] = await sql<{ count: string }>(`SELECT count(*) FROM actions WHERE kind = 'server_refresh'`);
    const asked = Array.from({ length: 50 }, () => refreshServer(journey.context, journey.serverId, 20_000));
    const id = await openRefresh();
    const options = { engine, holder: 'one', stopping: new AbortController().signal };
    const running = Promise.all([run(journey.context, options, id), run(journey.context, options, id)]);
    await eventually(() => looks.count > 0, { what: 'the look to begin' });
    go();
    expect(new Set(await Promise.all(asked))).toEqual(new Set([true]));
    await running;
    expect(looks.count).toBe(1);
    const [after] = await sql<{ count: string }>(`SELECT count(*) FROM actions WHERE kind = 'server_refresh'`);
    expect(Number(after?.count)).toBe(Number(before?.count) + 1);
  });

  test('waits no longer than it said, and leaves the look to whoever comes to it', async () => {
    expect(await refreshServer(journey.context, journey.serverId, 50)).toBe(false);
    expect(await journey.runHere(await openRefresh())).toMatchObject({ state: 'succeeded' });
  });

  test('is not kept waiting for a server that is offline, and asks it nothing', async () => {
    const { store } = journey.context;
    await store.servers.turn(journey.serverId, 'offline');
    try {
      expect(await refreshServer(journey.context, journey.serverId, UNREACHABLE_MS_MAX)).toBe(false);
      expect(await store.actions.findOpenOfServer(journey.serverId, 'server_refresh')).toBeNull();
    } finally {
      await store.servers.turn(journey.serverId, 'active');
    }
  });

  test('is not kept waiting for a server that no preflight has passed yet, and asks it nothing', async () => {
    const { store } = journey.context;
    const [row] = await sql<{ checked_at: Date }>('SELECT checked_at FROM servers WHERE id = $1', [journey.serverId]);
    const set = `UPDATE servers SET state = $2, checked_at = $3 WHERE id = $1`;
    await sql(set, [journey.serverId, 'unchecked', null]);
    try {
      expect(await refreshServer(journey.context, journey.serverId, 5_000)).toBe(false);
      expect(await store.actions.findOpenOfServer(journey.serverId, 'server_refresh')).toBeNull();
    } finally {
      await sql(set, [journey.serverId, 'active', row?.checked_at]);
    }
  });
});

test('takes no lock on the server: whoever works there under its name goes on', async () => {
  const { hostname, port, username, password } = new URL(testServers().postgresqlUrl);
  const place = { host: hostname, port: Number(port), tls: 'disable' as const };
  const login = { username, password: new Secret(decodeURIComponent(password)) };
  const admin = await postgresql.open({ ...place, ...login }, { leftMs: () => 20_000 });
  await admin.lock(journey.serverId);
  expect(await refresh()).toMatchObject({ state: 'succeeded' });
  await expect(admin.observeServer()).resolves.toMatchObject({ lacks: [] });
  await admin.close();
});

test('maintenance asks for one where none was asked for since long enough, and then no more', async () => {
  const { context } = journey;
  const openOnes = () => sql(`SELECT FROM actions WHERE kind = 'server_refresh' AND state = 'queued'`);
  await sql(`UPDATE actions SET created_at = now() - interval '2 hours' WHERE kind = 'server_refresh'`);
  expect(await lookAtServers(context, 3_600_000)).toBe(1);
  expect(await lookAtServers(context, 3_600_000)).toBe(0);
  const [open] = await Promise.all([openOnes(), lookAtServers(context, 1)]); // one that is under way is enough
  expect(open).toHaveLength(1);
  expect(await openOnes()).toHaveLength(1);
});
