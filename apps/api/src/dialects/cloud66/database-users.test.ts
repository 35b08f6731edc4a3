// Database users: asked for, listed, shown with their passwords to who may see them, given databases, and deleted.
import { credentialCreate, databaseRemove, grantCreate, openSecret, request as requestAction } from '@berth/actions';
import type { Test } from 'supertest';
import { makeAccess, succeed } from '../../api.fixture';
import { type DatabaseUser, decode } from './decode.fixture';
import * as fixture from './street.fixture';

const { API, as, asked, askedUser, claim, newToken, openStreet, stackPath, succeedCreate, succeedUser } = fixture;
let street: fixture.Street;
let stack: string;
let path: string;
let users: string;

beforeAll(async () => {
  street = await openStreet();
  stack = await stackPath(street, 'development');
  path = `${stack}/server_groups/${street.server.number}/databases`;
  users = path.replace(/databases$/, 'database_users');
});

afterAll(() => street.close());

const get = (url: string): Test => as(street).get(url);
const post = (url: string): Test => as(street).post(url);

async function newDatabase(name: string, at = path): Promise<string> {
  return succeedCreate(street, (await asked(street, at, name)).id);
}

async function newUser(body: { username: string; user_type?: string; database_ids: string[] }): Promise<string> {
  return succeedUser(street, (await askedUser(street, users, body)).id);
}

async function listed(query = ''): Promise<DatabaseUser[]> {
  return decode.users((await get(`${users}${query}`).expect(200)).body).response;
}

async function actionOf(number: number, at = stack) {
  return decode.action((await get(`${at}/actions/${number}`).expect(200)).body).response;
}

const usersOf = async (uid: string) => decode.database((await get(`${path}/${uid}`).expect(200)).body).response.users;

describe('a database user', () => {
  test('is asked for, and there when its action has completed, in each of its databases', async () => {
    const [one, other] = [await newDatabase('one'), await newDatabase('other')];
    const action = await askedUser(street, users, { username: 'app_user', database_ids: [one, other] });
    expect(action).toMatchObject({
      status: 'queued',
      action_type: 'database_user_create',
      resource_type: 'database_user',
      resource_id: null,
      user: 'caller@example.org',
    });
    expect(await listed()).toEqual([]);
    const uid = await succeedUser(street, action.id);
    expect(await actionOf(action.id)).toMatchObject({ status: 'completed', resource_id: uid, finished_message: null });
    const shown = decode.user((await get(`${users}/${uid}`).expect(200)).body).response;
    expect(shown).toMatchObject({ username: 'app_user', user_type: 'owner', databases: ['one', 'other'] });
    expect(await listed()).toEqual([shown]);
    expect([await usersOf(one), await usersOf(other)]).toEqual([['app_user'], ['app_user']]);
  });

  test.each([
    [undefined, 'owner'],
    [null, 'owner'],
    ['owner', 'owner'],
    ['admin', 'owner'],
    ['readwrite', 'readwrite'],
    ['read_write', 'readwrite'],
    ['readonly', 'readonly'],
    ['read_only', 'readonly'],
  ])('of the type %s is shown as %s', async (user_type, shown) => {
    const database = await newDatabase(`typed_${user_type}`);
    const body = { username: `typed_${user_type}`, user_type, database_ids: [database] };
    const uid = await succeedUser(street, (await askedUser(street, users, body)).id);
    expect(decode.user((await get(`${users}/${uid}`)).body).response.user_type).toBe(shown);
  });

  test.each([
    ['JSON', 'application/json', (id: string) => JSON.stringify({ username: 'by_1', database_ids: [id] })],
    ['JSON with one id', 'application/json', (id: string) => JSON.stringify({ username: 'by_2', database_ids: id })],
    ['a form', 'application/x-www-form-urlencoded', (id: string) => `username=by_3&database_ids[]=${id}`],
    ['a form, escaped', 'application/x-www-form-urlencoded', (id: string) => `username=by_4&database_ids%5B%5D=${id}`],
    [
      'a form without brackets',
      'application/x-www-form-urlencoded',
      (id: string) => `username=by_5&database_ids=${id}&user_type=readonly`,
    ],
  ])('may be asked for by %s', async (_what, type, bodyOf) => {
    const [database] = decode.databases((await get(path)).body).response;
    const answer = post(`${users}.json`)
      .set('Content-Type', type)
      .send(bodyOf(database?.uid ?? ''));
    decode.action((await answer.expect(200)).body);
  });

  test('says what it is called on its server where another team has its name', async () => {
    const otherToken = await newToken(street, ['public', 'admin'], street.otherTeam);
    const theirStack = await stackPath(street, 'development', otherToken);
    const theirs = `${theirStack}/server_groups/${street.server.number}/databases`;
    const theirDatabase = await succeedCreate(street, (await asked(street, theirs, 'theirs', otherToken)).id);
    const theirUsers = theirs.replace(/databases$/, 'database_users');
    await askedUser(street, theirUsers, { username: 'same', database_ids: [theirDatabase] }, otherToken);
    const { id } = await askedUser(street, users, { username: 'same', database_ids: [await newDatabase('shared')] });
    const uid = await succeedUser(street, id);
    const { login } = decode.user((await get(`${users}/${uid}`)).body).response;
    expect(login).toMatch(/^same_[0-9a-z]{5}$/);
    expect((await actionOf(id)).finished_message).toBe(`On its server the database user is called ${login}.`);
  });

  test('that could not be made says how its name is freed', async () => {
    const { id } = await askedUser(street, users, { username: 'unmade', database_ids: [await newDatabase('unmade')] });
    const claimed = await claim(street, id);
    await street.store.transaction(async (tx) => {
      await tx.actions.fail(claimed, 'engine_refused', 'The server refused.');
      await tx.credentials.becomeFailed(claimed.credential_id ?? '');
    });
    const message = `The server refused. Delete ${claimed.credential_id} to free its name.`;
    expect((await actionOf(id)).finished_message).toBe(message);
    await get(`${users}/${claimed.credential_id}`).expect(404);
    decode.action((await as(street).delete(`${users}/${claimed.credential_id}`).expect(200)).body);
  });

  test('is deleted, and leaves the lists when that is done', async () => {
    const database = await newDatabase('deleting');
    const uid = await newUser({ username: 'deleting', database_ids: [database] });
    const { response } = decode.action((await as(street).delete(`${users}/${uid}.json`).expect(200)).body);
    expect(response).toMatchObject({ action_type: 'database_user_delete', resource_id: uid });
    const again = decode.refusal((await as(street).delete(`${users}/${uid}`).expect(400)).body);
    expect(again.error_description).toContain(`See action ${response.id}.`);
    await succeedUser(street, response.id);
    expect(await actionOf(response.id)).toMatchObject({ status: 'completed', resource_id: uid });
    await get(`${users}/${uid}`).expect(404);
    expect(await usersOf(database)).toEqual([]);
  });

  test('gets another password, which its action tells and never shows', async () => {
    const uid = await newUser({ username: 'renewed', database_ids: [await newDatabase('renewed')] });
    const { response } = decode.action((await post(`${users}/${uid}/regenerate_password`).expect(200)).body);
    expect(response).toMatchObject({ action_type: 'database_user_regenerate_password', resource_id: uid });
    for (const body of ['stack_id=x', '']) {
      await post(`${users}/${uid}/regenerate_password.json`).type('form').send(body).expect(200);
    }
  });
});

describe('passwords', () => {
  const deeds = () => street.store.audit.list({}, { cursor: null, limit: 100 });

  async function revealer() {
    const { token } = await makeAccess(street, { scopes: ['public', 'credentials'], hasDefaults: false });
    return as(street, token);
  }

  test('are shown with the scope credentials, of one and of a list, and each is recorded', async () => {
    const database = await newDatabase('revealed');
    const uid = await newUser({ username: 'revealed', database_ids: [database] });
    const credential = await street.store.credentials.find(uid);
    const password = openSecret(street.context.keyRing, uid, credential?.secret_sealed ?? '').reveal();
    const agent = await revealer();
    const one = decode.revealedUser((await agent.get(`${users}/${uid}?show_password=true`).expect(200)).body).response;
    expect(one).toMatchObject({ username: 'revealed', password });
    expect(Object.keys(one.uris)).toEqual([database]);
    expect(one.uris[database]).toContain(password);
    const { data } = await deeds();
    expect(data[0]).toMatchObject({ deed: expect.stringContaining('reveal'), subject_id: uid });
    const list = decode.revealedUsers((await agent.get(`${users}.json?show_password=1`).expect(200)).body).response;
    expect(list.find((each) => each.uid === uid)).toEqual(one);
    for (const query of ['', '?show_password=false', '?show_password=0', '?show_password=']) {
      decode.user((await agent.get(`${users}/${uid}${query}`).expect(200)).body);
    }
  });

  test('are refused without it, and that is recorded as a deed is', async () => {
    const [user] = await listed();
    for (const url of [users, `${users}/${user?.uid}`]) {
      const { body } = await get(`${url}?show_password=true`).expect(403);
      expect(decode.refusal(body).error).toBe('forbidden');
    }
    const { data } = await deeds();
    expect(data[0]).toMatchObject({ error_code: 'missing_scope' });
  });

  test('of one that also opens what the access may not reach is not shown, and the others are', async () => {
    const [one, other] = [await newDatabase('inside'), await newDatabase('also_inside')];
    const inside = await newUser({ username: 'inside', database_ids: [one] });
    const outside = await newUser({ username: 'outside', database_ids: [other] });
    const second = await street.store.catalog.findProject(street.team.id, 'second');
    const { body } = await get(`${API}/stacks`).expect(200);
    const place = decode
      .stacks(body)
      .response.find(({ name, environment }) => name === 'second' && environment === 'development');
    const secondStack = `${API}/stacks/${place?.uid}`;
    const there = await newDatabase('there', `${secondStack}/server_groups/${street.server.number}/databases`);
    const input = { credentialId: outside, database: there, role: 'readonly' as const };
    await succeed(street, (await requestAction(street.context, grantCreate, input, street.access)).id);
    const { token, access } = await makeAccess(street, { scopes: ['public', 'admin', 'credentials'] });
    await street.sql('UPDATE accesses SET limit_project_id = $1 WHERE id = $2', [street.project.id, access.id]);
    const limited = as(street, token);
    const list = decode.revealedUsers((await limited.get(`${users}?show_password=true`).expect(200)).body).response;
    const passwordOf = (uid: string) => list.find((each) => each.uid === uid)?.password;
    expect([passwordOf(inside), passwordOf(outside)]).toEqual([expect.any(String), null]);
    expect(list.find(({ uid }) => uid === outside)).toMatchObject({ databases: ['also_inside'], uris: {} });
    decode.refusal((await limited.delete(`${users}/${outside}`).expect(400)).body);
    decode.refusal((await limited.post(`${users}/${outside}/regenerate_password`).expect(400)).body);

    // in the other stack it is a user too, with what it has there, and so are the actions that were asked for there
    expect(second).not.toBeNull();
    const thereUsers = `${secondStack}/server_groups/${street.server.number}/database_users`;
    const shown = decode.users((await get(thereUsers).expect(200)).body).response;
    expect(shown).toMatchObject([{ uid: outside, databases: ['there'], user_type: 'readonly' }]);
    await limited.get(thereUsers).expect(404);
    const revealed = (await (await revealer()).get(`${thereUsers}/${outside}?show_password=1`).expect(200)).body;
    expect(Object.keys(decode.revealedUser(revealed).response.uris)).toEqual([there]);
    const reset = decode.action((await post(`${thereUsers}/${outside}/regenerate_password`).expect(200)).body).response;
    expect(await actionOf(reset.id, secondStack)).toMatchObject({ resource_id: outside });
  });
});

describe('given to a new database', () => {
  test('they are its users as soon as it is there, and not before', async () => {
    const first = await newDatabase('given_first');
    const uid = await newUser({ username: 'given', database_ids: [first] });
    const { body } = await post(path)
      .send({ database_name: 'given_second', database_user_ids: [uid] })
      .expect(200);
    const { id } = decode.action(body).response;
    expect((await listed()).find((each) => each.uid === uid)?.databases).toEqual(['given_first']);
    const second = await succeedCreate(street, id);
    expect(await usersOf(second)).toEqual(['given']);
    expect((await listed()).find((each) => each.uid === uid)?.databases).toEqual(['given_first', 'given_second']);
  });

  test('one that is not here is refused by its place, in whatever spelling', async () => {
    const uid = (await listed())[0]?.uid ?? '';
    for (const form of [
      `database_user_ids[]=${uid}&database_user_ids[]=nobody`,
      `database_user_ids=${uid}&database_user_ids=nobody`,
    ]) {
      const { body } = await post(path).type('form').send(`database_name=never&${form}`).expect(400);
      expect(decode.refusal(body).details).toMatch(/^database_user_ids\.1: [^;]+$/);
    }
  });
});

test('of a database that is quarantined are not shown, nor can be changed', async () => {
  const database = await newDatabase('kept');
  const uid = await newUser({ username: 'kept', database_ids: [database] });
  const input = { databaseId: database, wish: { keepSeenIn: 'available' } };
  await succeed(street, (await requestAction(street.context, databaseRemove, input, street.access)).id);
  expect((await listed()).map((each) => each.uid)).not.toContain(uid);
  await get(`${users}/${uid}`).expect(404);
  await as(street).delete(`${users}/${uid}`).expect(404);
});

test('given a database by another face they are its users once that is done', async () => {
  const [one, other] = [await newDatabase('grant_one'), await newDatabase('grant_other')];
  const uid = await newUser({ username: 'granted', database_ids: [one] });
  const input = { credentialId: uid, database: other, role: 'owner' as const };
  const action = await requestAction(street.context, grantCreate, input, street.access);
  expect(await usersOf(other)).toEqual([]);
  await succeed(street, action.id);
  expect(await usersOf(other)).toEqual(['granted']);
});

test('made by other faces are users as well', async () => {
  const input = { databaseId: await newDatabase('by_others'), username: 'other-face' };
  const action = await requestAction(street.context, credentialCreate, input, street.access);
  await succeed(street, action.id);
  expect((await listed()).map(({ username }) => username)).toContain('other-face');
});

test('are paged as all lists are, each once', async () => {
  const production = await stackPath(street, 'production');
  const group = `${production}/server_groups/${street.productionServer.number}`;
  const database = await newDatabase('paged', `${group}/databases`);
  const names = Array.from({ length: 31 }, (_, index) => `paged_${index}`);
  for (const username of names) {
    const body = { username, database_ids: [database] };
    await succeedUser(street, (await askedUser(street, `${group}/database_users`, body)).id);
  }
  const page = async (query: string) => decode.users((await get(`${group}/database_users${query}`).expect(200)).body);
  const [first, second] = [await page(''), await page('?page=2')];
  expect([...first.response, ...second.response].map(({ username }) => username)).toEqual(names);
  expect(second.pagination).toEqual({ previous: 1, next: null, current: 2, per_page: 30, count: 31, pages: 2 });
  expect((await page('?page=9')).response).toEqual([]);
});
