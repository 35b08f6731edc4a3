// The environment is read once and whole: what is wrong is named, all of it at once, and no value is ever repeated.
import { inspect } from 'node:util';
import { codeOf, PlatformError } from '@berth/core';
import { CONFIG_VARIABLES, readConfig } from './config';

const GOOD = {
  BERTH_STORE_URL: 'postgres://berth:store-secret@db.example.org:5432/berth',
  BERTH_KEYS: 'k1:key-secret',
};

/** What readConfig throws for this environment. */
function refusalOf(change: Record<string, string | undefined>): PlatformError {
  try {
    readConfig({ ...GOOD, ...change });
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
  throw new Error('it was taken');
}

test('two variables are enough; the rest has values for one machine', () => {
  const config = readConfig(GOOD);
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 8080,
    trustedProxies: [],
    dialectHosts: new Map(),
    metrics: { host: '127.0.0.1', port: null },
    tracing: null,
    migrate: 'apply',
    logLevel: 'info',
    workerConcurrency: 8,
    serverConcurrency: 4,
    sweepIntervalMs: 5_000,
  });
  expect(config.storeUrl.reveal()).toBe(GOOD.BERTH_STORE_URL);
  expect(config.queueUrl.reveal()).toBe(GOOD.BERTH_STORE_URL);
  expect(config.keys.reveal()).toBe(GOOD.BERTH_KEYS);
});

test.each([
  ['4', '4', 3],
  ['4', '100', 3],
  ['1', '4', 1],
  ['8', '2', 2],
])('of %s actions at once and %s of one server, %i are of one server: there is room for another', (all, one, most) => {
  const config = readConfig({ ...GOOD, BERTH_WORKER_CONCURRENCY: all, BERTH_SERVER_CONCURRENCY: one });
  expect(config.serverConcurrency).toBe(most);
});

test('every variable is read', () => {
  const config = readConfig({
    ...GOOD,
    BERTH_QUEUE_URL: 'postgresql://queue.example.org/q',
    BERTH_HOST: '0.0.0.0',
    BERTH_PORT: '0',
    BERTH_TRUSTED_PROXIES: 'loopback, 10.0.0.0/8,2001:db8::1',
    BERTH_DIALECT_HOSTS: 'globo=DBaaS.example.org., cloud66=app.example.org,globo=berth_api',
    BERTH_METRICS_HOST: '::1',
    BERTH_METRICS_PORT: '0',
    OTEL_EXPORTER_OTLP_ENDPOINT: 'https://collector.example.org/',
    OTEL_EXPORTER_OTLP_HEADERS: 'x-key=key-secret,x-other=a%20b',
    OTEL_TRACES_SAMPLER_ARG: '0.1',
    BERTH_MIGRATE: 'refuse',
    BERTH_LOG_LEVEL: 'debug',
    BERTH_WORKER_CONCURRENCY: '7',
    BERTH_SERVER_CONCURRENCY: '2',
    BERTH_SWEEP_INTERVAL_MS: '50',
    BERTH_KEEP_ACTIONS_DAYS: '1',
    BERTH_KEEP_REFRESHES_DAYS: '2',
    BERTH_KEEP_EVENTS_DAYS: '3',
    BERTH_KEEP_DELIVERIES_DAYS: '4',
    BERTH_KEEP_AUDIT_DAYS: '5',
    BERTH_KEEP_TOMBSTONES_DAYS: '0',
  });
  expect(config.queueUrl.reveal()).toBe('postgresql://queue.example.org/q');
  const rest = { host: '0.0.0.0', port: 0, migrate: 'refuse', logLevel: 'debug' };
  expect(config).toMatchObject({ ...rest, workerConcurrency: 7, serverConcurrency: 2, sweepIntervalMs: 50 });
  const keepDays = { actions: 1, refreshes: 2, events: 3, deliveries: 4, audit: 5, tombstones: 0 };
  expect(config.keepDays).toEqual(keepDays);
  expect(config.tracing).toMatchObject({ endpoint: 'https://collector.example.org/', ratio: 0.1 });
  expect(config.tracing?.headers.reveal()).toBe('x-key=key-secret,x-other=a%20b');
  expect(config.metrics).toEqual({ host: '::1', port: 0 });
  expect(config.trustedProxies).toEqual(['loopback', '10.0.0.0/8', '2001:db8::1']);
  expect([...config.dialectHosts]).toEqual([
    ['dbaas.example.org', 'globo'],
    ['app.example.org', 'cloud66'],
    ['berth_api', 'globo'],
  ]);
});

test.each([
  'postgres://berth:pa%2Fss%25@db.example.org:5432/berth?sslmode=require',
  'postgres://berth@/berth?host=/var/run/postgresql',
  'postgresql:///berth?host=/var/run/postgresql',
  'postgres://berth:x@[::1]:5432/berth',
])('%s can be read', (url) => {
  expect(readConfig({ ...GOOD, BERTH_STORE_URL: url, BERTH_QUEUE_URL: url }).storeUrl.reveal()).toBe(url);
});

test('a password whose characters are not percent-encoded is told by how to write it', () => {
  const { message } = refusalOf({ BERTH_STORE_URL: 'postgres://u:pa/ss@h/d' });
  expect(message).toMatch(/not valid:\n {2}BERTH_STORE_URL: .*percent-encode/);
});

test('a variable that is set to nothing is one that is not set', () => {
  const nothing = Object.fromEntries(CONFIG_VARIABLES.map((name) => [name, '']));
  expect(readConfig({ ...nothing, ...GOOD })).toEqual(readConfig(GOOD));
});

test.each(Object.keys(GOOD))('without %s it is refused by name', (name) => {
  for (const missing of [undefined, '']) {
    const error = refusalOf({ [name]: missing });
    expect(codeOf(error)).toBe('invalid_request');
    expect(error.fields.map(({ field }) => field)).toEqual([name]);
    expect(error.message).toContain(name);
    expect(error.message).toContain('.env.example');
    expect(error.message).toMatch(
      new RegExp(`${name}: is not set\\. (Make a key with: echo|Name a PostgreSQL database)`),
    );
  }
});

const WRONG: [string, string][] = [
  ['BERTH_STORE_URL', 'mysql://u:wrong-secret@h/d'],
  ['BERTH_STORE_URL', 'wrong-secret'],
  ['BERTH_QUEUE_URL', 'http://wrong-secret'],
  ['BERTH_STORE_URL', 'postgres://u:wrong-secret/x@h/d'],
  ['BERTH_STORE_URL', 'postgres://u:7/wrong-secret@h/d'],
  ['BERTH_STORE_URL', 'postgres://u:7#wrong-secret@h/d'],
  ['BERTH_STORE_URL', 'postgres://u:wrong-secret%@h/d'],
  ['BERTH_QUEUE_URL', 'postgres://u:wrong-secret/x@h/d'],
  ['BERTH_TRUSTED_PROXIES', 'proxy.example.org'],
  ['BERTH_TRUSTED_PROXIES', '10.0.0.0/33'],
  ['BERTH_TRUSTED_PROXIES', 'loopback/8'],
  ['BERTH_TRUSTED_PROXIES', '10.0.0.1,,10.0.0.2'],
  ['BERTH_DIALECT_HOSTS', 'wrong-secret'],
  ['BERTH_DIALECT_HOSTS', 'globo='],
  ['BERTH_DIALECT_HOSTS', '=wrong-secret'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong-secret:8080'],
  ['BERTH_DIALECT_HOSTS', 'globo=https://wrong-secret'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong-secret/api'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong secret'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong-secret..org'],
  ['BERTH_DIALECT_HOSTS', 'globo=.'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong-secret,'],
  ['BERTH_DIALECT_HOSTS', 'globo=wrong-secret,cloud66=Wrong-Secret.'],
  ['BERTH_DIALECT_HOSTS', `globo=${'a'.repeat(254)}`],
  ['BERTH_ALLOWED_ORIGINS', 'wrong-secret'],
  ['BERTH_ALLOWED_ORIGINS', '*'],
  ['BERTH_ALLOWED_ORIGINS', 'null'],
  ['BERTH_ALLOWED_ORIGINS', 'https://wrong-secret/'],
  ['BERTH_ALLOWED_ORIGINS', 'https://wrong-secret:443'],
  ['BERTH_ALLOWED_ORIGINS', 'https://Wrong-secret'],
  ['BERTH_ALLOWED_ORIGINS', 'ftp://wrong-secret'],
  ['BERTH_ALLOWED_ORIGINS', 'https://wrong-secret,'],
  ['BERTH_OPEN_SIGNUP', 'wrong-secret'],
  ['BERTH_OPEN_SIGNUP', 'TRUE'],
  ['BERTH_SIGNUP_DEFAULTS', 'wrong-secret'],
  ['BERTH_SIGNUP_DEFAULTS', 'engine=wrong-secret'],
  ['BERTH_SIGNUP_DEFAULTS', 'owner=wrong-secret'],
  ['BERTH_SIGNUP_DEFAULTS', 'plan=wrong-secret,plan=other'],
  ['BERTH_SIGNUP_DEFAULTS', 'plan='],
  ['BERTH_SIGNUP_DEFAULTS', 'quota=0'],
  ['BERTH_SIGNUP_DEFAULTS', 'quota=-1'],
  ['BERTH_SIGNUP_DEFAULTS', 'quota=1e3'],
  ['BERTH_SIGNUP_DEFAULTS', '=wrong-secret'],
  ['BERTH_SIGNUP_DEFAULTS', '__proto__=wrong-secret'],
  ['BERTH_PORT', '65536'],
  ['BERTH_PORT', '-1'],
  ['BERTH_PORT', '80.5'],
  ['BERTH_PORT', 'wrong-secret'],
  ['BERTH_METRICS_PORT', '65536'],
  ['BERTH_METRICS_PORT', 'wrong-secret'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'wrong-secret'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'ftp://wrong-secret'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'wrong-secret'],
  ['OTEL_EXPORTER_OTLP_HEADERS', 'x=wrong-secret%'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.1'],
  ['BERTH_MIGRATE', 'wrong-secret'],
  ['BERTH_LOG_LEVEL', 'wrong-secret'],
  ['BERTH_WORKER_CONCURRENCY', '0'],
  ['BERTH_SERVER_CONCURRENCY', '0'],
  ['BERTH_WORKER_CONCURRENCY', '101'],
  ['BERTH_WORKER_CONCURRENCY', 'wrong-secret'],
  ['BERTH_SWEEP_INTERVAL_MS', '49'],
  ['BERTH_SWEEP_INTERVAL_MS', '60001'],
  ['BERTH_SWEEP_INTERVAL_MS', 'wrong-secret'],
];

test.each(WRONG)(
  '%s with a value that cannot be (%s) is named; neither it nor any other value is printed',
  (name, value) => {
    const error = refusalOf({ [name]: value });
    expect(error.fields.map(({ field }) => field)).toEqual([name]);
    const printed = inspect(error, { depth: null, showHidden: true });
    for (const secret of ['wrong-secret', 'store-secret', 'key-secret']) expect(printed).not.toContain(secret);
  },
);

test('a host that cannot be is told by how to write one, and one of two dialects by that', () => {
  expect(refusalOf({ BERTH_DIALECT_HOSTS: 'globo=https://x' }).message).toMatch(
    /must be dialect=host, .*: globo=dbaas\./,
  );
  expect(refusalOf({ BERTH_DIALECT_HOSTS: 'globo=x,cloud66=X' }).message).toMatch(/must name each host once/);
});

test('nobody signs up unless it is said; then what is left out has a value', () => {
  const usual = { engine: 'postgresql', plan: 'small', environment: 'development', quota: 3 };
  const signUp = (defaults: string, open = 'true') =>
    readConfig({ ...GOOD, BERTH_OPEN_SIGNUP: open, BERTH_SIGNUP_DEFAULTS: defaults }).signUp;
  expect(readConfig(GOOD).signUp).toBeNull();
  expect(signUp('quota=5', 'false')).toBeNull();
  expect(signUp('')).toEqual(usual);
  expect(signUp(' quota=7, plan=a=b ')).toEqual({ ...usual, quota: 7, plan: 'a=b' });
  const all = 'engine=mongodb,plan=tiny,environment=try outs,quota=1';
  expect(signUp(all)).toEqual({ engine: 'mongodb', plan: 'tiny', environment: 'try outs', quota: 1 });
});

test('origins are those that browsers send', () => {
  const { allowedOrigins } = readConfig({ ...GOOD, BERTH_ALLOWED_ORIGINS: 'https://a.example, http://localhost:3000' });
  expect(allowedOrigins).toEqual(['https://a.example', 'http://localhost:3000']);
});

test('all that is wrong is said at once', () => {
  const names = ['BERTH_STORE_URL', 'BERTH_KEYS', 'BERTH_PORT', 'BERTH_MIGRATE'];
  const error = refusalOf({ BERTH_STORE_URL: undefined, BERTH_KEYS: '', BERTH_PORT: 'x', BERTH_MIGRATE: 'x' });
  expect(error.fields.map(({ field }) => field).sort()).toEqual(names.sort());
  for (const name of names) expect(error.message).toContain(name);
});

test('a configuration that is printed shows no secret', () => {
  const config = readConfig(GOOD);
  for (const printed of [
    JSON.stringify(config),
    inspect(config, { depth: null, showHidden: true }),
    `${config.keys}`,
  ]) {
    expect(printed).not.toMatch(/store-secret|key-secret/);
  }
});
