// What a look at a server leaves in the store, and when a database is told to be larger than its plan allows.
import { eventually } from '@berth/testing';
import type { Refreshed } from './refreshes';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

/** The plan of the street allows this much. */
const SIZE_MAX = 1_000;

const seen = (id: string, sizeBytes: number): Refreshed => ({
  ...{ id, sizeBytes, users: 2, sessions: 3, charset: 'UTF8', collation: 'C' },
});

async function available(): Promise<string> {
  const { id } = await street.database();
  await street.store.databases.becomeAvailable(id, { sizeBytes: 1, charset: 'LATIN1', collation: 'POSIX' });
  return id;
}

const look = (id: string, sizeBytes: number) => record([seen(id, sizeBytes)]);
const record = async (all: Refreshed[], serverId = street.serverId) =>
  street.store.servers.recordRefresh(serverId, all, await street.store.now());

describe('what a look saw', () => {
  it('is kept of what can be used or is kept, with the time, and of nothing else', async () => {
    const ids = [await available(), await available(), (await street.database()).id];
    const [usable = '', kept = '', unmade = ''] = ids;
    await street.store.databases.becomeQuarantined(kept, 3);
    const told = await record([...ids, 'db_nobody'].map((id) => seen(id, 500)));
    expect(told).toEqual({ databases: 2, overQuota: 0 });
    for (const id of [usable, kept]) {
      expect(await street.store.databases.find(id)).toMatchObject({
        ...{ size_bytes: 500n, users: 2, sessions: 3, charset: 'UTF8', collation: 'C', over_quota_at: null },
        refreshed_at: expect.any(Date),
      });
    }
    expect(await street.store.databases.find(unmade)).toMatchObject({ size_bytes: null, refreshed_at: null });
    expect((await street.store.servers.find(street.serverId))?.refreshed_at).not.toBeNull();
  });

  it.each<[string, Partial<Refreshed>]>([
    ['a size that no number of the store holds', { sizeBytes: 1e21 }],
    ['a size below zero', { sizeBytes: -1 }],
    ['half a byte', { sizeBytes: 0.5 }],
    ['no number', { sizeBytes: Number.NaN }],
    ['a size without end', { sizeBytes: Number.POSITIVE_INFINITY }],
    ['more users than can be counted', { users: 2 ** 31 }],
    ['sessions below zero', { sessions: -1 }],
  ])('leaves a database as it was of which a server tells %s, and keeps what is told of others', async (_, told) => {
    const [strange, other] = [await available(), await available()];
    await look(strange, 7);
    expect(await record([{ ...seen(strange, 8), ...told }, seen(other, 9)])).toEqual({ databases: 1, overQuota: 0 });
    expect(await street.store.databases.find(strange)).toMatchObject({ size_bytes: 7n, users: 2, sessions: 3 });
    expect(await street.store.databases.find(other)).toMatchObject({ size_bytes: 9n });
  });

  it('leaves charset and collation as they were where the engine has none', async () => {
    const id = await available();
    await record([{ ...seen(id, 1), charset: null, collation: null }]);
    expect(await street.store.databases.find(id)).toMatchObject({ charset: 'LATIN1', collation: 'POSIX' });
  });

  it('gives way to what an action measured meanwhile, and raises no alarm over it', async () => {
    const since = await street.store.now();
    await eventually(async () => (await street.store.now()).getTime() > since.getTime() + 2); // beyond the grain of its clock
    const id = await available();
    const late = await street.store.servers.recordRefresh(street.serverId, [seen(id, SIZE_MAX * 5)], since);
    expect(late).toEqual({ databases: 0, overQuota: 0 });
    expect(await street.store.databases.find(id)).toMatchObject({ size_bytes: 1n, over_quota_at: null });
  });

  it('is kept of what was measured in the millisecond before it: the store keeps times rounded, and tells them cut off', async () => {
    const id = await available();
    const since = await street.store.now();
    const measured = (laterMs: number) =>
      street.sql(`UPDATE databases SET measured_at = $2::timestamptz + $3 * interval '1 ms' WHERE id = $1`, [
        ...[id, since, laterMs],
      ]);
    const written = async () =>
      (await street.store.servers.recordRefresh(street.serverId, [seen(id, 5)], since)).databases;
    await measured(1);
    expect(await written()).toBe(1);
    await measured(2);
    expect(await written()).toBe(0);
  });

  it('of a server that was taken out leaves no time of a look', async () => {
    const gone = await makeServer(street.store, street.poolId, 'gone');
    await street.store.servers.remove(gone);
    await record([], gone);
    const sql = 'SELECT refreshed_at FROM servers WHERE id = $1';
    expect(await street.sql(sql, [gone])).toEqual([{ refreshed_at: null }]);
  });

  it('says nothing of a database on another server that bears the same id', async () => {
    const id = await available();
    const other = await makeServer(street.store, street.poolId, 'another');
    expect(await record([seen(id, 999)], other)).toEqual({ databases: 0, overQuota: 0 });
    expect(await street.store.databases.find(id)).toMatchObject({ size_bytes: 1n, refreshed_at: null });
  });
});

describe('a database larger than its plan allows', () => {
  const told = async (id: string) =>
    street.sql(
      `SELECT data, team_id, server_id FROM events WHERE type = 'database.over_quota' AND database_id = $1 ORDER BY number`,
      [id],
    );

  it('is told once when it passes, and again only after it fell below nine tenths', async () => {
    const id = await available();
    const steps: [number, number, boolean][] = [
      [SIZE_MAX, 0, false],
      [SIZE_MAX + 1, 1, true],
      [SIZE_MAX + 500, 1, true],
      [SIZE_MAX - 50, 1, true],
      [SIZE_MAX + 1, 1, true],
      [900, 1, true],
      [SIZE_MAX + 1, 1, true],
      [899, 1, false],
      [950, 1, false],
      [SIZE_MAX + 1, 2, true],
    ];
    for (const [size, count, isOver] of steps) {
      await look(id, size);
      const row = await street.store.databases.find(id);
      expect([size, (await told(id)).length, row?.over_quota_at !== null]).toEqual([size, count, isOver]);
    }
    expect((await told(id))[0]).toEqual({
      team_id: street.teamId,
      server_id: street.serverId,
      data: expect.objectContaining({ state: 'available', size_bytes: 1_001, size_bytes_max: SIZE_MAX, hidden: false }),
    });
  });

  it('is over since the first look that saw it, however often it is looked at', async () => {
    const id = await available();
    await look(id, SIZE_MAX + 1);
    const since = (await street.store.databases.find(id))?.over_quota_at;
    await look(id, SIZE_MAX + 2);
    expect((await street.store.databases.find(id))?.over_quota_at).toEqual(since);
    expect(since).toEqual(expect.any(Date));
  });

  it('is told once by looks that race, and each of several with an event of its own', async () => {
    const ids = [await available(), await available(), await available()];
    const all = ids.map((id) => seen(id, 5_000));
    const race = (then: () => Promise<void>) =>
      street.store.transaction(async (tx) => {
        const { overQuota } = await tx.servers.recordRefresh(street.serverId, all, await street.store.now());
        await then();
        return overQuota;
      });
    const waiting = () =>
      street.sql(`SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`);
    let second: Promise<number> | null = null;
    const first = await race(async () => {
      second = race(async () => {});
      await eventually(async () => (await waiting()).length > 0, { what: 'the second look to wait for the first' });
    });
    expect([first, await second]).toEqual([3, 0]);
    for (const id of ids) expect(await told(id)).toHaveLength(1);
  });

  it('begins anew with another plan', async () => {
    const id = await available();
    await look(id, 5_000);
    const larger = { name: 'larger', engine: 'postgresql', sizeBytesMax: 5_100n, connectionsMax: 5 } as const;
    const { id: planId } = await street.store.catalog.ensurePlan(larger);
    await street.store.databases.update(id, { pendingPlanId: planId });
    await street.store.databases.adoptPendingPlan(id, { sizeBytes: 5_000, charset: 'UTF8', collation: 'C' });
    expect((await street.store.databases.find(id))?.over_quota_at).toBeNull();
    await look(id, 5_050);
    expect(await told(id)).toHaveLength(1);
    await look(id, 5_200);
    expect(await told(id)).toHaveLength(2);
  });
});

describe('which servers are to be looked at', () => {
  const HOUR_MS = 3_600_000;
  const due = () => street.store.servers.listToLookAt('server_refresh', HOUR_MS, 100);

  it('those in use that were not for an hour, give or take a tenth; not while a look is under way', async () => {
    const [fresh, old, open, offline, unchecked, out, draining] = await Promise.all(
      ['fresh', 'old', 'open', 'offline', 'unchecked', 'out', 'draining'].map((name) =>
        makeServer(street.store, street.poolId, name),
      ),
    );
    const { actions, servers } = street.store;
    const asked = async (serverId = '', minutesAgo = 0, state = 'succeeded') => {
      const { id } = await street.action(null, { kind: 'server_refresh', serverId });
      const sql = `UPDATE actions SET created_at = now() - $2 * interval '1 minute', state = $3::text,
        ended_at = CASE WHEN $3 = 'queued' THEN NULL ELSE now() END WHERE id = $1`;
      await street.sql(sql, [id, minutesAgo, state]);
      return actions.find(id);
    };
    await asked(fresh, 53);
    await asked(old, 67);
    await asked(open, 600, 'queued');
    await servers.turn(offline ?? '', 'offline');
    await servers.remove(out ?? '');
    await servers.turn(draining ?? '', 'draining');
    await street.sql(`UPDATE servers SET state = 'unchecked', checked_at = NULL WHERE id = $1`, [unchecked]);
    const ids = await due();
    expect(ids).toContain(street.serverId); // never yet
    expect(ids).toContain(old);
    expect(ids).toContain(draining); // its databases are still there
    for (const id of [fresh, open, offline, unchecked, out]) expect(ids).not.toContain(id);
  });

  it('those that were looked at at the same time are not all due at the same time', async () => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) => makeServer(street.store, street.poolId, `many-${index}`)),
    );
    for (const serverId of ids) {
      const { id } = await street.action(null, { kind: 'server_refresh', serverId });
      await street.sql(
        `UPDATE actions SET state = 'succeeded', ended_at = now(), created_at = now() - interval '60 minutes' WHERE id = $1`,
        [id],
      );
    }
    const now = await due();
    const some = ids.filter((id) => now.includes(id));
    expect(some.length).toBeGreaterThan(0);
    expect(some.length).toBeLessThan(ids.length);
  });

  it('no more than were asked for, and of those that are due the ones that wait longest: never looked at, then longest ago', async () => {
    const ids = await Promise.all(
      ['b', 'a', 'c'].map((name) => makeServer(street.store, street.poolId, `turn-${name}`)),
    );
    const [second, first, never] = ids;
    for (const [serverId, hoursAgo] of [
      [second, 5_000],
      [first, 6_000],
    ]) {
      const { id } = await street.action(null, { kind: 'server_refresh', serverId: String(serverId) });
      const sql = `UPDATE actions SET state = 'succeeded', ended_at = now(), created_at = now() - $2 * interval '1 hour' WHERE id = $1`;
      await street.sql(sql, [id, hoursAgo]);
    }
    const all = (await due()).filter((id) => ids.includes(id));
    expect(all).toEqual([never, first, second]);
    expect(await street.store.servers.listToLookAt('server_refresh', HOUR_MS, 2)).toHaveLength(2);
  });
});
