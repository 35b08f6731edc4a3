// Logins that are there already and get a role in a new database, within the action that makes it: they work in it as soon as
// it is available, and are as they were when it is not made.
import { PlatformError } from '@berth/core';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { evidenceOf, takeOver } from '@berth/testing/quarantine';
import { runAction } from '@berth/testing/run-action';
import { request } from '../request';
import { retryAction } from '../steer';
import {
  credentialCreate,
  credentialDelete,
  credentialReset,
  databaseCreate,
  databaseDelete,
  databaseRemove,
  grantCreate,
  grantDelete,
} from '.';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const name = () => {
  count += 1;
  return `given_${process.pid}_${count}`;
};

/** A login with a database of its own. */
async function makeLogin(): Promise<{ id: string; databaseId: string; login: string }> {
  const action = await journey.requestDatabase(name());
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  const credential = await journey.context.store.credentials.find(action.credential_id ?? '');
  return { id: credential?.id ?? '', databaseId: action.database_id ?? '', login: credential?.engine_username ?? '' };
}

function ask(logins: { credentialId: string; role: 'owner' | 'readwrite' | 'readonly' }[], called = name()) {
  const { serverId, access, context, place } = journey;
  return request(context, databaseCreate, { ...place, name: called, ownerLogin: 'none', serverId, logins }, access);
}

const owner = (credentialId: string) => ({ credentialId, role: 'owner' as const });
const drop = (databaseId: string) => request(journey.context, databaseDelete, { databaseId }, journey.access);

/** The URL of a login in another database than its first. */
async function uriIn(id: string, databaseId: string): Promise<string> {
  const uri = new URL(await journey.uriOf(id));
  uri.pathname = `/${(await journey.context.store.databases.find(databaseId))?.engine_name}`;
  return uri.href;
}

const isLetIn = async (id: string, databaseId: string) =>
  (await journey.engine.refusalOf(await uriIn(id, databaseId))) === null;

async function grantsOf(id: string) {
  const credential = await journey.context.store.credentials.find(id);
  return credential?.grants.map(({ database_id, role, pending_role }) => ({ database_id, role, pending_role }));
}

async function statesOf(databaseId: string | null, credentialId: string) {
  const { databases, credentials } = journey.context.store;
  const [database, credential] = [await databases.find(databaseId ?? ''), await credentials.find(credentialId)];
  return [database?.state, credential?.state];
}

const held = () =>
  withClient(journey.storeUrl, async (client) => (await client.query('SELECT * FROM held_credentials')).rows);

/** Runs the action until this moment of this step, where the server refuses for good. */
const refuseAt = (id: string, at: string) =>
  runAction(journey.context, id, {
    onMoment: async (moment, step) => {
      if (`${moment}:${step}` === at) throw new PlatformError('engine_refused', 'No.');
    },
  });

const STEPS = [
  'reserve_names',
  'create_database',
  'grant_logins',
  'limit_logins',
  'check_logins',
  'check_logins_isolation',
];

test('each login gets its role, its connections are summed anew, and each step tells what was seen', async () => {
  const [one, other] = [await makeLogin(), await makeLogin()];
  const asked = await ask([owner(one.id), { credentialId: other.id, role: 'readonly' }]);
  expect(asked).toMatchObject({ credential_id: null, step_names: STEPS });
  const databaseId = asked.database_id ?? '';
  expect(await grantsOf(one.id)).toContainEqual({ database_id: databaseId, role: 'owner', pending_role: 'owner' });
  const ended = await journey.runHere(asked.id);
  expect(ended).toMatchObject({ state: 'succeeded', error_message: null });
  expect(evidenceOf(ended, 'grant_logins')).toEqual({ granted: [`${one.login}: owner`, `${other.login}: readonly`] });
  expect(evidenceOf(ended, 'limit_logins')).toEqual({ logins: [`${one.login}: 40`, `${other.login}: 40`] });
  expect(evidenceOf(ended, 'check_logins')).toEqual({ let_in: [one.login, other.login], lacking: [] });
  expect(evidenceOf(ended, 'check_logins_isolation')).toEqual({ isolated: [one.login, other.login] });
  expect([await journey.view.findLimit(one.login), await journey.view.findLimit(other.login)]).toEqual([40, 40]);
  await withClient(await uriIn(one.id, databaseId), (client) => client.query('CREATE TABLE theirs (id int)'));
  await withClient(await uriIn(other.id, databaseId), async (client) => {
    await client.query('SELECT * FROM theirs');
    await expect(client.query('INSERT INTO theirs VALUES (1)')).rejects.toThrow(/permission denied/);
  });
  expect(await grantsOf(one.id)).toContainEqual({ database_id: databaseId, role: 'owner', pending_role: null });
  expect(await isLetIn(one.id, one.databaseId)).toBe(true);
});

test('a login that is to be given is held by the create, and only until that has ended', async () => {
  const { id } = await makeLogin();
  const asked = await ask([owner(id)]);
  const seen: unknown[] = [];
  const reset = await request(journey.context, credentialReset, { credentialId: id }, journey.access);
  const ended = await runAction(journey.context, asked.id, {
    onMoment: async (moment, step) => {
      if (`${moment}:${step}` !== 'started:grant_logins') return;
      seen.push(await held(), await journey.runHere(reset.id));
    },
  });
  expect(ended).toMatchObject({ state: 'succeeded' });
  expect(seen).toMatchObject([[{ credential_id: id, action_id: asked.id }], { state: 'queued', claim: 0 }]);
  expect(await held()).toEqual([]);
  expect(await journey.runHere(reset.id)).toMatchObject({ state: 'succeeded' });
  expect(await isLetIn(id, asked.database_id ?? '')).toBe(true);
});

test('a login that is still being made is waited for, and the wait is told', async () => {
  const { databaseId } = await makeLogin();
  const making = await request(journey.context, credentialCreate, { databaseId, username: name() }, journey.access);
  const asked = await ask([owner(making.credential_id ?? '')]);
  expect(await journey.runHere(asked.id)).toMatchObject({ state: 'queued', claim: 0 });
  const ahead = { id: making.id, kind: 'credential_create', state: 'queued' };
  expect(await journey.context.store.actions.findWait(asked.id)).toMatchObject({ ahead });
  expect(await journey.runHere(making.id)).toMatchObject({ state: 'succeeded' });
  expect(await journey.runHere(asked.id)).toMatchObject({ state: 'succeeded' });
  expect(await isLetIn(making.credential_id ?? '', asked.database_id ?? '')).toBe(true);
});

test('a login whose own create failed fails this one, and one that was deleted meanwhile is left out', async () => {
  const { databaseId, id: deleted } = await makeLogin();
  const making = await request(journey.context, credentialCreate, { databaseId, username: name() }, journey.access);
  const [failing, succeeding] = [await ask([owner(making.credential_id ?? '')]), await ask([owner(deleted)])];
  expect(await refuseAt(making.id, 'started:create_login')).toMatchObject({ state: 'failed' });
  expect(await journey.runHere(failing.id)).toMatchObject({ state: 'failed', error_code: 'contradicts' });
  const gone = await request(journey.context, credentialDelete, { credentialId: deleted }, journey.access);
  expect(await journey.runHere(gone.id)).toMatchObject({ state: 'succeeded' });
  const ended = await journey.runHere(succeeding.id);
  expect(ended).toMatchObject({ state: 'succeeded' });
  expect(evidenceOf(ended, 'grant_logins')).toEqual({ granted: [] });
});

test('a worker killed in each of its steps: the next one ends it, and the login has the database once', async () => {
  const moments = [...STEPS.slice(2).map((step) => `performed:${step}`), 'recorded:check_logins_isolation'];
  const asked = new Map<string, string>();
  const made: { id: string; databaseId: string }[] = [];
  for (const moment of moments) {
    const { id } = await makeLogin();
    const action = await ask([owner(id)]);
    asked.set(action.id, moment);
    made.push({ id, databaseId: action.database_id ?? '' });
  }
  await journey.killInAll(asked);
  for (const id of asked.keys()) await takeOver(journey, id);
  for (const { id, databaseId } of made) {
    expect(await isLetIn(id, databaseId)).toBe(true);
    const grants = (await grantsOf(id)) ?? [];
    expect(grants.filter((grant) => grant.database_id === databaseId)).toEqual([
      { database_id: databaseId, role: 'owner', pending_role: null },
    ]);
  }
  expect(await held()).toEqual([]);
});

describe('when the create does not end well', () => {
  test.each(STEPS.slice(1))('after %s: the login is as before, in the store and on the server', async (step) => {
    const { id, login, databaseId } = await makeLogin();
    const asked = await ask([owner(id)]);
    expect(await refuseAt(asked.id, `recorded:${step}`)).toMatchObject({ state: 'failed' });
    expect(await statesOf(asked.database_id, id)).toEqual(['failed', 'active']);
    expect(await grantsOf(id)).toEqual([{ database_id: databaseId, role: 'owner', pending_role: null }]);
    expect(await isLetIn(id, asked.database_id ?? '')).toBe(false);
    expect(await journey.view.findLimit(login)).toBe(20);
    expect(await isLetIn(id, databaseId)).toBe(true);
    const again = retryAction(journey.context, asked.id, journey.access);
    await expect(again).rejects.toMatchObject({ code: 'contradicts' });
    expect(await journey.runHere((await drop(asked.database_id ?? '')).id)).toMatchObject({ state: 'succeeded' });
    expect(await isLetIn(id, databaseId)).toBe(true);
  });

  test('but is called off before it began: nothing is left of it', async () => {
    const { id, databaseId } = await makeLogin();
    const asked = await ask([owner(id)]);
    expect(await journey.runHere((await drop(asked.database_id ?? '')).id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.context.store.actions.find(asked.id)).toMatchObject({ state: 'cancelled' });
    expect(await grantsOf(id)).toEqual([{ database_id: databaseId, role: 'owner', pending_role: null }]);
  });

  test('and the login lost its other databases meanwhile: it is shut, or goes', async () => {
    const [shut, gone] = [await makeLogin(), await makeLogin()];
    const asked = await ask([owner(shut.id), owner(gone.id)]);
    const wish = { keepSeenIn: 'available' };
    const kept = await request(journey.context, databaseRemove, { databaseId: shut.databaseId, wish }, journey.access);
    expect(await journey.runHere(kept.id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.runHere((await drop(gone.databaseId)).id)).toMatchObject({ state: 'succeeded' });
    expect(await statesOf(gone.databaseId, gone.id)).toEqual(['deleted', 'active']);
    expect(await refuseAt(asked.id, 'recorded:check_logins')).toMatchObject({ state: 'failed' });
    const { data } = await journey.context.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
    expect(data.map(({ kind, database_id, credential_id }) => [kind, database_id ?? credential_id]).sort()).toEqual([
      ['credential_delete', gone.id],
      ['database_quarantine', shut.databaseId],
    ]);
    for (const { id } of data) expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    expect(await journey.view.isLocked(shut.login)).toBe(true);
    expect(await journey.view.hasLogin(gone.login)).toBe(false);
  });
});

test('the pair can be changed by nothing else while the create is under way, which is named', async () => {
  const { id } = await makeLogin();
  const asked = await ask([owner(id)]);
  const databaseId = asked.database_id ?? '';
  const input = { credentialId: id, database: databaseId, role: 'readonly' as const };
  const stands = { code: 'contradicts', actionId: asked.id };
  await expect(request(journey.context, grantCreate, input, journey.access)).rejects.toMatchObject(stands);
  const pair = { credentialId: id, databaseId };
  await expect(request(journey.context, grantDelete, pair, journey.access)).rejects.toMatchObject(stands);
});

test('a grant that another asks for on the new database is left to its own action', async () => {
  const [one, other] = [await makeLogin(), await makeLogin()];
  const asked = await ask([owner(one.id)]);
  const input = { credentialId: other.id, database: asked.database_id ?? '', role: 'readonly' as const };
  const own = await request(journey.context, grantCreate, input, journey.access);
  const ended = await journey.runHere(asked.id);
  expect(evidenceOf(ended, 'grant_logins')).toEqual({ granted: [`${one.login}: owner`] });
  expect(await isLetIn(other.id, asked.database_id ?? '')).toBe(false);
  expect(await journey.runHere(own.id)).toMatchObject({ state: 'succeeded' });
  expect(await isLetIn(other.id, asked.database_id ?? '')).toBe(true);
});

test('two creates that are given the same logins in another order are both accepted', async () => {
  const [one, other] = [await makeLogin(), await makeLogin()];
  const both = [owner(one.id), owner(other.id)];
  const asked = await Promise.all(Array.from({ length: 6 }, (_, index) => ask(index % 2 ? both : both.toReversed())));
  for (const { id } of asked) expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
});
