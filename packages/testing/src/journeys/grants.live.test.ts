// One login on several databases: given, changed and taken by workers, and what deletes, resets and plans do to it then.
import {
  credentialCreate,
  credentialReset,
  databaseDelete,
  databaseUpdate,
  grantCreate,
  grantDelete,
  request,
  sweep,
} from '@berth/actions';
import type { Role } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import { runAction } from '../run-action';
import { testServers } from '../stack';
import { onEachQueue } from '../test-queue';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

interface Made {
  id: string;
  name: string;
  login: string;
}

async function make(): Promise<Made> {
  count += 1;
  const action = await journey.requestDatabase(`grants_${process.pid}_${count}`);
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  const database = await journey.context.store.databases.find(action.database_id ?? '');
  return { id: database?.id ?? '', name: database?.engine_name ?? '', login: action.credential_id ?? '' };
}

async function done<Input>(kind: Parameters<typeof request<Input>>[1], input: Input) {
  const action = await request(journey.context, kind, input, journey.access);
  const ended = await journey.runHere(action.id);
  expect(ended).toMatchObject({ state: 'succeeded' });
  return ended;
}

const grant = (login: string, database: string, role: Role) =>
  done(grantCreate, { credentialId: login, database, role });

/** The URL of a login in another database than its first. */
async function uriIn(login: string, name: string): Promise<string> {
  const uri = new URL(await journey.uriOf(login));
  uri.pathname = `/${name}`;
  return uri.href;
}

const ask = (uri: string, sql: string) => withClient(uri, async (client) => (await client.query(sql)).rows);

async function limitOf(login: string): Promise<number> {
  const row = await journey.context.store.credentials.find(login);
  const sql = `SELECT rolconnlimit AS most FROM pg_roles WHERE rolname = '${row?.engine_username}'`;
  const [found] = await ask(testServers().postgresqlUrl, sql);
  return Number(found?.most ?? Number.NaN);
}

const SMALL = 20;
const LARGE = 100;

test('a login reads one database, writes another and owns a third, with one password; each is changed and taken alone', async () => {
  const [one, other] = [await make(), await make()];
  expect(await limitOf(one.login)).toBe(SMALL);
  await ask(await journey.uriOf(other.login), 'CREATE TABLE notes (a int)');
  const { steps } = await grant(one.login, other.name, 'readonly');
  expect(steps.find(({ name }) => name === 'check_login')?.evidence).toMatchObject({
    refused: expect.arrayContaining(['to make a table', 'to write to public.notes']),
  });
  expect(await limitOf(one.login)).toBe(2 * SMALL);
  const uri = await uriIn(one.login, other.name);
  expect(await ask(uri, 'TABLE notes')).toEqual([]);
  await expect(ask(uri, 'INSERT INTO notes VALUES (1)')).rejects.toMatchObject({ code: '42501' });
  await grant(one.login, other.id, 'readwrite');
  await ask(uri, 'INSERT INTO notes VALUES (1)');
  await ask(await journey.uriOf(one.login), 'CREATE TABLE own (a int)');
  await done(grantDelete, { credentialId: one.login, databaseId: other.id });
  await expect(ask(uri, 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  expect(await ask(await journey.uriOf(one.login), 'TABLE own')).toEqual([]);
  expect(await limitOf(one.login)).toBe(SMALL);
  expect(await ask(await journey.uriOf(other.login), 'TABLE notes')).toEqual([{ a: 1 }]);
});

test('a reset of a shared login is proven in each of its databases', async () => {
  const [one, other] = [await make(), await make()];
  await grant(one.login, other.id, 'readonly');
  const before = await uriIn(one.login, other.name);
  const { steps } = await done(credentialReset, { credentialId: one.login });
  expect(steps.at(-1)?.evidence).toMatchObject({ databases: [one.id, other.id], refused: true });
  await expect(ask(before, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  await ask(await uriIn(one.login, other.name), 'SELECT 1');
});

test('a delete takes the grant from a shared login, and the login with its last database', async () => {
  const [one, other] = [await make(), await make()];
  await grant(one.login, other.id, 'readwrite');
  await done(databaseDelete, { databaseId: one.id });
  const row = await journey.context.store.credentials.find(one.login);
  expect([row?.state, row?.grants.map(({ database_id }) => database_id)]).toEqual(['active', [other.id]]);
  expect(await limitOf(one.login)).toBe(SMALL);
  await ask(await uriIn(one.login, other.name), 'SELECT 1');
  await done(databaseDelete, { databaseId: other.id });
  expect(await journey.context.store.credentials.find(one.login)).toMatchObject({ state: 'deleted' });
  expect(await limitOf(one.login)).toBeNaN();
});

test('two databases of one login deleted at once: one after the other, and no login is left behind', async () => {
  const [one, other] = [await make(), await make()];
  await grant(one.login, other.id, 'owner');
  const asked = await Promise.all(
    [one, other].map(({ id }) => request(journey.context, databaseDelete, { databaseId: id }, journey.access)),
  );
  const ended = await Promise.all(asked.map(({ id }) => runAction(journey.context, id)));
  expect(ended.map(({ state }) => state).sort()).toEqual(['queued', 'succeeded']);
  const second = ended.find(({ state }) => state === 'queued')?.id ?? '';
  expect(await journey.runHere(second)).toMatchObject({ state: 'succeeded', failures: 0 });
  expect(await limitOf(one.login)).toBeNaN();
  expect(await journey.context.store.credentials.find(one.login)).toMatchObject({ state: 'deleted' });
});

test('another plan holds the database and each of its logins, on both their databases', async () => {
  const [one, other] = [await make(), await make()];
  await grant(one.login, other.id, 'readonly');
  await done(databaseUpdate, { databaseId: other.id, plan: 'large' });
  expect([await limitOf(one.login), await limitOf(other.login)]).toEqual([SMALL + LARGE, LARGE]);
  const sql = `SELECT datconnlimit AS most FROM pg_database WHERE datname = '${other.name}'`;
  expect(await ask(testServers().postgresqlUrl, sql)).toEqual([{ most: LARGE }]);
  const row = await journey.context.store.databases.find(other.id);
  expect(row).toMatchObject({ plan: { name: 'large' }, pending_plan_id: null });
});

test('a plan that the server finds too small is refused with the numbers, and nothing has changed', async () => {
  const { id, login } = await make();
  const { catalog } = journey.context.store;
  const sizeBytesMax = 7_000_000n;
  await catalog.ensurePlan({ name: 'tiny', engine: 'postgresql', sizeBytesMax, connectionsMax: 3 });
  await withClient(journey.storeUrl, (client) =>
    client.query('UPDATE databases SET size_bytes = 1 WHERE id = $1', [id]),
  );
  const action = await request(journey.context, databaseUpdate, { databaseId: id, plan: 'tiny' }, journey.access);
  const ended = await journey.runHere(action.id);
  expect(ended).toMatchObject({ state: 'failed', error_code: 'disagree' });
  expect(ended.error_message).toMatch(/has \d{7,} bytes, the plan tiny holds 7000000/);
  const row = await journey.context.store.databases.find(id);
  expect([row?.plan.name, row?.pending_plan_id, await limitOf(login)]).toEqual(['small', null, SMALL]);
});

test('a grant that cannot be made is none, in the store and on the server', async () => {
  const [one, other] = [await make(), await make()];
  const refuse = async (moment: string, step: string) => {
    if (moment === 'started' && step === 'check_isolation') await breakSecret(one.login);
  };
  const asked = await request(
    journey.context,
    grantCreate,
    { credentialId: one.login, database: other.id, role: 'owner' },
    journey.access,
  );
  await giveUpAfterOne(asked.id);
  expect(await runAction(journey.context, asked.id, { onMoment: refuse })).toMatchObject({ state: 'failed' });
  await mendSecret(one.login);
  expect((await journey.context.store.credentials.find(one.login))?.grants).toHaveLength(1);
  await expect(ask(await uriIn(one.login, other.name), 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  expect(await limitOf(one.login)).toBe(SMALL);
});

/** The login is let into the canary, as if the server were not what it should be. */
async function breakSecret(login: string): Promise<void> {
  const row = await journey.context.store.credentials.find(login);
  await ask(testServers().postgresqlUrl, `GRANT CONNECT ON DATABASE berth_canary TO "${row?.engine_username}"`);
}

async function mendSecret(login: string): Promise<void> {
  const row = await journey.context.store.credentials.find(login);
  await ask(testServers().postgresqlUrl, `REVOKE CONNECT ON DATABASE berth_canary FROM "${row?.engine_username}"`);
}

async function giveUpAfterOne(actionId: string): Promise<void> {
  await withClient(journey.storeUrl, (client) =>
    client.query('UPDATE actions SET failures = 4 WHERE id = $1', [actionId]),
  );
}

onEachQueue((queue) => {
  let usual: Journey;
  beforeAll(async () => {
    usual = journey;
    journey = await openJourney({ queue });
  });
  afterAll(async () => {
    await journey.close();
    journey = usual;
  });

  test('a worker killed in the middle of giving or taking: the grant is made once, and taken once', async () => {
    const [one, other] = [await make(), await make()];
    const input = { credentialId: one.login, database: other.id, role: 'readonly' as const };
    const given = await request(journey.context, grantCreate, input, journey.access);
    await surviveDeath(given.id, 'grant_role');
    const uri = await uriIn(one.login, other.name);
    await ask(uri, 'SELECT 1');
    const pair = { credentialId: one.login, databaseId: other.id };
    const taken = await request(journey.context, grantDelete, pair, journey.access);
    await surviveDeath(taken.id, 'remove_grant');
    await expect(ask(uri, 'SELECT 1')).rejects.toMatchObject({ code: '42501' });
  });
});

async function surviveDeath(actionId: string, step: string): Promise<void> {
  const victim = await journey.startVictim(actionId, `performed:${step}:SIGKILL`);
  await victim.ended;
  await journey.letHoldRunOut(actionId);
  await sweep(journey.context);
  expect(await journey.runHere(actionId)).toMatchObject({ state: 'succeeded', claim: 2 });
}

test('a reader made for a database sees tables that its owner makes later', async () => {
  const { id, login } = await make();
  const { credential_id: reader } = await done(credentialCreate, { databaseId: id, role: 'readonly' as const });
  await ask(await journey.uriOf(login), 'CREATE TABLE later (a int)');
  expect(await ask(await journey.uriOf(reader ?? ''), 'TABLE later')).toEqual([]);
});
