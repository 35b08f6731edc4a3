// A delete through the native API: what keeps and what drops, what is shown and refused meanwhile, and who may undo it.
import { SCOPES, type Secret } from '@berth/core';
import type { Access } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { claim, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { databaseShape, problemShape } from './shapes.fixture';

let api: TestApi;
let closeStore: () => Promise<void>;
let token: Secret;
let access: Access;
let count = 0;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
  ({ token, access } = await makeAccess(api, { scopes: SCOPES.filter((scope) => scope !== 'operator') }));
});

afterAll(async () => {
  await api.close();
  await closeStore();
});

type Method = 'get' | 'post' | 'patch' | 'delete';
const call = (method: Method, path: string, by: Secret = token) =>
  request(api.app)[method](`/v1${path}`).auth(by.reveal(), { type: 'bearer' });

async function available(): Promise<{ id: string; credentialId: string; name: string }> {
  count += 1;
  const name = `kept${count}`;
  const { body } = await call('post', '/databases').send({ name });
  await succeed(api, body.action.id);
  return { id: body.database.id, credentialId: body.action.credential_id, name };
}

async function quarantined() {
  const made = await available();
  const { body } = await call('delete', `/databases/${made.id}`);
  await succeed(api, body.action.id);
  return made;
}

const show = async (id: string) => databaseShape.parse((await call('get', `/databases/${id}`)).body);

async function refused(sent: PromiseLike<request.Response>, status: number, code: string) {
  const answer = await sent;
  expect([answer.status, problemShape.parse(answer.body).code]).toEqual([status, code]);
  return problemShape.parse(answer.body);
}

test('the first DELETE keeps, the second drops; both answer 202 with their action', async () => {
  const { id, name } = await available();
  const first = await call('delete', `/databases/${id}`);
  expect([first.status, first.body.action.kind]).toEqual([202, 'database_quarantine']);
  expect(first.body.database).toMatchObject({ state: 'available', delete_accepted_at: null });
  await succeed(api, first.body.action.id);
  const kept = await show(id);
  expect(kept.state).toBe('quarantined');
  const days = (Date.parse(kept.purge_after ?? '') - Date.parse(kept.quarantined_at ?? '')) / 86_400_000;
  expect(days).toBe(7);
  await refused(call('post', '/databases').send({ name }), 409, 'name_taken');
  const second = await call('delete', `/databases/${id}`);
  expect([second.status, second.body.action.kind]).toEqual([202, 'database_delete']);
  await succeed(api, second.body.action.id);
  expect(await show(id)).toMatchObject({ state: 'deleted', purge_after: null });
});

test('a DELETE that is sent again while it is quarantined joins it, and never drops', async () => {
  const { id } = await available();
  const answers = await Promise.all(Array.from({ length: 10 }, () => call('delete', `/databases/${id}`)));
  const ids = new Set(answers.map(({ body }) => body.action.id));
  expect([ids.size, answers[0]?.body.action.kind]).toEqual([1, 'database_quarantine']);
  await claim(api, answers[0]?.body.action.id);
  expect((await call('delete', `/databases/${id}`)).body.action.id).toBe(answers[0]?.body.action.id);
});

test('?purge=true drops at any time: at once, behind a quarantine that runs, and after it', async () => {
  for (const before of [available, quarantined]) {
    const { id } = await before();
    expect((await call('delete', `/databases/${id}?purge=true`)).body.action.kind).toBe('database_delete');
  }
  const { id } = await available();
  const { body } = await call('delete', `/databases/${id}?purge=false`);
  const running = await claim(api, body.action.id);
  const purge = await call('delete', `/databases/${id}?purge=true`);
  expect(purge.body.action.kind).toBe('database_delete');
  expect((await api.context.store.actions.find(running.id))?.state).toBe('running');
});

test('a DELETE cancels what waits, and a login that was never made says so', async () => {
  const { id } = await available();
  const { body } = await call('post', `/databases/${id}/credentials`);
  await call('delete', `/databases/${id}`);
  expect((await api.context.store.actions.find(body.action.id))?.state).toBe('cancelled');
  expect((await call('get', `/credentials/${body.credential.id}`)).body.state).toBe('failed');
});

test('what was never made is dropped by the first DELETE', async () => {
  count += 1;
  const { body } = await call('post', '/databases').send({ name: `kept${count}` });
  expect((await call('delete', `/databases/${body.database.id}`)).body.action.kind).toBe('database_delete');
});

test.each([
  ['the plan says 0', 'UPDATE plans SET quarantine_days = 0', 'database_delete'],
  ['the plan says 0 and the environment 5', 'UPDATE environments SET quarantine_days = 5', 'database_delete'],
  ['the environment says 5', 'UPDATE plans SET quarantine_days = NULL', 'database_quarantine'],
])('whether anything is kept is said by policy: %s', async (_, sql, kind) => {
  await api.sql(sql);
  const { id } = await available();
  const { body } = await call('delete', `/databases/${id}`);
  expect(body.action.kind).toBe(kind);
});

test('while it is quarantined everything but restore, extend, delete and reads is refused, and says what to do', async () => {
  await api.sql('UPDATE environments SET quarantine_days = NULL');
  const { id, credentialId } = await available();
  const { body } = await call('delete', `/databases/${id}`);
  const change = () => [
    call('post', `/databases/${id}/credentials`),
    call('post', `/credentials/${credentialId}/reset`),
    call('delete', `/credentials/${credentialId}`),
  ];
  for (const each of [...change(), call('post', `/databases/${id}/restore`)]) {
    expect(await refused(each, 409, 'contradicts')).toMatchObject({ action_id: body.action.id });
  }
  await succeed(api, body.action.id);
  const reveal = call('get', `/credentials/${credentialId}?reveal=true`);
  for (const each of [...change(), reveal]) {
    expect((await refused(each, 409, 'contradicts')).detail).toMatch(/quarantined.* Restore it first/);
  }
  for (const path of [`/databases/${id}`, `/databases/${id}/credentials`, `/credentials/${credentialId}`]) {
    expect((await call('get', path)).status).toBe(200);
  }
});

test('a restore brings back what is quarantined; asked twice it is one; nothing else can be restored', async () => {
  const { id } = await quarantined();
  const [one, other] = [await call('post', `/databases/${id}/restore`), await call('post', `/databases/${id}/restore`)];
  expect([one.status, one.body.action.kind, other.body.action.id]).toEqual([
    202,
    'database_restore',
    one.body.action.id,
  ]);
  const standing = await refused(call('post', `/databases/${id}/credentials`), 409, 'contradicts');
  expect(standing.action_id).toBe(one.body.action.id);
  await succeed(api, one.body.action.id);
  expect(await show(id)).toMatchObject({ state: 'available', quarantined_at: null, purge_after: null });
  const before = [await show(id), (await call('get', `/actions?database_id=${id}`)).body];
  const nothing = await refused(call('post', `/databases/${id}/restore`), 409, 'contradicts');
  expect(nothing).toMatchObject({
    title: 'What is there stands against it', // no action does
    detail: expect.stringContaining('is available, not quarantined'),
  });
  expect([await show(id), (await call('get', `/actions?database_id=${id}`)).body]).toEqual(before);
  const drop = await call('delete', `/databases/${id}?purge=true`);
  const late = await refused(call('post', `/databases/${id}/restore`), 409, 'contradicts');
  expect(late.action_id).toBe(drop.body.action.id);
  await succeed(api, drop.body.action.id);
  await refused(call('post', `/databases/${id}/restore`), 404, 'not_found');
});

test('a plain DELETE while somebody restores it quarantines it again, and does not drop', async () => {
  const { id } = await quarantined();
  const { body: restore } = await call('post', `/databases/${id}/restore`);
  const { body } = await call('delete', `/databases/${id}`);
  expect(body.action.kind).toBe('database_quarantine');
  expect((await api.context.store.actions.find(restore.action.id))?.state).toBe('cancelled');
});

test('a drop that failed is tried again by any DELETE; a quarantine that failed is not turned into a drop', async () => {
  const fail = async (id: string) => api.context.store.actions.fail(await claim(api, id), 'engine_refused', 'No.');
  for (const [query, kind] of [
    ['?purge=true', 'database_delete'],
    ['', 'database_quarantine'],
  ]) {
    const { id } = await available();
    await fail((await call('delete', `/databases/${id}${query}`)).body.action.id);
    expect((await call('delete', `/databases/${id}`)).body.action.kind).toBe(kind);
  }
});

describe('protection', () => {
  test('refuses to quarantine and to drop, also what is quarantined, says how to lift it, and changes nothing', async () => {
    for (const make of [available, quarantined]) {
      const { id } = await make();
      expect((await call('patch', `/databases/${id}`).send({ protected: true })).status).toBe(200);
      const all = async () => [await show(id), (await call('get', `/actions?database_id=${id}`)).body];
      const before = await all();
      for (const query of ['', '?purge=true', '?purge=false']) {
        const { detail } = await refused(call('delete', `/databases/${id}${query}`), 409, 'protected');
        expect(detail).toMatch(/protect/);
      }
      expect(await all()).toEqual(before);
      await call('patch', `/databases/${id}`).send({ protected: false });
      expect((await call('delete', `/databases/${id}?purge=true`)).status).toBe(202);
    }
  });
});

describe('extend', () => {
  const extend = (id: string, body: object) => call('post', `/databases/${id}/extend`).send(body);

  test('puts the end off by whole days, is audited, and answers with the database', async () => {
    const { id } = await quarantined();
    const before = await show(id);
    const answer = await extend(id, { days: 30 });
    expect(answer.status).toBe(200);
    const after = databaseShape.parse(answer.body);
    expect(Date.parse(after.purge_after ?? '') - Date.parse(before.purge_after ?? '')).toBe(30 * 86_400_000);
    const { data } = await api.context.store.audit.list({ subjectId: id, deed: 'database_extend' }, FIRST);
    expect(data).toMatchObject([
      { access_id: access.id, before: { purge_after: before.purge_after }, after: { purge_after: after.purge_after } },
    ]);
  });

  test.each([{ days: 0 }, { days: -1 }, { days: 1.5 }, { days: 366 }, { days: '7' }, { days: 1e9 }, {}])(
    'refuses %j by its field',
    async (body) => {
      const { id } = await quarantined();
      const before = await show(id);
      const problem = await refused(extend(id, body), 422, 'invalid_request');
      expect(problem.errors?.map(({ field }) => field)).toEqual(['days']);
      expect(await show(id)).toEqual(before);
    },
  );

  test('refuses what would keep it for more than a year, and says how much is left', async () => {
    const { id } = await quarantined();
    const problem = await refused(extend(id, { days: 359 }), 422, 'invalid_request');
    expect(problem.errors).toEqual([{ field: 'days', message: expect.stringContaining('from 1 to 358') }]);
    expect((await extend(id, { days: 358 })).status).toBe(200);
  });

  test.each([0, 3_000])(
    'refuses where nothing is left, %d days beyond it, and says when there will be',
    async (days) => {
      const { id } = await quarantined();
      await api.sql(`UPDATE databases SET purge_after = now() + $2 * interval '1 day' WHERE id = $1`, [
        id,
        364.5 + days,
      ]);
      const kept = await show(id);
      const problem = await refused(extend(id, { days: 1 }), 409, 'contradicts');
      const nextAt = new Date(Date.parse(kept.purge_after ?? '') - 364 * 86_400_000).toISOString();
      for (const part of [String(kept.purge_after), '365 days from now', nextAt, 'protect it']) {
        expect(problem.detail).toContain(part);
      }
      expect(await show(id)).toEqual(kept);
      await api.sql(`UPDATE databases SET purge_after = now() + interval '364 days' - interval '1 s' WHERE id = $1`, [
        id,
      ]);
      expect((await extend(id, { days: 1 })).status).toBe(200); // a second after that moment
    },
  );

  test('sent twice with one Idempotency-Key adds its days once', async () => {
    const { id } = await quarantined();
    const send = () => extend(id, { days: 5 }).set('idempotency-key', `extend ${id}`);
    const [first, second] = [await send(), await send()];
    expect([second.status, second.body.purge_after]).toEqual([200, first.body.purge_after]);
    expect((await show(id)).purge_after).toBe(first.body.purge_after);
  });

  test('refuses what is not quarantined, and what is being dropped or restored', async () => {
    const { id } = await available();
    await refused(extend(id, { days: 1 }), 409, 'contradicts');
    for (const [method, path] of [
      ['delete', ''],
      ['post', '/restore'],
    ] as const) {
      const kept = await quarantined();
      const { body } = await call(method, `/databases/${kept.id}${path}`);
      const problem = await refused(extend(kept.id, { days: 1 }), 409, 'contradicts');
      expect(problem.action_id).toBe(body.action.id);
    }
  });
});

const FIRST = { cursor: null, limit: 10 };
