// What a server really holds, as operators see it over the API: the same on every engine.

import { MongoClient } from 'mongodb';
import { type Connection, createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { describeWhere } from '../describe-where';
import { testServers } from '../stack';
import { openTestMariadb, type TestMariadb, whyNoMariadb } from '../test-mariadb';

const WAIT = { prefer: 'wait=30' };
const noMariadb = whyNoMariadb();

/** A client of a server, in one database. */
interface Inside {
  /** Makes `kept` if need be, and writes into it. */
  write(text: string): Promise<void>;
  close(): Promise<void>;
}

interface Side {
  engine: string;
  adminUrl(): string;
  enter(uri: string): Promise<Inside>;
}

let berth: TestBerth;
let mariadb: TestMariadb | null = null;

beforeAll(async () => {
  const apps = ['api', 'worker-postgresql', 'worker-mongodb', 'maintenance'];
  if (noMariadb === null)
    [berth, mariadb] = await Promise.all([startBerth({ apps: [...apps, 'worker-mysql'] }), openTestMariadb()]);
  else berth = await startBerth({ apps });
});
afterAll(async () => {
  await berth?.close();
  await mariadb?.close();
});

const POSTGRESQL: Side = {
  engine: 'postgresql',
  adminUrl: () => berth.postgresql.url().reveal(),
  async enter(uri) {
    const client = new Client({ connectionString: uri });
    client.on('error', () => {});
    await client.connect();
    return {
      async write(text) {
        await client.query('CREATE TABLE IF NOT EXISTS kept (text text)');
        await client.query('INSERT INTO kept VALUES ($1)', [text]);
      },
      close: () => client.end(),
    };
  },
};

const MYSQL: Side = {
  engine: 'mysql',
  adminUrl: () => mariadb?.url.reveal() ?? '',
  async enter(uri) {
    const client: Connection = await createConnection({ uri });
    client.on('error', () => {});
    return {
      async write(text) {
        await client.query('CREATE TABLE IF NOT EXISTS kept (text text)');
        await client.query('INSERT INTO kept VALUES (?)', [text]);
      },
      close: () => client.end(),
    };
  },
};

const MONGODB: Side = {
  engine: 'mongodb',
  adminUrl: () => testServers().mongodbUrl,
  async enter(uri) {
    const client = await new MongoClient(uri, { serverSelectionTimeoutMS: 5_000 }).connect();
    return {
      write: async (text) => void (await client.db().collection('kept').insertOne({ text })),
      close: () => client.close(),
    };
  },
};

async function done(asked: Promise<Answer>): Promise<Answer['body']> {
  const { body, status } = await asked;
  if (status === 200 && body.action.state === 'succeeded') return body;
  throw new Error(`${status} ${JSON.stringify(body)}`);
}

/** The id of a server of this engine; that of PostgreSQL is registered by the berth. */
async function serverOf(side: Side): Promise<string> {
  if (side.engine === 'postgresql') return (await berth.call('GET', '/v1/servers?name=first')).body.data[0].id;
  const place = { name: side.engine, engine: side.engine, pool: `${side.engine}-development` };
  return (await done(berth.call('POST', '/v1/servers', { ...place, admin_url: side.adminUrl() }, WAIT))).server.id;
}

function describeLooks(side: Side): void {
  describe(`a server of ${side.engine}`, () => {
    let serverId: string;
    const open: Inside[] = [];

    beforeAll(async () => {
      serverId = await serverOf(side);
    });
    afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));

    async function make(name: string): Promise<{ id: string; uri: string }> {
      const asked = { name, engine: side.engine, plan: 'small', environment: 'development' };
      const { database } = await done(berth.call('POST', '/v1/databases', asked, WAIT));
      const { body } = await berth.call('GET', `/v1/databases/${database.id}/credentials`);
      const { uri } = (await berth.call('GET', `/v1/credentials/${body.data[0].id}?reveal=true`)).body;
      return { id: database.id, uri };
    }

    async function enter(uri: string): Promise<Inside> {
      const client = await side.enter(uri);
      open.push(client);
      return client;
    }

    test('tells what its databases hold, when it is asked', async () => {
      const { id, uri } = await make(`looked-${side.engine}`);
      const inside = await enter(uri);
      await inside.write('something');
      const { action, server } = await done(berth.call('POST', `/v1/servers/${serverId}/refresh`, undefined, WAIT));
      expect(action).toMatchObject({
        kind: 'server_refresh',
        steps: [{ name: 'observe_databases', state: 'succeeded' }],
      });
      expect(server.refreshed_at).not.toBeNull();
      const { body } = await berth.call('GET', `/v1/databases/${id}`);
      expect(body).toMatchObject({ users: 1, sessions: 1, over_quota_at: null, refreshed_at: expect.any(String) });
      expect(body.size_bytes).toBeGreaterThan(0);
      expect([body.charset, body.collation]).toEqual([expect.any(String), expect.any(String)]);
    });

    test('tells in what it differs from what Berth knows, once somebody has asked', async () => {
      const none = await berth.call('GET', `/v1/servers/${serverId}/drift`);
      expect([none.status, none.body.code]).toEqual([404, 'not_found']);
      expect(none.body.detail).toContain(`POST /v1/servers/${serverId}/drift`);
      const { action } = await done(berth.call('POST', `/v1/servers/${serverId}/drift`, undefined, WAIT));
      const { body } = await berth.call('GET', `/v1/servers/${serverId}/drift`);
      expect(body).toMatchObject({ server_id: serverId, action_id: action.id, lost: [], altered: [] });
      expect(new Date(body.taken_at).getTime()).toBeGreaterThan(new Date(action.created_at).getTime());
    });
  });
}

describeLooks(POSTGRESQL);
describeWhere(noMariadb === null, noMariadb ?? '', 'MariaDB', () => describeLooks(MYSQL));
describeLooks(MONGODB);
