// What somebody else made on the server under a name that was asked for stays as it is: ours gets another name, and the
// name that holds is the one that is stored.
import { idTail, PlatformError } from '@berth/core';
import { eventually, openTestPostgresql, type TestPostgresql } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { runAction } from '@berth/testing/run-action';
import { credentialCreate, databaseCreate, databaseDelete } from './kinds';
import { request } from './request';

let server: TestPostgresql;
let journey: Journey;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const onServer = (sql: string, database = 'postgres') =>
  withClient(server.url(database).reveal(), async (client) => (await client.query<Record<string, unknown>>(sql)).rows);

async function makeForeign(name: string): Promise<void> {
  await onServer(`CREATE ROLE "${name}" LOGIN PASSWORD 'theirs'`);
  await onServer(`CREATE DATABASE "${name}"`);
  await onServer('CREATE TABLE theirs AS SELECT 42 AS answer', name);
}

/** All that Berth could have changed of them. */
async function foreign(name: string): Promise<unknown> {
  return [
    await onServer(
      `SELECT *, shobj_description(oid, 'pg_database') AS text FROM pg_database WHERE datname = '${name}'`,
    ),
    await onServer(`SELECT *, shobj_description(oid, 'pg_authid') AS text FROM pg_authid WHERE rolname = '${name}'`),
    await onServer('SELECT answer FROM theirs', name),
  ];
}

async function create(name: string) {
  const asked = await journey.requestDatabase(name);
  const { databases, credentials } = journey.context.store;
  return {
    ...asked,
    database: () => databases.find(asked.database_id ?? ''),
    credential: () => credentials.find(asked.credential_id ?? ''),
  };
}

const drop = async (databaseId: string | null) => {
  const asked = await request(journey.context, databaseDelete, { databaseId: databaseId ?? '' }, journey.access);
  return journey.runHere(asked.id);
};

describe('a database and a login whose names somebody else has on the server', () => {
  it('get other names, which are stored, work, and are dropped again; theirs stay as they are', async () => {
    await makeForeign('shop');
    const before = await foreign('shop');
    const made = await create('shop');
    expect(await made.database()).toMatchObject({ engine_name: 'shop' }); // nobody has looked at the server yet
    expect(await journey.runHere(made.id)).toMatchObject({ state: 'succeeded' });
    const name = `shop_${idTail(made.database_id ?? '')}`;
    const login = `shop_${idTail(made.credential_id ?? '')}`;
    expect(await made.database()).toMatchObject({ name: 'shop', engine_name: name, state: 'available' });
    expect(await made.credential()).toMatchObject({ engine_username: login, state: 'active' });
    const uri = await journey.uriOf(made.credential_id ?? '');
    const { rows } = await withClient(uri, (client) =>
      client.query('SELECT current_database() AS name, session_user AS login'),
    );
    expect(rows).toEqual([{ name, login }]);
    expect(await foreign('shop')).toEqual(before);

    expect(await drop(made.database_id)).toMatchObject({ state: 'succeeded' });
    expect(await onServer(`SELECT datname FROM pg_database WHERE datname LIKE 'shop%'`)).toEqual([{ datname: 'shop' }]);
    expect(await onServer(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'shop%'`)).toEqual([{ rolname: 'shop' }]);
    expect(await foreign('shop')).toEqual(before);
  });

  it('fail for good where the other names are taken too; the delete succeeds and leaves theirs', async () => {
    const made = await create('twice');
    const names = ['twice', `twice_${idTail(made.database_id ?? '')}`];
    for (const name of names) await makeForeign(name);
    const before = await Promise.all(names.map(foreign));
    expect(await journey.runHere(made.id)).toMatchObject({ state: 'failed', error_code: 'taken_on_server' });
    expect(await made.database()).toMatchObject({ state: 'failed' });
    expect(await made.credential()).toMatchObject({ state: 'failed' });
    expect(await drop(made.database_id)).toMatchObject({ state: 'succeeded' });
    expect(await made.database()).toMatchObject({ state: 'deleted' });
    expect(await made.credential()).toMatchObject({ state: 'deleted', secret_sealed: null });
    expect(await Promise.all(names.map(foreign))).toEqual(before);
  });

  it('are given once, also when the attempt that gave them died right after', async () => {
    await makeForeign('again');
    const made = await create('again');
    const died = await runAction(journey.context, made.id, {
      onMoment: async (moment, step) => {
        if (moment === 'recorded' && step === 'reserve_names') throw new PlatformError('server_unreachable', 'Away.');
      },
    });
    expect(died.state).toBe('queued');
    const first = await made.database();
    await withClient(journey.storeUrl, (client) => client.query('UPDATE actions SET not_before = NULL'));
    expect(await journey.runHere(made.id)).toMatchObject({ state: 'succeeded', claim: 2 });
    expect((await made.database())?.engine_name).toBe(first?.engine_name);
    expect(first?.engine_name).toBe(`again_${idTail(made.database_id ?? '')}`);
  });
});

describe('a login alone', () => {
  it('gets another name where somebody else has the one that was asked for', async () => {
    await makeForeign('guest');
    const before = await foreign('guest');
    const made = await create('garden');
    await journey.runHere(made.id);
    const input = { databaseId: made.database_id ?? '', username: 'guest' };
    const asked = await request(journey.context, credentialCreate, input, journey.access);
    expect(await journey.runHere(asked.id)).toMatchObject({ state: 'succeeded' });
    const credential = await journey.context.store.credentials.find(asked.credential_id ?? '');
    const engineUsername = `guest_${idTail(asked.credential_id ?? '')}`;
    expect(credential).toMatchObject({ username: 'guest', engine_username: engineUsername });
    await withClient(await journey.uriOf(asked.credential_id ?? ''), (client) => client.query('SELECT 1'));
    expect(await foreign('guest')).toEqual(before);
  });
});

describe('a name that is held in the store', () => {
  it('is not given to another one on that server, whoever asks, until the first is really gone', async () => {
    const first = await create('held');
    await journey.runHere(first.id);
    const asked = await request(
      journey.context,
      databaseDelete,
      { databaseId: first.database_id ?? '' },
      journey.access,
    );
    const second = await create('held'); // the asked name is free, the one on the server is not yet
    expect((await second.database())?.engine_name).toBe(`held_${idTail(second.database_id ?? '')}`);
    expect((await second.credential())?.engine_username).not.toBe('held');
    expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.runHere(asked.id)).toMatchObject({ state: 'succeeded' });
    const third = await create('held_again');
    expect((await third.database())?.engine_name).toBe('held_again');
    await withClient(await journey.uriOf(second.credential_id ?? ''), (client) => client.query('SELECT 1'));
  });

  it('is free to be asked for again at once, also when the first had to take other names', async () => {
    await makeForeign('moved');
    const first = await create('moved');
    expect(await journey.runHere(first.id)).toMatchObject({ state: 'succeeded' });
    await request(journey.context, databaseDelete, { databaseId: first.database_id ?? '' }, journey.access);
    const second = await create('moved');
    expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
  });

  it('goes to one of two requests that choose at the same moment, pinned to the server or not', async () => {
    const { clock, keyRing, store } = journey.context;
    const { second } = await store.transaction(async (tx) => {
      const pinned = {
        name: 'both',
        ownerLogin: 'auto' as const,
        environment: 'production',
        serverId: journey.serverId,
      };
      await databaseCreate.plan(
        {
          tx,
          clock,
          keyRing,
          requester: journey.access,
          hiddenQuarantine: [],
          locksFirst: false,
          cancelQueued: async () => {},
        },
        pinned,
      );
      const racing = journey.requestDatabase('both'); // cannot see what is not committed
      const waiting =
        'SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()';
      const look = () => withClient(journey.storeUrl, async (client) => (await client.query(waiting)).rows.length > 0);
      await eventually(look, { what: 'the second to wait for the first' });
      return { second: racing };
    });
    expect(await second).toMatchObject({ state: 'queued' });
    const rows = await withClient(journey.storeUrl, async (client) => {
      return (await client.query(`SELECT engine_name FROM databases WHERE name = 'both' ORDER BY number`)).rows;
    });
    expect(rows).toEqual([{ engine_name: 'both' }, { engine_name: expect.stringMatching(/^both_.{5}$/) }]);
  });
});
