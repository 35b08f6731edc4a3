// Globo's API on real servers: its documentation, line by line, by curl; logins that open what they are said to; a quarantine that
// no client writes through; and databases that are the same in every face.
import { rulesOf } from '@berth/engines/rules';
import type { Answer } from '../berth';
import { testWhere } from '../describe-where';
import { eventually } from '../eventually';
import { onEachEngine } from '../tenants/on-each-engine';
import { type TenantSession, type TestEngine, withSession } from '../tenants/tenants';
import { type Globo, type Made, makeDatabase, openCurl, openGlobo, PLACE, uriOf, whyNoCurl } from './globo.fixture';

const whyNot = whyNoCurl();

/** The vendor's lines, as they are printed; `some_id` is 1. */
const CURL = {
  create: `curl -u admin:123456 -H 'content-type: application/json' http://localhost:8000/api/database/ -d '{ "name": "test database2", "plan": "/api/plan/1/", "environment": "/api/environment/1/" }'`,
  list: 'curl -u admin:123456 http://localhost:8000/api/database/',
  one: 'curl -u admin:123456 http://localhost:8000/api/database/1/',
  remove: 'curl -u admin:123456 -X DELETE http://localhost:8000/api/database/1/',
  listCredentials: 'curl -u admin:123456 http://localhost:8000/api/credential/',
  oneCredential: 'curl -u admin:123456 http://localhost:8000/api/credential/1/',
  createCredential: `curl -u admin:123456 -H 'content-type: application/json' http://localhost:8000/api/credential/ -d '{ "user": "u_myusr1", "database": "/api/database/1/" }'`,
  reset: `curl -u admin:123456 -d '' http://localhost:8000/api/credential/1/reset_password/`,
  removeCredential: 'curl -u admin:123456 -X DELETE http://localhost:8000/api/credential/1/',
};

const AT = 'http://localhost:8000/api';

/** What is printed there; only what no two servers have in common is told by its form. */
function printedOn({ name }: TestEngine) {
  const { isReserved, urlProtocols } = rulesOf(name);
  const schemes = urlProtocols.join('|');
  const onServer = isReserved('test_database2') ? 'db_test_database2_.{5}' : 'test_database2';
  const database = {
    _links: { self: `${AT}/database/1/` },
    id: 1,
    name: 'test_database2',
    endpoint: expect.stringMatching(`^(${schemes})//<user>:<password>@127\\.0\\.0\\.1:\\d+/${onServer}(\\?\\S+)?$`),
    plan: `${AT}/plan/1/`,
    environment: `${AT}/environment/1/`,
    project: null,
    quarantine_dt: null,
    total_size_in_bytes: 1024 ** 3,
    used_size_in_bytes: expect.any(Number),
    credentials: [`${AT}/credential/1/`],
  };
  const listed = {
    _links: { self: `${AT}/credential/1/` },
    id: 1,
    user: 'u_test_database2',
    database: `${AT}/database/1/`,
  };
  const list = (path: string) => ({ _links: { count: 1, self: `${AT}${path}`, previous: null, next: null } });
  return {
    database,
    databases: { ...list('/database/'), database: [database] },
    credential: { ...listed, password: expect.stringMatching(/^\S{10,}$/) },
    credentials: { ...list('/credential/'), credential: [listed] },
  };
}

/** The same fields in the same order, and the type without a charset. */
function expectPrinted(answer: Answer & { text: string }, status: number, printed: object): void {
  const { body, headers } = answer;
  const type = headers.get('content-type');
  expect({ status: answer.status, type, body }).toEqual({ status, type: 'application/json', body: printed });
  expect(keysOf(body)).toEqual(keysOf(printed));
}

function keysOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keysOf);
  if (typeof value !== 'object' || value === null || '$$typeof' in value) return null;
  return Object.entries(value).map(([key, each]) => [key, keysOf(each)]);
}

const today = () => new Date().toISOString().slice(0, 10);

onEachEngine((engine) => {
  let globo: Globo;

  beforeAll(async () => {
    globo = await openGlobo({ engine });
  });
  afterAll(() => globo?.berth.close());

  testWhere(
    whyNot === null,
    whyNot ?? '',
    'the lines of the documentation, run by curl, answer as printed',
    async () => {
      const printed = printedOn(engine);
      const curl = await openCurl(globo.berth);
      const { run } = curl;

      const created = await run(CURL.create);
      expectPrinted(created, 201, printed.database);
      expect(created.headers.get('location')).toBe(`${AT}/database/1/`);
      expectPrinted(await run(CURL.list), 200, printed.databases);
      expectPrinted(await run(CURL.one), 200, printed.database);

      expectPrinted(await run(CURL.listCredentials), 200, printed.credentials);
      const first = await run(CURL.oneCredential);
      expectPrinted(first, 200, printed.credential);
      const second = await run(CURL.createCredential);
      const self = `${AT}/credential/2/`;
      expectPrinted(second, 201, { ...printed.credential, _links: { self }, id: 2, user: 'u_myusr1' });
      expect(second.headers.get('location')).toBe(self);
      const reset = await run(CURL.reset);
      expectPrinted(reset, 200, printed.credential);
      expect(await run(CURL.oneCredential)).toMatchObject({ body: reset.body });

      const { endpoint } = created.body;
      const refusals = [first, reset, second].map(({ body }) => engine.refusalOf(uriOf(endpoint, body)));
      expect(await Promise.all(refusals)).toEqual(['login', null, null]);

      expect(await run(CURL.removeCredential)).toMatchObject({ status: 204, text: '' });
      expect(await run(CURL.oneCredential)).toMatchObject({ status: 404, body: { detail: 'Not found' } });
      expect(await engine.refusalOf(uriOf(endpoint, reset.body))).toBe('login');

      expect(await run(CURL.remove)).toMatchObject({ status: 204, text: '' });
      expect(await run(CURL.one)).toMatchObject({ status: 200, body: { quarantine_dt: today() } });
      expect(await run(CURL.remove)).toMatchObject({ status: 204, text: '' });
      const gone = { _links: { self: `${AT}/database/1/` }, detail: 'Not found' };
      expectPrinted(await run(CURL.one), 404, gone);
      await curl.close();
    },
  );

  test('the first password opens the endpoint; a reset ends its session, and only the new one gets in', async () => {
    const { ordinary, stranger } = globo;
    const made = await makeDatabase(ordinary, 'Usable-DB');
    expect(made).toMatchObject({ name: 'usable_db', user: 'u_usable_db' });
    await expectNotThere(stranger, made);
    const session = await engine.enter(made.uri);
    await session.write('first');
    expect(await session.read()).toEqual(['first']);

    const reset = await ordinary('POST', `${made.credential}reset_password/`);
    expect(reset).toMatchObject({ status: 200, body: { user: made.user } });
    await expect(session.read()).rejects.toThrow(); // it ended with its password
    await session.end();
    expect(await engine.refusalOf(made.uri)).toBe('login');
    const { body } = await ordinary('GET', made.path);
    await withSession(engine, uriOf(body.endpoint, reset.body), async (renewed) => {
      expect(await renewed.read()).toEqual(['first']);
    });
  });

  test('whatever a database is called, its login opens it; and so does a user of the same name in each', async () => {
    const names = ['x'.repeat(100), '2014 Report', 'Ünïcödé Ñame', 'berth_x', 'select'];
    const users = new Set<string>();
    const open = async (name: string) => {
      const made = await makeDatabase(globo.ordinary, name);
      await withSession(engine, made.uri, (session) => session.write(name));
      const asked = { user: 'u_same', database: `/api/database/${made.id}/` };
      const { body } = await globo.ordinary('POST', '/credential/', asked);
      users.add(body.user);
      const { endpoint } = (await globo.ordinary('GET', made.path)).body;
      expect(await withSession(engine, uriOf(endpoint, body), (session) => session.read())).toEqual([name]);
    };
    await Promise.all(names.map(open));
    expect(users.size).toBe(names.length);
    expect([...users].filter((user) => !/^u_same[a-z0-9]{0,4}$/.test(user))).toEqual([]);
  });

  describe('a database that is deleted', () => {
    let made: Made;
    let written = 0;

    beforeAll(async () => {
      made = await makeDatabase(globo.ordinary, 'kept');
    });

    test('is shut to a client that keeps writing and coming back, and is not there for ordinary logins', async () => {
      const { manager, ordinary, stranger } = globo;
      const client = keepWriting(engine, made.uri);
      try {
        await eventually(() => client.written() > 10, { what: 'the client to write' });
        expect(await ordinary('DELETE', made.path)).toMatchObject({ status: 204, body: null });
        written = client.written();
        const refused = client.refused();
        for (const caller of [ordinary, stranger]) await expectNotThere(caller, made);
        await eventually(() => client.refused() > refused + 10, { what: 'the client to come back' });
        expect(client.written()).toBe(written);
      } finally {
        await client.stop();
      }
      expect(await engine.refusalOf(made.uri)).toBe('login');

      const seen = { quarantine_dt: today(), name: 'kept', used_size_in_bytes: expect.any(Number) };
      const kept = await manager('GET', made.path);
      expect(kept).toMatchObject({ status: 200, body: seen });
      expect(kept.body).not.toHaveProperty('is_locked');
      const { body: list } = await manager('GET', '/database/?name=kept');
      expect(list.database).toEqual([kept.body]);
      expect(await manager('GET', made.credential)).toMatchObject({ status: 200, body: { password: null } });
    });

    test('keeps its name, and its password is given to nobody', async () => {
      const { manager, ordinary } = globo;
      const again = await ordinary('POST', '/database/', { ...PLACE, name: 'kept' });
      expect(again).toMatchObject({ status: 400, body: { name: [expect.stringContaining('already exists')] } });
      expect(await manager('POST', `${made.credential}reset_password/`)).toMatchObject({ status: 400 });
      expect(await engine.refusalOf(made.uri)).toBe('login');
    });

    test('is brought back by who sees it, with the same password and the same rows', async () => {
      const { manager, ordinary } = globo;
      expect(await ordinary('PATCH', made.path, { quarantine_dt: null })).toMatchObject({ status: 404 });
      const restored = await manager('PATCH', made.path, { quarantine_dt: null });
      expect(restored).toMatchObject({ status: 200, body: { id: made.id, quarantine_dt: null } });
      expect(await ordinary('GET', made.path)).toMatchObject({ status: 200, body: restored.body });
      const { body } = await ordinary('GET', made.credential);
      expect(uriOf(restored.body.endpoint, body)).toBe(made.uri);
      const rows = await withSession(engine, made.uri, (session) => session.read());
      expect(rows.length - written).toBeGreaterThanOrEqual(0);
      expect(rows.length - written).toBeLessThanOrEqual(1); // one may have been cut off after its commit, before the answer
    });

    test('is dropped by the second delete: nothing is left on the server, and its name is free', async () => {
      const { berth, manager, ordinary } = globo;
      expect(await ordinary('DELETE', made.path)).toMatchObject({ status: 204 });
      expect(await ordinary('DELETE', made.path)).toMatchObject({ status: 404 });
      expect(await manager('DELETE', made.path)).toMatchObject({ status: 204 });
      for (const caller of [manager, ordinary]) await expectNotThere(caller, made);
      const view = engine.view(berth.tenants.url);
      expect([await view.hasDatabase('kept'), await view.hasLogin(made.user)]).toEqual([false, false]);
      const next = await makeDatabase(ordinary, 'kept');
      expect(next.id).toBeGreaterThan(made.id);
      expect(await withSession(engine, next.uri, readNothing)).toEqual([]);
    });
  });

  describe('a database is the same in every face', () => {
    const nativeOf = async (name: string) => (await globo.berth.call('GET', `/v1/databases?name=${name}`)).body.data[0];

    test('where Globo made it: its number, its size as it grows, its quarantine, and its way back', async () => {
      const { berth, ordinary } = globo;
      const made = await makeDatabase(ordinary, 'Everywhere');
      const native = await nativeOf('everywhere');
      const { body: before } = await ordinary('GET', made.path);
      expect(native).toMatchObject({ number: made.id, state: 'available', size_bytes: before.used_size_in_bytes });
      expect(await inCloud66(berth, 'everywhere')).toMatchObject({ uid: native.id });

      await withSession(engine, made.uri, (session) => session.write('x'.repeat(100)));
      const { body: servers } = await berth.call('GET', '/v1/servers');
      const refresh = `/v1/servers/${servers.data[0].id}/refresh`;
      expect(await berth.call('POST', refresh, {}, { prefer: 'wait=20' })).toMatchObject({ status: 200 });
      const { body: after } = await ordinary('GET', made.path);
      expect(after.used_size_in_bytes).toBeGreaterThan(before.used_size_in_bytes);
      expect(await nativeOf('everywhere')).toMatchObject({ size_bytes: after.used_size_in_bytes });

      expect(await ordinary('DELETE', made.path)).toMatchObject({ status: 204 });
      expect((await nativeOf('everywhere')).state).toBe('quarantined');
      expect(await inCloud66(berth, 'everywhere')).toBeUndefined();
      const restore = `/v1/databases/${native.id}/restore`;
      expect(await berth.call('POST', restore, {}, { prefer: 'wait=20' })).toMatchObject({ status: 200 });
      expect(await ordinary('GET', made.path)).toMatchObject({ status: 200, body: after });
      expect(await engine.refusalOf(made.uri)).toBeNull();
    });

    test('where the native API made it: its number and its login; what Cloud 66 deletes is gone', async () => {
      const { berth, manager, ordinary } = globo;
      const asked = { ...berth.place, name: 'native-made' };
      await berth.call('POST', '/v1/databases', asked, { prefer: 'wait=20' });
      const { id, number, size_bytes } = await nativeOf('native-made');
      const { body: seen } = await ordinary('GET', `/database/${number}/`);
      expect(seen).toMatchObject({ name: 'native-made', used_size_in_bytes: size_bytes, quarantine_dt: null });
      const { body: logins } = await berth.call('GET', `/v1/databases/${id}/credentials`);
      const { body: login } = await berth.call('GET', `/v1/credentials/${logins.data[0].id}?reveal=true`);
      const { body: credential } = await ordinary('GET', seen.credentials[0]);
      expect(credential).toMatchObject({ user: login.username, password: login.password });
      expect(uriOf(seen.endpoint, credential)).toBe(login.uri);

      const { group, uid } = await inCloud66(berth, 'native-made');
      expect(await berth.call('DELETE', `${group}/databases/${uid}`)).toMatchObject({ status: 200 });
      const made = { ...{ id: number, path: `/database/${number}/` }, credential: `/credential/${credential.id}/` };
      for (const caller of [manager, ordinary]) await expectNotThere(caller, made);
      const view = engine.view(berth.tenants.url);
      const nameOnServer = new URL(login.uri).pathname.slice(1);
      await eventually(async () => !(await view.hasDatabase(nameOnServer)), { what: 'the database to be dropped' });
      await eventually(async () => !(await view.hasLogin(login.username)), { what: 'the login to be dropped' });
    });
  });
});

/** The database of this name in Cloud 66's list of the first server group, and where that is. */
async function inCloud66({ call }: Globo['berth'], name: string): Promise<Answer['body']> {
  const { body: stacks } = await call('GET', '/cloud66/api/3/stacks.json');
  const stack = stacks.response.find((each: { environment: string }) => each.environment === 'development');
  const groups = `/cloud66/api/3/stacks/${stack.uid}/server_groups`;
  const group = `${groups}/${(await call('GET', groups)).body.response[0].id}`;
  const { body: list } = await call('GET', `${group}/databases`);
  const found = list.response.find((each: { name: string }) => each.name === name);
  return found && { ...found, group };
}

/** A table that is made now has one row: nobody left any. */
async function readNothing(session: TenantSession): Promise<string[]> {
  await session.write('mine');
  return (await session.read()).filter((row) => row !== 'mine');
}

type Place = Pick<Made, 'credential' | 'id' | 'path'>;

/** In no route of Globo's, and in none of its lists. */
async function expectNotThere(caller: Globo['ordinary'], { id, credential, path }: Place): Promise<void> {
  const asked: [string, string, object?][] = [
    ...(['GET', 'DELETE'] as const).flatMap((method) =>
      [path, credential].map((each): [string, string] => [method, each]),
    ),
    ['PUT', path, { project: null }],
    ['PATCH', path, { quarantine_dt: null }],
    ['POST', `${credential}reset_password/`, {}],
  ];
  for (const [method, where, body] of asked) {
    const answer = await caller(method, where, body);
    expect([method, where, answer.status, answer.body.detail]).toEqual([method, where, 404, 'Not found']);
  }
  const created = await caller('POST', '/credential/', { user: 'u_other', database: `/api/database/${id}/` });
  const noLink = { database: ['Invalid hyperlink - object does not exist.'] };
  expect(created).toMatchObject({ status: 400, body: noLink });
  const { body: databases } = await caller('GET', '/database/?page_size=100');
  const { body: credentials } = await caller('GET', '/credential/?page_size=100');
  const listed = [...databases.database, ...credentials.credential].map(({ _links }) => new URL(_links.self).pathname);
  expect(listed.filter((each) => each.endsWith(path) || each.endsWith(credential))).toEqual([]);
}

/** A client that writes without a pause, and comes back as often as it is thrown out. */
function keepWriting(engine: TestEngine, uri: string) {
  let [written, refused, isOver] = [0, 0, false];
  const writeOn = async (session: TenantSession) => {
    await session.write('again');
    for (written += 1; !isOver; written += 1) await session.insert('again');
  };
  const ended = (async () => {
    while (!isOver) {
      await withSession(engine, uri, writeOn).catch(() => {
        refused += 1; // what it is told is looked at when it stops
      });
    }
  })();
  return {
    /** Rows of which it was told that they are there. */
    written: () => written,
    refused: () => refused,
    async stop() {
      isOver = true;
      await ended;
    },
  };
}
