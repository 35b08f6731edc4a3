// Servers that demand TLS and have a certificate of a CA of their own, on every engine, as operators and clients of the API see
// it: registered with the CA, given databases, and entered with what the API hands out.
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { makeTestCa } from '../certificates';
import { describeWhere } from '../describe-where';
import { eventually } from '../eventually';
import { whyNoMariadb } from '../test-mariadb';
import { openTlsMariadb, openTlsMongodb, openTlsPostgresql, type TlsServer } from '../tls-servers.fixture';

const WAIT = { prefer: 'wait=30' };
const ca = makeTestCa();
const good = ca.sign('localhost');
let berth: TestBerth;

beforeAll(async () => {
  berth = await startBerth({ apps: ['api', 'worker-postgresql', 'worker-mysql', 'worker-mongodb'], hasServer: false });
});
afterAll(() => berth?.close());

interface Ecosystem {
  engine: string;
  openServer(first: { key: string; cert: string }): Promise<TlsServer>;
  /** As an admin URL and the URLs that are given out ask for it. */
  verifyFull: string;
  require: string;
  /** Enters as a client does that is given the URL and the CA, writes and reads. */
  use(uri: string, caCertificate: string): Promise<unknown>;
}

describeEcosystem({
  engine: 'postgresql',
  openServer: openTlsPostgresql,
  verifyFull: 'sslmode=verify-full',
  require: 'sslmode=require',
  async use(uri, caCertificate) {
    // pg overrules `ssl` by what the URL says of it
    const { hostname: host, port, username: user, password, pathname } = new URL(uri);
    const place = {
      host,
      port: Number(port),
      user,
      password: decodeURIComponent(password),
      database: pathname.slice(1),
    };
    const client = new Client({ ...place, ssl: { ca: caCertificate } });
    await client.connect();
    await client.query('SET ROLE NONE'); // as the group that it acts as it would not see its own session
    const { rows } = await client.query('SELECT ssl AS is FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
    await client.end();
    return rows[0]?.is;
  },
});

const missing = whyNoMariadb();
describeWhere(missing === null, missing ?? '', 'on MariaDB', () =>
  describeEcosystem({
    engine: 'mysql',
    openServer: openTlsMariadb,
    verifyFull: 'ssl-mode=VERIFY_IDENTITY',
    require: 'ssl-mode=REQUIRED',
    async use(uri, caCertificate) {
      // mysql2 does not know ssl-mode, the word of MySQL's own clients
      const { hostname: host, port, username: user, password, pathname } = new URL(uri);
      const ssl = { ca: caCertificate, verifyIdentity: true };
      const place = { host, port: Number(port), user, password: decodeURIComponent(password) };
      const client = await createConnection({ ...place, database: pathname.slice(1), ssl });
      const [rows] = await client.query("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
      await client.end();
      return JSON.stringify(rows).includes('AES');
    },
  }),
);

describeEcosystem({
  engine: 'mongodb',
  openServer: openTlsMongodb,
  verifyFull: 'tls=true',
  require: 'tls=true&tlsInsecure=true',
  async use(uri, caCertificate) {
    const client = new MongoClient(uri, { ca: caCertificate });
    try {
      await client.db().collection('notes').insertOne({ text: 'encrypted' });
      return true;
    } finally {
      await client.close();
    }
  },
});

function describeEcosystem({ engine, openServer, verifyFull, require, use }: Ecosystem): void {
  describe(`a server of the engine ${engine} that demands TLS`, () => {
    let server: TlsServer;
    let serverId = '';
    let adminUrl = '';

    beforeAll(async () => {
      server = await openServer(good);
    });
    afterAll(() => server?.close());

    /** The admin's URL that asks for this. */
    function urlWith(settings: string): string {
      const url = server.url.reveal();
      return settings === '' ? url : `${url}${url.includes('?') ? '&' : '?'}${settings}`;
    }

    async function done(asked: Promise<Answer>): Promise<Answer['body']> {
      const { body, status } = await asked;
      if (status === 200 && body.action.state === 'succeeded') return body;
      throw new Error(`${status} ${JSON.stringify(body)}`);
    }

    async function refused(change: object): Promise<{ code: string; message: string }> {
      const { body } = await berth.call('PATCH', `/v1/servers/${serverId}`, change, WAIT);
      expect(body).toMatchObject({ action: { state: 'failed' }, server: { checked_at: null } });
      const { hostname, username, password } = new URL(adminUrl);
      expect([hostname, username]).toEqual(['localhost', expect.any(String)]);
      expect(JSON.stringify(body)).not.toContain(decodeURIComponent(password));
      return body.action.error;
    }

    test('is registered with the CA, and a database there is made, entered and verified by what the API gives', async () => {
      adminUrl = urlWith(verifyFull);
      const place = { name: `tls-${engine}`, engine, pool: `${engine}-development` };
      const registration = { ...place, admin_url: adminUrl, ca_certificate: ca.pem };
      const registered = await done(berth.call('POST', '/v1/servers', registration, WAIT));
      serverId = registered.server.id;
      expect(registered.server).toMatchObject({ state: 'active', tls: 'verify-full', ca_certificates: [{}] });
      const asked = { name: `shop_${engine}`, engine, plan: 'small', environment: 'development' };
      const { database, action } = await done(berth.call('POST', '/v1/databases', asked, WAIT));
      expect(action.steps.map(({ state }: { state: string }) => state)).toEqual(Array(5).fill('succeeded'));
      const listed = await berth.call('GET', `/v1/databases/${database.id}/credentials`);
      const { body: shown } = await berth.call('GET', `/v1/credentials/${listed.body.data[0].id}?reveal=true`);
      expect(new URL(shown.uri).search).toContain(verifyFull);
      expect(shown.ca_certificate).toBe(ca.pem);
      expect(await use(shown.uri, shown.ca_certificate)).toBe(true);
      await expect(use(shown.uri, makeTestCa().pem)).rejects.toThrow();
    });

    test('is not spoken to with the CA of somebody else, and the message says what to do', async () => {
      const error = await refused({ ca_certificate: makeTestCa().pem });
      expect(error).toMatchObject({ code: 'tls_failed', message: expect.stringMatching(/^TLS .*ca_certificate/) });
      await done(berth.call('PATCH', `/v1/servers/${serverId}`, { ca_certificate: ca.pem }, WAIT));
    });

    test('whose certificate is another one now keeps a new database from it, and says why', async () => {
      await server.present(ca.sign('localhost', true));
      const asked = { name: `late_${engine}`, engine, plan: 'small', environment: 'development' };
      const { body } = await berth.call('POST', '/v1/databases', asked, WAIT);
      const error = { code: 'tls_failed', message: expect.stringMatching(/expired: renew it/) };
      expect(body.action).toMatchObject({ state: 'failed', error });
      await server.present(good);
      const path = `/v1/actions/${body.action.id}`;
      expect((await berth.call('POST', `${path}/retry`)).status).toBe(202);
      await eventually(async () => (await berth.call('GET', path)).body.state === 'succeeded', { timeoutMs: 20_000 });
    });

    test('is spoken to without a look at its certificate where that is asked for', async () => {
      await server.present(makeTestCa().sign('elsewhere.example.org'));
      const change = { admin_url: urlWith(require), ca_certificate: null };
      const { server: now } = await done(berth.call('PATCH', `/v1/servers/${serverId}`, change, WAIT));
      expect(now).toMatchObject({ state: 'active', tls: 'require', ca_certificates: [] });
    });
  });
}
