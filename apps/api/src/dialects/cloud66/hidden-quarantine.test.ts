// A product that promises that a deleted database is gone, where the operator keeps it all the same: its client sees no
// difference, the team's other accesses neither, and an operator brings it back.
import { SCOPES, type Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { listen } from '../../http/listen';

let api: TestApi;
let closeStore: () => Promise<void>;
let own: Secret;
let operator: Secret;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl, { change: { hiddenQuarantine: ['cloud66'] } });
  ({ token: own } = await makeAccess(api, { scopes: SCOPES.filter((scope) => scope !== 'operator') }));
  ({ token: operator } = await makeAccess(api, { team: api.otherTeam, scopes: ['operator', 'admin'] }));
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

const send = (method: 'get' | 'post' | 'delete', path: string, by = own) =>
  request(api.app)[method](path).auth(by.reveal(), { type: 'bearer' });

async function groupPath(): Promise<string> {
  const { body } = await send('get', '/cloud66/api/3/stacks');
  return `/cloud66/api/3/stacks/${body.response[0].uid}/server_groups/${api.server.number}/databases`;
}

async function made(name: string) {
  const { body } = await send('post', '/v1/databases').send({ name });
  await succeed(api, body.action.id);
  return { id: String(body.database.id), credentialId: String(body.action.credential_id), path: await groupPath() };
}

async function removed(name: string) {
  const database = await made(name);
  const { body } = await send('delete', `${database.path}/${database.id}`);
  const action = await api.context.store.actions.findByNumber(body.response.id);
  return { ...database, shown: body.response, action, actionId: action?.id ?? '' };
}

test('its client reads of a delete, its name is free at once, and once it is shut nobody of the team sees it', async () => {
  const { id, credentialId, path, shown, action, actionId } = await removed('unseen');
  expect([action?.kind, shown.action_type]).toEqual(['database_quarantine', 'database_delete']);
  await made('unseen');
  const again = await send('delete', `${path}/${id}`);
  expect([again.status, JSON.stringify(again.body)]).toEqual([
    400,
    expect.stringContaining('being deleted. See action'),
  ]);
  await succeed(api, actionId);
  const listed = (await send('get', path)).body.response.map(({ uid }: { uid: string }) => uid);
  expect(listed).not.toContain(id);
  for (const each of [`${path}/${id}`, `/v1/databases/${id}`, `/v1/databases/${id}/credentials`]) {
    expect([each, (await send('get', each)).status]).toEqual([each, 404]);
  }
  for (const query of ['', '?state=quarantined', '?name=unseen']) {
    const { body } = await send('get', `/v1/databases${query}`);
    expect(body.data.map((database: { id: string }) => database.id)).not.toContain(id);
  }
  for (const query of ['?limit=100', `?database_id=${id}`]) {
    const { body } = await send('get', `/v1/actions${query}`);
    expect(body.data.map((each: { database_id: string }) => each.database_id)).not.toContain(id);
  }
  expect((await send('get', `/v1/credentials/${credentialId}?reveal=true`)).status).toBe(404);
  for (const deed of ['restore', 'extend']) {
    expect((await send('post', `/v1/databases/${id}/${deed}`).send(deed === 'extend' ? { days: 1 } : {})).status).toBe(
      404,
    );
  }
  expect((await send('delete', `/v1/databases/${id}?purge=true`)).status).toBe(404);
});

test('an operator sees it quarantined, and is refused while its name is given to another', async () => {
  const { id, actionId } = await removed('taken-again');
  await succeed(api, actionId);
  expect((await send('get', `/v1/databases/${id}`, operator)).body.state).toBe('quarantined');
  const { body } = await send('get', '/v1/databases?state=quarantined', operator);
  expect(body.data.map((database: { id: string }) => database.id)).toContain(id);
  const next = await made('taken-again');
  const refused = await send('post', `/v1/databases/${id}/restore`, operator);
  expect([refused.status, refused.body.code]).toEqual([409, 'name_taken']);
  const drop = await send('delete', `/v1/databases/${next.id}?purge=true`);
  await succeed(api, drop.body.action.id);
  const restore = await send('post', `/v1/databases/${id}/restore`, operator);
  expect(restore.status).toBe(202);
  expect((await send('get', `/v1/databases/${id}`)).status).toBe(404); // until it is back
  await succeed(api, restore.body.action.id);
  expect((await send('get', `/v1/databases/${id}`)).body).toMatchObject({
    state: 'available',
    delete_accepted_at: null,
  });
});

test('an operator extends and drops it', async () => {
  const { id, actionId } = await removed('dropped');
  await succeed(api, actionId);
  expect((await send('post', `/v1/databases/${id}/extend`, operator).send({ days: 1 })).status).toBe(200);
  const drop = await send('delete', `/v1/databases/${id}`, operator);
  expect([drop.status, drop.body.action.kind]).toEqual([202, 'database_delete']);
  await succeed(api, drop.body.action.id);
  expect((await send('get', `/v1/databases/${id}`)).body.state).toBe('deleted'); // as its client was told
});

describe('a quota', () => {
  const setQuota = (quota: number | null) => api.context.store.teams.update(api.team.id, { database_quota: quota });
  const count = () => api.context.store.databases.countOfTeam(api.team.id);
  const restore = (id: string) => send('post', `/v1/databases/${id}/restore`, operator);

  async function hidden(name: string): Promise<string> {
    const { id, actionId } = await removed(name);
    await succeed(api, actionId);
    return id;
  }
  afterEach(() => setQuota(null));

  test('has room for another as soon as one is deleted, and none for both when an operator restores it', async () => {
    const { id, path } = await made('first-of-one');
    await setQuota(await count());
    expect((await send('post', '/v1/databases').send({ name: 'second-of-one' })).body.code).toBe('quota_exceeded');
    const { body } = await send('delete', `${path}/${id}`);
    const next = await made('second-of-one'); // at once, while the first is still being shut
    await succeed(api, (await api.context.store.actions.findByNumber(body.response.id))?.id ?? '');
    const quota = await count();
    const refused = await restore(id);
    expect([refused.status, refused.body.code]).toEqual([409, 'quota_exceeded']);
    expect(refused.body.detail).toContain(`The team own has ${quota} of the ${quota} databases it may have.`);
    expect(refused.body.detail).toContain('raise its quota');
    const still = await api.context.store.databases.find(id);
    expect(still).toMatchObject({ state: 'quarantined', hidden: true, delete_accepted_at: expect.any(Date) });
    await send('delete', `/v1/databases/${next.id}?purge=true`);
    expect((await restore(id)).status).toBe(202);
    expect(await count()).toBe(quota); // it has its place from now on
    expect((await send('post', '/v1/databases').send({ name: 'third-of-one' })).body.code).toBe('quota_exceeded');
  });

  test('is asked again when a restore that failed is tried again', async () => {
    const id = await hidden('tried-again');
    const { action } = (await restore(id)).body;
    await claim(api, action.id);
    await api.context.store.transaction(async (tx) => {
      const running = await tx.actions.find(action.id);
      if (running !== null) await tx.actions.fail(running, 'engine_refused', 'No.');
      await tx.databases.yieldName(id);
    });
    await setQuota(await count());
    const retry = () => send('post', `/v1/actions/${action.id}/retry`, operator);
    expect((await retry()).body.code).toBe('quota_exceeded');
    await setQuota((await count()) + 1);
    expect((await retry()).status).toBe(202);
  });

  test('is kept by five restores at once for two places', async () => {
    const ids: string[] = [];
    for (const name of ['at-once-1', 'at-once-2', 'at-once-3', 'at-once-4', 'at-once-5']) ids.push(await hidden(name));
    await setQuota((await count()) + 2);
    const door = await listen(api.app, '127.0.0.1', 0);
    const answers = await Promise.all(
      ids.map((id) =>
        request(door.url).post(`/v1/databases/${id}/restore`).auth(operator.reveal(), { type: 'bearer' }),
      ),
    );
    await door.close();
    expect(answers.map(({ status }) => status).sort()).toEqual([202, 202, 409, 409, 409]);
  });

  test('does not hinder the restore of what counted all the while', async () => {
    const { id } = await made('counted');
    await succeed(api, (await send('delete', `/v1/databases/${id}`)).body.action.id);
    await setQuota(await count());
    expect((await send('post', `/v1/databases/${id}/restore`)).status).toBe(202);
  });
});

test('where policy keeps nothing it is dropped', async () => {
  await api.sql('UPDATE plans SET quarantine_days = 0');
  expect((await removed('not-kept')).action?.kind).toBe('database_delete');
});
