// No password ever travels: everything that processes, queue, store, answers and the servers' logs hold after all kinds
// of work, also work that failed, is searched for each secret by its value.
import { readFile } from 'node:fs/promises';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { withClient } from '../journey';
import { testServers } from '../stack';
import { onEachEngineAndQueue } from '../tenants/on-each-engine';
import { dumpRedis } from '../test-redis';

const SERVER_LOG = "the tenants' server's log";

onEachEngineAndQueue((engine, queue) => {
  let berth: TestBerth;
  const secrets = new Map<string, string>();
  const answers: string[] = [];

  beforeAll(async () => {
    berth = await startBerth({ engine, queue });
    secrets.set('the token', berth.token.reveal());
    secrets.set("the server's admin password", decodeURIComponent(new URL(berth.tenants.url).password));
  });
  afterAll(() => berth?.close());

  /** A request whose answer may be searched: one that does not reveal on purpose. */
  async function call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer> {
    const answer = await berth.call(method, path, body, headers);
    answers.push(`${method} ${path} ${JSON.stringify(answer.body)} ${JSON.stringify([...answer.headers])}`);
    return answer;
  }

  async function learn(name: string, credentialId: string): Promise<void> {
    const { body } = await berth.call('GET', `/v1/credentials/${credentialId}?reveal=true`);
    expect(body.password).toMatch(/^\S{32}$/);
    secrets.set(name, body.password);
  }

  /** An access of this kind, opened anew where that can be; the answers that show what opens it are not searched. */
  async function makeAccess(kind: string): Promise<void> {
    const asked = { name: `of-${kind.replace('_', '-')}`, person: 'ops@example.org', scopes: ['public'], kind };
    const made = await berth.call('POST', '/v1/accesses', asked, { 'idempotency-key': kind });
    const path = `/v1/accesses/${made.body.id}`;
    const shown = [made, ...(kind === 'session' ? [] : [await berth.call('POST', `${path}/rotate`)])];
    for (const [index, { body }] of shown.entries()) {
      const secret = body.token ?? body.password ?? body.key ?? body.session_secret;
      expect(secret).toMatch(/^\S{32,}$/);
      secrets.set(`what opened an access of kind ${kind}, ${index + 1}`, secret);
    }
    await call('GET', path);
    await call('GET', `/v1/audit?subject_id=${made.body.id}`);
    await call('DELETE', path);
  }

  const WAIT = { prefer: 'wait=30' };

  test('after all kinds of work, done and failed, no secret is anywhere but where its owner asks for it', async () => {
    const made = await call('POST', '/v1/databases', { ...berth.place, name: 'vault' }, WAIT);
    const databaseId: string = made.body.database.id;
    const [first] = (await call('GET', `/v1/databases/${databaseId}/credentials`)).body.data;
    await learn('the first password', first.id);
    const second = await call('POST', `/v1/databases/${databaseId}/credentials`, { username: 'second' }, WAIT);
    await learn("the second login's password", second.body.credential.id);
    await call('GET', `/v1/credentials/${first.id}`);
    await call('POST', `/v1/credentials/${first.id}/reset`, undefined, WAIT);
    await learn('the password after a reset', first.id);
    for (const kind of ['basic', 'session', 'cosmos_key', 'jwt_signer']) await makeAccess(kind);
    expect(new Set(secrets.values()).size).toBe(secrets.size);

    // a reset that fails: the login is gone behind our back
    const name = (await call('GET', `/v1/credentials/${second.body.credential.id}`)).body.username;
    await engine.view(berth.tenants.url).dropLogin(name);
    const failed = await call('POST', `/v1/credentials/${second.body.credential.id}/reset`, undefined, WAIT);
    expect(failed.body.action.state).toBe('failed');

    // a server that refuses its admin, and an admin URL that does not parse
    const wrong = new URL(berth.tenants.url);
    wrong.hostname = 'localhost';
    wrong.password = 'a-wrong-admin-password';
    secrets.set('the refused admin password', wrong.password);
    const pool = `${berth.place.engine}-development`;
    const server = { name: 'no', engine: berth.place.engine, pool };
    const refused = await call('POST', '/v1/servers', { ...server, admin_url: wrong.href }, WAIT);
    expect(refused.body.action).toMatchObject({ state: 'failed', error: { code: 'admin_refused' } });
    secrets.set('a password in an address that cannot be read', 'hidden-in-a-bad-url');
    const unread = { ...server, name: 'no2', admin_url: `${wrong.protocol}//x:hidden-in-a-bad-url@[bad:1` };
    expect((await call('POST', '/v1/servers', unread)).status).toBe(422);
    secrets.set('a wrong token', 'berth_wrong-token-that-somebody-sent');
    const headers = { authorization: 'Bearer berth_wrong-token-that-somebody-sent' };
    expect((await call('GET', '/v1/databases', undefined, headers)).status).toBe(401);
    await call('DELETE', `/v1/databases/${databaseId}?purge=true`, undefined, WAIT);
    await Promise.all(berth.processes.map((process) => process.stop()));

    const places = await everythingWritten();
    for (const [place, text] of places) {
      expect(text.length).toBeGreaterThan(100); // a place that was not read would hold no secret either
      for (const [secret, value] of secrets) {
        if (text.includes(value)) throw new Error(`${secret} is in ${place}`);
      }
    }
  });

  test('the search finds what is there', async () => {
    const places = await everythingWritten();
    expect(places.get('the store')).toContain('vault');
    expect(places.get('the jobs')).toContain('act_');
    expect(places.get('the answers')).toContain('admin_refused');
    expect(places.get("the processes' output")).toContain('Action failed');
    if ((await berth.tenants.readLog()) !== null) expect(places.get(SERVER_LOG)).toContain('vault');
  });

  async function everythingWritten(): Promise<Map<string, string>> {
    const log = await berth.tenants.readLog(); // the double of MongoDB writes none
    return new Map([
      ...(log === null ? [] : [[SERVER_LOG, log] as const]),
      ["the processes' output", berth.output()],
      ['the answers', answers.join('\n')],
      ['the store', await dump('public')],
      ['the jobs', queue === 'Redis' ? await dumpRedis(berth.queue.url) : await dump('bullmq')],
      ["the store server's log", await readFile(testServers().storeLog, 'utf8')],
    ]);
  }

  /** Every row of every table of a schema, as JSON. */
  async function dump(schema: string): Promise<string> {
    return withClient(berth.store.url, async (client) => {
      const { rows } = await client.query<{ name: string }>(
        "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = $1",
        [schema],
      );
      const texts: string[] = [];
      for (const { name } of rows) {
        const table = await client.query(`SELECT to_jsonb(t)::text AS row FROM ${name} t`);
        texts.push(name, ...table.rows.map((each: { row: string }) => each.row));
      }
      return texts.join('\n');
    });
  }
});
