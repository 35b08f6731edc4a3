// Servers: registered once, active after a preflight, and chosen for a database where there is most room.
import { SERVER_STATES, type ServerState } from '@berth/core';
import { makeServer, openStreet, type Street } from './street.fixture';

let street: Street;

beforeEach(async () => {
  street = await openStreet();
});
afterEach(() => street?.close());

const FACTS = { identity: 'seen', version: '18.4', connectionsMax: 50 };

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
    await insert({ host: 'first.example.org', port: 5433 });
  });
});

describe('chooseForDatabase', () => {
  const choose = (change: { engine?: string; environmentId?: string; poolId?: string | null } = {}) =>
    street.store.transaction((tx) =>
      tx.servers.chooseForDatabase({
        engine: 'postgresql',
        environmentId: street.environmentId,
        poolId: null,
        ...change,
      }),
    );

  it('takes the server with the fewest living databases, the oldest of equals, again and again', async () => {
    const second = await makeServer(street.store, street.poolId, 'second');
    const chosen: string[] = [];
    for (let index = 0; index < 4; index += 1) {
      const server = await choose();
      chosen.push(server?.name ?? '');
      expect((await choose())?.id).toBe(server?.id); // looking changes nothing
      await street.database({ serverId: server?.id ?? '' });
    }
    expect(chosen).toEqual(['first', 'second', 'first', 'second']);
    const [one] = (await street.store.databases.list({ serverId: second }, { cursor: null, limit: 1 })).data;
    await street.store.databases.becomeDeleted(one?.id ?? '');
    expect((await choose())?.name).toBe('second');
  });

  it('counts a database until it is really deleted', async () => {
    await makeServer(street.store, street.poolId, 'second');
    const { id } = await street.database();
    await street.store.databases.acceptDelete(id);
    expect((await choose())?.name).toBe('second');
    await street.store.databases.becomeDeleted(id);
    expect((await choose())?.name).toBe('first');
  });

  it('takes none that is not active', async () => {
    for (const state of ['unchecked', 'draining', 'offline']) {
      await setState(street.serverId, state);
      expect(await choose()).toBeNull();
    }
  });

  it('takes none of another engine, environment or pool', async () => {
    const { catalog } = street.store;
    const production = await catalog.ensureEnvironment('production');
    const pool = await catalog.ensurePool('second pool', 'postgresql', street.environmentId);
    expect(await choose({ engine: 'mysql' })).toBeNull();
    expect(await choose({ environmentId: production.id })).toBeNull();
    expect(await choose({ poolId: pool.id })).toBeNull();
    expect(await choose({ poolId: street.poolId })).not.toBeNull();
    await makeServer(street.store, pool.id, 'second');
    expect((await choose({ poolId: pool.id }))?.name).toBe('second');
  });

  it('lets one request at a time choose: ten at once are spread evenly', async () => {
    const ids = [street.serverId, await makeServer(street.store, street.poolId, 'second')];
    const where = { engine: 'postgresql', environmentId: street.environmentId, poolId: null };
    await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        street.store.transaction(async (tx) => {
          const serverId = (await tx.servers.chooseForDatabase(where))?.id ?? '';
          const database = { ...street, id: tx.databases.newId(), serverId, engine: 'postgresql', accessId: null };
          const names = { name: `many_${index}`, engineName: `many_${index}`, ownerLogin: 'none' as const, labels: {} };
          await tx.databases.insert({ ...database, ...names });
        }),
      ),
    );
    const list = (serverId: string) => street.store.databases.list({ serverId }, { cursor: null, limit: 100 });
    expect((await Promise.all(ids.map(list))).map((each) => each.data.length)).toEqual([5, 5]);
  });
});
