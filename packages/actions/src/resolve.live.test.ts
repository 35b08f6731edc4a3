// What a request names is found or refused, by its field; what it leaves out comes from its access; parts that do not
// fit are named as a pair.
import { PlatformError } from '@berth/core';
import { type Access, openStore, type Project, type Store } from '@berth/store';
import { openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import { type Asked, resolve } from './resolve';

let testStore: TestStore;
let store: Store;
let teamId: string;
let project: Project;
let count = 0;

const ids = { development: '', production: '', small: '', pool: '', foreignProject: '' };

beforeAll(async () => {
  testStore = await openTestStore();
  store = openStore({ url: testStore.secretUrl, connectionsMax: 5, process: 'resolve' });
  const { catalog } = store;
  teamId = (await catalog.ensureTeam('team')).id;
  project = await catalog.ensureProject(teamId, 'shop');
  const foreign = await catalog.ensureTeam('other');
  ids.foreignProject = (await catalog.ensureProject(foreign.id, 'theirs')).id;
  ids.development = (await catalog.ensureEnvironment('development')).id;
  ids.production = (await catalog.ensureEnvironment('production')).id;
  const size = { sizeBytesMax: 1_000n, connectionsMax: 5 };
  ids.small = (await catalog.ensurePlan({ name: 'small', engine: 'postgresql', ...size })).id;
  await catalog.ensurePlan({ name: 'small', engine: 'mysql', ...size });
  await catalog.ensurePlan({ name: 'only_mysql', engine: 'mysql', ...size });
  const plan = await catalog.ensurePlan({ name: 'only_production', engine: 'postgresql', ...size });
  await sql('INSERT INTO plan_environments VALUES ($1, $2)', [plan.id, ids.production]);
  ids.pool = (await catalog.ensurePool('pool', 'postgresql', ids.development)).id;
  await catalog.ensurePool('mysql_pool', 'mysql', ids.development);
  await catalog.ensurePool('production_pool', 'postgresql', ids.production);
});
afterAll(async () => {
  await store?.close();
  await testStore?.close();
});

async function sql(text: string, values: unknown[]): Promise<void> {
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  await client.query(text, values);
  await client.end();
}

/** An access without limits and defaults but for these. */
async function access(change: Partial<Access> = {}): Promise<Access> {
  count += 1;
  const what = { name: 'access', person: 'p', secretHash: `hash ${count}`, scopes: [], defaults: {}, expiresAt: null };
  return { ...(await store.accesses.ensureBearer({ teamId, ...what })), ...change };
}

const WHOLE: Asked = { engine: 'postgresql', plan: 'small', project: 'shop', environment: 'development' };

async function resolved(asked: Asked, change: Partial<Access> = {}) {
  const who = await access(change);
  return store.transaction((tx) => resolve(tx, who, asked));
}

test('names are found, and so are ids', async () => {
  const wanted = {
    engine: 'postgresql',
    project: { id: project.id },
    environment: { id: ids.development },
    pool: null,
  };
  expect(await resolved(WHOLE)).toMatchObject({ ...wanted, plan: { id: ids.small, engine: 'postgresql' } });
  const byId = {
    engine: 'postgresql',
    plan: ids.small,
    project: project.id,
    environment: ids.development,
    pool: ids.pool,
  };
  expect(await resolved(byId)).toMatchObject({ ...wanted, plan: { id: ids.small }, pool: { id: ids.pool } });
});

test('what is left out comes from the access; what is asked goes before it', async () => {
  const defaults = () => ({
    default_engine: 'postgresql',
    default_plan_id: ids.small,
    default_project_id: project.id,
    default_environment_id: ids.development,
    default_pool_id: ids.pool,
  });
  expect(await resolved({}, defaults())).toMatchObject({
    engine: 'postgresql',
    plan: { id: ids.small },
    project: { id: project.id },
    environment: { id: ids.development },
    pool: { id: ids.pool },
  });
  const asked = { plan: 'only_production', environment: 'production', pool: 'production_pool' };
  expect(await resolved(asked, defaults())).toMatchObject({
    plan: { name: 'only_production' },
    environment: { id: ids.production },
    pool: { name: 'production_pool' },
  });
});

test('the environment is that of the pool when nobody names one', async () => {
  const { environment: _, ...rest } = WHOLE;
  const found = await resolved({ ...rest, plan: 'only_production', pool: 'production_pool' });
  expect(found.environment.name).toBe('production');
});

/** Code and fields of the refusal. */
async function refusal(asked: Asked, change: Partial<Access> = {}): Promise<{ code: string; fields: string[] }> {
  const error: unknown = await resolved(asked, change).catch((thrown) => thrown);
  if (!(error instanceof PlatformError)) throw new Error('it was not refused', { cause: error });
  for (const { message } of [error, ...error.fields]) expect(message).not.toBe('');
  return { code: error.code, fields: error.fields.map(({ field }) => field) };
}

test.each(['engine', 'plan', 'project', 'environment'])(
  'without %s, and without a default, it is named',
  async (field) => {
    expect(await refusal({ ...WHOLE, [field]: undefined })).toEqual({ code: 'invalid_request', fields: [field] });
  },
);

test('all that is missing is named at once', async () => {
  const fields = ['engine', 'plan', 'project', 'environment'];
  expect(await refusal({})).toEqual({ code: 'invalid_request', fields });
  expect(await refusal({ pool: 'production_pool' })).toEqual({ code: 'invalid_request', fields: fields.slice(0, 3) });
});

test('an access that is limited to a project or an environment needs no default for it', async () => {
  const limited = { limit_project_id: project.id, limit_environment_id: ids.development };
  const found = await resolved({ engine: 'postgresql', plan: 'small' }, limited);
  expect([found.project.id, found.environment.id]).toEqual([project.id, ids.development]);
});

test.each<[keyof Asked, string]>([
  ['engine', 'oracle'],
  ['engine', 'PostgreSQL'],
  ['engine', ''],
  ['plan', 'huge'],
  ['plan', ''],
  ['project', 'no_such'],
  ['environment', 'staging'],
  ['pool', 'no_such'],
  ['pool', "pool' OR '1'='1"],
])('an unknown %s (%s) is refused by its field', async (field, name) => {
  expect(await refusal({ ...WHOLE, [field]: name })).toEqual({ code: 'unknown_reference', fields: [field] });
});

test("another team's project is as unknown as one that is not there, by name and by id", async () => {
  for (const name of ['theirs', ids.foreignProject]) {
    expect(await refusal({ ...WHOLE, project: name })).toEqual({ code: 'unknown_reference', fields: ['project'] });
  }
});

test.each<[string, Asked, string[]]>([
  ['a plan of another engine', { plan: 'only_mysql' }, ['plan', 'engine']],
  ['a plan that may not be used there', { plan: 'only_production' }, ['plan', 'environment']],
  ['a pool of another engine', { pool: 'mysql_pool' }, ['pool', 'engine']],
  ['a pool of another environment', { pool: 'production_pool' }, ['pool', 'environment']],
])('%s disagrees, and the pair is named', async (_, change, pair) => {
  expect(await refusal({ ...WHOLE, ...change })).toEqual({ code: 'disagree', fields: pair });
});

test('of two plans of one name that of the engine is taken', async () => {
  expect((await resolved(WHOLE)).plan.engine).toBe('postgresql');
});

test('an access that is limited reaches what is inside its limits, and knows of nothing else', async () => {
  const other = await store.catalog.ensureProject(teamId, 'other');
  const limited = { limit_project_id: project.id, limit_environment_id: ids.development };
  expect(await resolved(WHOLE, limited)).toMatchObject({ project: { id: project.id } });
  for (const name of ['other', other.id]) {
    expect(await refusal({ ...WHOLE, project: name }, limited)).toEqual({
      code: 'unknown_reference',
      fields: ['project'],
    });
  }
  for (const name of ['production', ids.production]) {
    expect(await refusal({ ...WHOLE, environment: name }, limited)).toEqual({
      code: 'unknown_reference',
      fields: ['environment'],
    });
  }
  const throughPool = { engine: 'postgresql', plan: 'small', project: 'shop', pool: 'production_pool' };
  expect(await refusal(throughPool, limited)).toMatchObject({ code: 'unknown_reference' });
  expect(
    await refusal({ ...WHOLE, environment: undefined }, { ...limited, default_environment_id: ids.production }),
  ).toEqual({ code: 'unknown_reference', fields: ['environment'] });
});
