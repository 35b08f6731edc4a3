// Hosts of a dialect's own: there it answers at the root and nothing else answers at all; everywhere else nothing has changed.
import { get } from 'node:http';
import type { Readable } from 'node:stream';
import { json } from 'node:stream/consumers';
import type { Secret } from '@berth/core';
import { type Log, type LogFields, openMetrics } from '@berth/runtime';
import { eventually, openTestStore, type TestStore } from '@berth/testing';
import express, { type Express, Router } from 'express';
import request from 'supertest';
import { makeAccess, makeBasicAccess, openTestApi, type TestApi } from './api.fixture';
import { appOf, type Serving } from './app';
import type { Dialect } from './dialects/dialect';
import { problemShape } from './dialects/native/shapes.fixture';
import { ownHosts } from './hosts';
import { askedUrl, linkTo } from './http/links';
import { type Door, listen } from './http/listen';
import { openRateLimits } from './http/rate-limits';

const C66 = 'app.example.org';
const dialectHosts = new Map([
  [C66, 'cloud66'],
  ['second.example.org', 'cloud66'],
  ['own.example.org', 'native'],
  ['dbaas.example.org', 'globo'],
]);

let api: TestApi;
let testStore: TestStore;
let token: Secret;
let app: Express;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  ({ token } = await makeAccess(api, { scopes: ['public', 'admin', 'operator'] }));
  app = appWith({});
});

afterAll(async () => {
  await api.close();
  await testStore.close();
});

function appWith(change: Partial<Serving>): Express {
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  return appOf({ ...api.context, limits, stopping: api.stopping.signal, dialectHosts, ...change });
}

/** As an access that may everything. */
function at(host: string, path: string, method: 'get' | 'post' | 'put' = 'get', by = app) {
  return request(by)[method](path).set('Host', host).auth(token.reveal(), { type: 'bearer' });
}

const isOfCloud66 = (body: unknown) =>
  JSON.stringify(Object.keys(Object(body))) === '["error","error_description","details"]';

describe('the host of a dialect that has its name in its mount', () => {
  test.each([C66, 'App.Example.ORG', `${C66}:8080`, `${C66}.`, 'second.example.org'])(
    'answers at %s without it, as elsewhere with it',
    async (host) => {
      const here = await at(host, '/api/3/stacks.json');
      const elsewhere = await at('berth.example.org', '/cloud66/api/3/stacks.json');
      expect([here.status, here.body]).toEqual([200, elsewhere.body]);
      expect(here.body.response).not.toEqual([]);
      const { uid } = here.body.response[0];
      expect((await at(host, `/API/3/stacks/${uid}/server_groups?page=1`)).status).toBe(200);
    },
  );

  test.each([
    '/',
    '/nothing',
    '/%zz',
    '/api/3',
    '/api/3/nothing',
    '/v1/databases',
    '/v1/engines',
    '/cloud66/api/3/stacks',
    '/admin/sign-in',
    '/admin/queues',
    '/docs',
    '/openapi.json',
  ])('has nothing of other dialects and of Berth: %s is not there, in its words', async (path) => {
    const answer = await at(C66, path);
    expect([path, answer.status, answer.body]).toEqual([path, 404, expect.any(Object)]);
    expect(isOfCloud66(answer.body)).toBe(true);
  });

  test('refuses in its words: no token, a method that is not known, a body that cannot be read', async () => {
    const stranger = await request(app).get('/api/3/stacks').set('Host', C66);
    expect([stranger.status, stranger.get('www-authenticate'), isOfCloud66(stranger.body)]).toEqual([
      401,
      'Bearer',
      true,
    ]);
    const unknown = await at(C66, '/api/3/stacks', 'put');
    expect([unknown.status, isOfCloud66(unknown.body)]).toEqual([404, true]);
    const { body: stacks } = await at(C66, '/api/3/stacks');
    const stack = `/api/3/stacks/${stacks.response[0].uid}`;
    const { body: groups } = await at(C66, `${stack}/server_groups`);
    const path = `${stack}/server_groups/${groups.response[0].id}/databases`;
    const malformed = await at(C66, path, 'post').type('json').send('{"database_name":');
    expect([malformed.status, isOfCloud66(malformed.body)]).toEqual([400, true]);
    expect((await at(C66, '/nothing', 'post').type('json').send('{')).status).toBe(404);
  });

  test('says like any other how this process is, for whoever asks by name', async () => {
    for (const path of ['/healthz', '/readyz']) {
      expect([path, (await request(app).get(path).set('Host', C66)).status]).toEqual([path, 200]);
    }
    const put = await request(app).put('/healthz').set('Host', C66);
    expect([put.status, isOfCloud66(put.body)]).toEqual([404, true]);
  });
});

describe('the host of a dialect whose answers tell whole addresses', () => {
  const DBAAS = 'dbaas.example.org:8000';

  test('has them as its product has, in errors too', async () => {
    await makeBasicAccess(api, { login: 'admin', password: '123456', scopes: ['public'] });
    const own = await request(app).get('/api/plan/').set('Host', DBAAS).auth('admin', '123456');
    expect([own.status, own.body._links.self]).toEqual([200, `http://${DBAAS}/api/plan/`]);
    expect(own.body.plan[0]._links.self).toMatch(/^http:\/\/dbaas\.example\.org:8000\/api\/plan\/\d+\/$/);
    const mounted = await request(app).get('/globo/api/plan/').set('Host', 'berth').auth('admin', '123456');
    expect(mounted.body.plan[0]._links.self).toMatch(/^http:\/\/berth\/globo\/api\/plan\/\d+\/$/);
    const stranger = await request(app).get('/api/plan/?page=2').set('Host', DBAAS);
    expect([stranger.status, stranger.get('www-authenticate')]).toEqual([401, 'Basic realm="api"']);
    expect(stranger.body._links).toEqual({ self: `http://${DBAAS}/api/plan/?page=2` });
    for (const path of ['/nothing', '/globo/api/plan/', '/v1/plans', '/']) {
      const { body } = await request(app).get(path).set('Host', DBAAS).expect(404);
      expect(body).toEqual({ _links: { self: `http://${DBAAS}${path}` }, detail: 'Not found' });
    }
  });
});

describe('the host of a dialect without its name in its mount', () => {
  const OWN = 'own.example.org';

  test('answers where it does elsewhere, and tells its addresses', async () => {
    expect((await at(OWN, '/v1/databases')).status).toBe(200);
    const made = await at(OWN, '/v1/databases', 'post').send({ name: 'orders' });
    expect([made.status, made.get('location')]).toEqual([202, `/v1/actions/${made.body.action.id}`]);
  });

  test('has its document, to which its errors lead, and nothing else of Berth', async () => {
    const { body } = await at(OWN, '/v1/nothing');
    expect(problemShape.parse(body).type).toBe('/docs/errors#not_found');
    for (const path of ['/docs/errors', '/openapi.json']) expect((await at(OWN, path)).status).toBe(200);
    for (const path of ['/cloud66/api/3/stacks', '/api/3/stacks', '/admin/sign-in', '/native/v1/databases']) {
      const answer = await at(OWN, path);
      expect([path, answer.status, problemShape.parse(answer.body).code]).toEqual([path, 404, 'not_found']);
    }
  });
});

describe('all other hosts', () => {
  test.each(['berth.example.org', '127.0.0.1', `x${C66}`, 'example.org', `${C66}/`, `${C66}..`, ''])(
    'have every dialect under its mount and none at the root: %j',
    async (host) => {
      expect((await at(host, '/cloud66/api/3/stacks')).status).toBe(200);
      expect((await at(host, '/v1/databases')).status).toBe(200);
      const answer = await at(host, '/api/3/stacks');
      expect([answer.status, problemShape.parse(answer.body).code]).toEqual([404, 'not_found']);
      expect((await at(host, '/admin/sign-in')).status).toBe(200);
    },
  );

  test('are what a trusted proxy says that was asked for, and what nobody else says', async () => {
    const trusting = appWith({ trustedProxies: ['loopback'] });
    const asked = (by: Express, host: string, forwarded: string) =>
      at(host, '/api/3/stacks', 'get', by).set('X-Forwarded-Host', forwarded);
    expect((await asked(trusting, 'inside', C66)).status).toBe(200);
    expect((await asked(trusting, C66, 'other.example.org')).status).toBe(404);
    expect((await asked(app, 'inside', C66)).status).toBe(404);
    expect((await asked(app, C66, 'other.example.org')).status).toBe(200);
  });
});

test('the addresses of the native API, which are paths, have what a trusted proxy took off them', async () => {
  const trusting = appWith({ trustedProxies: ['loopback'] });
  for (const [by, prefix] of [
    [trusting, '/dbaas'],
    [app, ''],
  ] as const) {
    const sent = (path: string) => at('berth.example.org', path, 'post', by).set('X-Forwarded-Prefix', '/dbaas');
    const made = await sent('/v1/teams').send({ name: `prefixed${prefix.length}` });
    expect([made.status, made.get('location')]).toEqual([201, `${prefix}/v1/teams/${made.body.id}`]);
    const asked = await sent('/v1/databases').send({ name: `prefixed${prefix.length}` });
    expect([asked.status, asked.get('location')]).toEqual([202, `${prefix}/v1/actions/${asked.body.action.id}`]);
    const cancelled = await sent(`/v1/actions/${asked.body.action.id}/cancel`);
    expect(cancelled.status).toBe(200);
  }
});

test('logs, measures and the audit know a route by one spelling, wherever it was asked; a caller makes none', async () => {
  const routes: unknown[] = [];
  const keep = ({ route }: LogFields) => void routes.push(route);
  const log: Log = { debug: keep, info: keep, infoSoon: keep, warn: keep, error: keep };
  const metrics = openMetrics('api');
  const measured = appWith({ log, metrics });
  const paths = ['/api/3/stacks/x', '/api/3/nothing', '/nothing-1', '/nothing-2', '/healthz'];
  for (const path of paths) await at(C66, path, 'get', measured);
  await at('berth.example.org', '/cloud66/api/3/stacks/x', 'get', measured);
  await at('berth.example.org', '/nothing', 'get', measured);
  await at(C66, '/API/3/stacks/x/server_groups/y/databases', 'post', measured);
  await eventually(() => routes.length === 8);
  const mount = '/cloud66/api/3';
  expect(routes.slice(0, 7)).toEqual([`${mount}/stacks/:uid`, mount, '', '', '/healthz', `${mount}/stacks/:uid`, '']);
  const counts = [
    ...(await metrics.text()).matchAll(/_seconds_count\{process="api",dialect="(.*?)",route="(.*?)".*\} (\d+)$/gm),
  ];
  const group = `${mount}/stacks/:stack_id/server_groups/:server_group_id`;
  expect(counts.map(([, dialect, route, count]) => `${dialect} ${route} ${count}`)).toEqual([
    `cloud66 ${mount}/stacks/:uid 2`,
    `cloud66 ${mount} 1`,
    'cloud66 unknown 2',
    'berth /healthz 1',
    'berth unknown 1',
    `cloud66 ${group}/databases 1`,
  ]);
  const { body: audit } = await at('berth.example.org', '/v1/audit?limit=1');
  expect(audit.data[0].deed.toLowerCase()).toBe(`post ${group}/databases`);
});

test('a dialect that is not spoken is refused at the start, with those that are', () => {
  const start = () => appWith({ dialectHosts: new Map([['x.example.org', 'attic']]) });
  expect(start).toThrow(/^BERTH_DIALECT_HOSTS names a dialect that is not spoken.*one of: native, cloud66/);
});

describe('links', () => {
  const links: Dialect = {
    name: 'globo',
    mount: '/globo/api',
    router: () => Router(),
    renderError: () => {},
  };
  const tell: express.RequestHandler = (asking, response) => {
    response.json([linkTo(asking, '/database/1/'), askedUrl(asking)]);
  };
  const spoken = [{ dialect: links, answers: [tell], ends: [tell] }];
  const linking = express().use(ownHosts(new Map([['dbaas.example.org', 'globo']]), spoken, () => []));
  let door: Door;
  beforeAll(async () => {
    door = await listen(linking, '127.0.0.1', 0);
  });
  afterAll(() => door.close());

  test('at a host of its own are without the lead, and asked addresses as they were asked', async () => {
    const { body } = await request(linking).get('/api/database/?page=2').set('Host', 'dbaas.example.org:81');
    const origin = 'http://dbaas.example.org:81';
    expect(body).toEqual([`${origin}/api/database/1/`, `${origin}/api/database/?page=2`]);
    const { body: unknown } = await request(linking).get('/globo/api/').set('Host', 'dbaas.example.org');
    expect(unknown[1]).toBe('http://dbaas.example.org/globo/api/');
  });

  test('are the same for whoever asks for a whole URL, as a proxy is asked', async () => {
    const [origin, path] = ['http://dbaas.example.org', '/api/database/?at=http://x/'];
    const answer = await new Promise<Readable>((resolve, reject) => {
      const headers = { host: 'dbaas.example.org' };
      get(door.url, { path: `${origin}${path}`, headers, agent: false }, resolve).once('error', reject);
    });
    expect(await json(answer)).toEqual([`${origin}/api/database/1/`, `${origin}${path}`]);
  });
});
