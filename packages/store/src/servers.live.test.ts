// Servers: registered once, active after a preflight, and chosen for a database where there is most room.
import { SERVER_STATES, type ServerState } from '@berth/core';
import { eventually } from '@berth/testing';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeEach(async () => {
  street = await openStreet();
});
afterEach(() => street?.close());

const FACTS = { identity: 'seen', version: '18.4', connectionsMax: 50, cannot: ['stand on its head'] };

const setState = (id: string, state: string) => street.sql('UPDATE servers SET state = $2 WHERE id = $1', [id, state]);

describe('becomeChecked', () => {
  it.each(SERVER_STATES)(
    'of a server that is %s: only an unchecked one becomes active, and only that is told',
    async (state) => {
      const after: Record<ServerState, ServerState> = {
        unchecked: 'active',
        active: 'active',
        draining: 'draining',
        offline: 'offline',
      };
      await setState(street.serverId, state);
      const since = await street.lastEvent();
      await street.store.servers.becomeChecked(street.serverId, FACTS);
      const server = await street.store.servers.find(street.serverId);
      expect(server).toMatchObject({ state: after[state], identity: 'seen', version: '18.4', connections_max: 50 });
      expect(server?.cannot).toEqual(FACTS.cannot);
      const told = (await street.events(since)).map((event) => event.type);
      expect(told).toEqual(state === 'unchecked' ? ['server.active'] : []);
    },
  );

  it('refuses a server that is registered under another address, and changes nothing', async () => {
    const other = await makeServer(street.store, street.poolId, 'other');
    const since = await street.lastEvent();
    const again = street.store.servers.becomeChecked(other, { ...FACTS, identity: 'first' });
    await expect(again).rejects.toMatchObject({ code: 'name_taken' });
    expect(await street.store.servers.find(other)).toMatchObject({ identity: 'other', version: '18' });
    expect(await street.events(since)).toEqual([]);
  });
});

describe('a registration', () => {
  const insert = (change: { name?: string; host?: string; port?: number }) => {
    const rest = { engine: 'postgresql', poolId: street.poolId, tls: 'disable', adminSealed: 's', sizeBytesMax: null };
    const id = street.store.servers.newId();
    return street.store.servers.insert({ id, name: 'new', host: 'new.example.org', port: 5432, ...rest, ...change });
  };

  it('is unchecked, with its event', async () => {
    const since = await street.lastEvent();
    expect(await insert({})).toMatchObject({ state: 'unchecked', identity: null });
    expect((await street.events(since)).map((event) => event.type)).toEqual(['server.registered']);
  });

  it('refuses a name and an address that are registered, naming the field', async () => {
    await expect(insert({ name: 'first' })).rejects.toMatchObject({ code: 'name_taken', fields: [{ field: 'name' }] });
    const address = { code: 'name_taken', fields: [{ field: 'admin_url' }] };
    await expect(insert({ host: 'first.example.org' })).rejects.toMatchObject(address);
    const both = await Promise.allSettled(['twin', 'other twin'].map((twin) => insert({ name: twin, host: 'twin' })));
    expect(both.find(({ status }) => status === 'rejected')).toMatchObject({ reason: address });
    await insert({ host: 'first.example.org', port: 5433 });
  });

  it('on a registered address is told whose it is, in what state, and how a wrong login of it is corrected', async () => {
    const first = await insert({ name: 'mistyped', host: 'mistyped.example.org' });
    const refusal = {
      message: `The address mistyped.example.org:5432 is server mistyped (${first.id}), unchecked.`,
      fields: [{ message: expect.stringContaining(`PATCH /v1/servers/${first.id} {"admin_url": …}, or DELETE it.`) }],
    };
    await expect(insert({ name: 'mistyped', host: 'mistyped.example.org' })).rejects.toMatchObject(refusal);
    const admin = { port: 5432, tls: 'disable', caCertificate: null, adminSealed: 's', openDatabases: [] };
    const change = { host: 'mistyped.example.org', ...admin };
    await expect(street.store.servers.changeAdmin(street.serverId, change)).rejects.toMatchObject(refusal);
    await street.store.servers.changeAdmin(first.id, change);
    await street.store.servers.remove(first.id);
    await insert({ name: 'mistyped', host: 'mistyped.example.org' });
  });
});

describe('the rooms', () => {
  const list = async (change: { engine?: string; environmentId?: string; poolId?: string | null } = {}) =>
    street.store.servers.listRooms({
      engine: 'postgresql',
      environmentId: street.environmentId,
      poolId: null,
      ...change,
    });
  const names = (rooms: { name: string }[]) => rooms.map(({ name }) => name);

  it('count each database with its plan until it is really deleted', async () => {
    const empty = (await list())[0];
    expect(empty).toMatchObject({ reservedBytes: 0n, reservedConnections: 0, databases: 0 });
    const { id } = await street.database();
    const [{ plan_id: planId } = { plan_id: '' }] = await street.sql('SELECT plan_id FROM databases WHERE id = $1', [
      id,
    ]);
    const [plan] = await street.sql('SELECT * FROM plans WHERE id = $1', [planId]);
    const taken = { reservedBytes: BigInt(String(plan?.size_bytes_max)), reservedConnections: plan?.connections_max };
    expect((await list())[0]).toMatchObject({ ...taken, databases: 1 });
    await street.store.databases.acceptDelete(id);
    expect((await list())[0]).toMatchObject({ ...taken, databases: 1 });
    await street.store.databases.becomeDeleted(id);
    expect((await list())[0]).toEqual(empty);
  });

  it('are of one engine, environment and pool, or of the server that is named; the oldest first', async () => {
    const { catalog } = street.store;
    const production = await catalog.ensureEnvironment('production');
    const pool = await catalog.ensurePool('second pool', 'postgresql', street.environmentId);
    expect(await list({ engine: 'mysql' })).toEqual([]);
    expect(await list({ environmentId: production.id })).toEqual([]);
    expect(await list({ poolId: pool.id })).toEqual([]);
    const second = await makeServer(street.store, pool.id, 'second');
    expect(names(await list())).toEqual(['first', 'second']);
    expect(names(await list({ poolId: pool.id }))).toEqual(['second']);
    expect(names(await street.store.servers.listRooms({ serverId: second }))).toEqual(['second']);
  });

  it('show what is not active too, and say so', async () => {
    for (const state of ['unchecked', 'draining', 'offline']) {
      await setState(street.serverId, state);
      expect((await list())[0]).toMatchObject({ state });
    }
  });

  it('are locked in the pool that a server is in by then, not in the one that it was moved from', async () => {
    const { catalog, servers, transaction } = street.store;
    const target = await catalog.ensurePool('target', 'postgresql', street.environmentId);
    const { waiting } = await transaction(async (tx) => {
      await tx.servers.lockWithPool(street.serverId, target.id);
      await tx.servers.update(street.serverId, { pool_id: target.id });
      const late = transaction(async (other) => {
        await other.servers.lockRooms({ serverId: street.serverId });
        const third = street.store.briefly((own) => own.servers.lockRooms({ serverId: street.serverId }));
        return third.catch((error: unknown) => error);
      });
      const sql = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await eventually(async () => (await street.sql(sql)).length > 0, { what: 'the other to wait' });
      return { waiting: late };
    });
    expect(await waiting).toMatchObject({ code: '55P03' }); // lock_not_available: somebody has it
    expect(await servers.find(street.serverId)).toMatchObject({ pool_id: target.id });
  });
});
