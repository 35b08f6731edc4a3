// A login shared by a database that its client was told is deleted, and is kept unseen: through the login nobody of the
// team sees it, neither its name nor its id, and nothing is refused because of it. Operators see it.
import { SCOPES, type Secret } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { credentialShape, revealedShape } from './shapes.fixture';

let api: TestApi;
let closeStore: () => Promise<void>;
let own: Secret;
let operator: Secret;
/** Limited to the project `default`. */
let limited: Secret;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl, { change: { hiddenQuarantine: ['cloud66'] } });
  const scopes = SCOPES.filter((scope) => scope !== 'operator');
  ({ token: own } = await makeAccess(api, { scopes }));
  ({ token: operator } = await makeAccess(api, { team: api.otherTeam, scopes: ['operator', 'public'] }));
  const bounded = await makeAccess(api, { scopes });
  limited = bounded.token;
  await api.sql('UPDATE accesses SET limit_project_id = $1 WHERE id = $2', [api.project.id, bounded.access.id]);
});

afterAll(async () => {
  await api?.close();
  await closeStore?.();
});

const call = (method: 'get' | 'post' | 'delete', path: string, by: Secret = own) =>
  request(api.app)[method](`/v1${path}`).auth(by.reveal(), { type: 'bearer' });

async function make(body: object): Promise<{ id: string; login: string }> {
  const answer = await call('post', '/databases').send(body);
  expect(answer.status).toBe(202);
  await succeed(api, answer.body.action.id);
  return { id: answer.body.database.id, login: answer.body.action.credential_id };
}

/** A login that was made with the first database, which is deleted by a client of Cloud 66, and is let into a second. */
async function share(name: string, project = 'default'): Promise<{ hidden: string; open: string; login: string }> {
  const first = await make({ name: `${name}-gone`, project });
  const second = await make({ name: `${name}-open` });
  const granted = await call('post', `/credentials/${first.login}/grants`).send({ database: second.id, role: 'owner' });
  await succeed(api, granted.body.action.id);
  await api.context.store.databases.acceptDelete(first.id);
  await api.context.store.databases.hide(first.id);
  await api.context.store.databases.becomeQuarantined(first.id, 7);
  return { hidden: first.id, open: second.id, login: first.login };
}

test('its grant is in no answer to the team, and an operator sees it', async () => {
  const { hidden, open, login } = await share('shown');
  for (const path of [`/credentials/${login}`, `/credentials/${login}?reveal=true`, `/databases/${open}/credentials`]) {
    const answer = await call('get', path);
    expect([path, answer.status]).toEqual([path, 200]);
    expect(answer.text).toContain(open);
    expect(answer.text).not.toContain(hidden);
    expect(answer.text).not.toContain('shown-gone","role');
  }
  const revealed = revealedShape.parse((await call('get', `/credentials/${login}?reveal=true`)).body);
  expect([revealed.grants.length, revealed.uri]).toEqual([1, revealed.grants[0]?.uri]);
  const seen = credentialShape.parse((await call('get', `/credentials/${login}`, operator)).body);
  expect(seen.grants.map(({ database_id }) => database_id)).toEqual([hidden, open]);
});

test('what is done to the login is told of the database that is seen, and its action can be looked at', async () => {
  const { hidden, open, login } = await share('told');
  for (const send of [call('post', `/credentials/${login}/reset`), call('delete', `/credentials/${login}`)]) {
    const { body, status, text } = await send;
    expect([status, body.action.database_id]).toEqual([202, open]);
    expect(text).not.toContain(hidden);
    expect((await call('get', `/actions/${body.action.id}`)).status).toBe(200);
  }
});

test('the one that is seen is the last one', async () => {
  const { open, login } = await share('last');
  const answer = await call('delete', `/credentials/${login}/grants/${open}`);
  expect([answer.status, answer.body.code]).toEqual([409, 'contradicts']);
});

test('a login whose other database is quarantined names that one, as what is to be restored first', async () => {
  const { hidden, open, login } = await share('restore');
  await api.context.store.databases.becomeQuarantined(open, 7);
  const answer = await call('post', `/credentials/${login}/reset`);
  expect([answer.status, answer.body.code]).toEqual([409, 'contradicts']);
  expect(answer.body.detail).toContain(open);
  expect(answer.text).not.toContain(hidden);
});

test('an access that is limited to what is seen is not refused because of what is not', async () => {
  const { login } = await share('limited', 'second');
  expect((await call('get', `/credentials/${login}?reveal=true`, limited)).status).toBe(200);
  expect((await call('post', `/credentials/${login}/reset`, limited)).status).toBe(202);
  expect((await call('delete', `/credentials/${login}`, limited)).status).toBe(202);
});
