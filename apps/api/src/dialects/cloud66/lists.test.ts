// What is read: stacks, server groups, databases and actions, their pages, the suffix, and the life of an action. And
// the ways in which a create may be sent.
import { credentialCreate, databaseDelete, request as requestAction } from '@berth/actions';
import type { Secret } from '@berth/core';
import type { Store } from '@berth/store';
import type { Test } from 'supertest';
import { makeAccess } from '../../api.fixture';
import { type Action, type Database, decode } from './decode.fixture';
import * as fixture from './street.fixture';

const { addLogin, API, as, claim, failCreate, newToken, openStreet, stackPath, succeedCreate } = fixture;
let street: fixture.Street;
let store: Store;
let stack: string;
let path: string;

beforeAll(async () => {
  street = await openStreet();
  ({ store } = street);
  stack = await stackPath(street, 'development');
  path = `${stack}/server_groups/${street.server.number}/databases`;
});

afterAll(() => street.close());

const get = (url: string): Test => as(street).get(url);
const post = (url: string): Test => as(street).post(url);
const asked = (name: string, at = path, bearer: Secret = street.token) => fixture.asked(street, at, name, bearer);

async function actionOf(number: number): Promise<Action> {
  return decode.action((await get(`${stack}/actions/${number}`).expect(200)).body).response;
}

async function listed(query = ''): Promise<Database[]> {
  return decode.databases((await get(`${path}${query}`).expect(200)).body).response;
}

describe('stacks and server groups', () => {
  test('a stack is a project in an environment, found again by its uid', async () => {
    const { body } = await get(`${API}/stacks`).expect(200);
    const { response, count } = decode.stacks(body);
    expect(count).toBe(4);
    expect(response.map(({ name, environment }) => [name, environment])).toEqual([
      ['default', 'development'],
      ['default', 'production'],
      ['second', 'development'],
      ['second', 'production'],
    ]);
    for (const each of response) {
      expect(decode.stack((await get(`${API}/stacks/${each.uid}`).expect(200)).body).response).toEqual(each);
    }
  });

  test('a server group is a server of its environment, by its number or our id', async () => {
    const { response } = decode.serverGroups((await get(`${stack}/server_groups`).expect(200)).body);
    const { server, uncheckedServer, foreignServer } = street;
    expect(response.map(({ id }) => id)).toEqual([server.number, foreignServer.number, uncheckedServer.number]);
    expect(response[0]).toMatchObject({ name: 'first', type: 'postgresql' });
    for (const id of [server.number, server.id]) {
      const one = decode.serverGroup((await get(`${stack}/server_groups/${id}`).expect(200)).body);
      expect(one.response).toEqual(response[0]);
      await get(`${stack}/server_groups/${id}/databases`).expect(200);
    }
  });
});

describe('databases', () => {
  test('are listed once they are there, not while they are made or when that failed', async () => {
    const making = await asked('making');
    const failing = await asked('failing');
    const failed = await failCreate(street, failing.id);
    expect(decode.databases((await get(path).expect(200)).body)).toMatchObject({ response: [], count: 0 });
    await get(`${path}/${failed}`).expect(404);
    const uid = await succeedCreate(street, making.id);
    expect((await listed()).map((each) => each.uid)).toEqual([uid]);
    const { body } = await get(`${path}/${uid}`).expect(200);
    expect([decode.database(body).response]).toEqual(await listed());
  });

  test('show their logins by name', async () => {
    const uid = await succeedCreate(street, (await asked('with_logins')).id);
    await addLogin(street, uid, 'app_user');
    await addLogin(street, uid, 'readonly_user');
    expect((await listed()).find((each) => each.uid === uid)?.users).toEqual(['app_user', 'readonly_user']);
  });

  test('get the default plan of the access where it fits, else the smallest', async () => {
    const planOf = async (number: number) => {
      const action = await store.actions.findByNumber(number);
      return (await store.databases.find(action?.database_id ?? ''))?.plan.name;
    };
    expect(await planOf((await asked('smallest')).id)).toBe('tiny');
    const { token } = await makeAccess(street, { scopes: ['admin'] });
    expect(await planOf((await asked('by_default', path, token)).id)).toBe('small');
  });

  test.each([
    ['JSON with a charset', 'application/json; charset=utf-8', '{"database_name":"sent_1"}'],
    ['JSON with the path in it', 'application/json', '{"database_name":"sent_2","stack_id":"x","server_group_id":1}'],
    ['JSON with no users', 'application/json', '{"database_name":"sent_3","database_user_ids":null}'],
    ['a form', 'application/x-www-form-urlencoded', 'database_name=sent_4'],
    ['a form with an empty list', 'application/x-www-form-urlencoded', 'database_name=sent_5&database_user_ids[]='],
    ['a form with an empty string', 'application/x-www-form-urlencoded', 'database_name=sent_6&database_user_ids='],
  ])('may be asked for by %s', async (_what, type, body) => {
    decode.action((await post(path).set('Content-Type', type).send(body).expect(200)).body);
  });

  test.each([
    ['database_user_ids[]=a&database_user_ids[]=b', 2],
    ['database_user_ids=a&database_user_ids=b', 2],
    ['database_user_ids=a&database_user_ids[]=b', 2],
    ['database_user_ids%5B%5D=a', 1],
    ['database_user_ids=a', 1],
  ])('a form may name users by %s', async (users, count) => {
    const answer = await post(path).type('form').send(`database_name=never&${users}`).expect(400);
    expect(decode.refusal(answer.body).details.split('; ')).toHaveLength(count);
  });

  test('keep the name that was asked for where the server has another team’s of that name', async () => {
    const otherToken = await newToken(street, ['public', 'admin'], street.otherTeam);
    const theirs = `${await stackPath(street, 'development', otherToken)}/server_groups/${street.server.number}/databases`;
    await succeedCreate(street, (await asked('same', theirs, otherToken)).id);
    const mine = await asked('same');
    const uid = await succeedCreate(street, mine.id);
    expect((await listed()).find((each) => each.uid === uid)?.name).toBe('same');
    expect((await actionOf(mine.id)).finished_message).toMatch(/called same_[0-9a-z]{5}\.$/);
  });
});

describe('actions', () => {
  test('go from queued to started to completed, and never back', async () => {
    const { id } = await asked('lived');
    expect(await actionOf(id)).toMatchObject({ status: 'queued', started_at: null, resource_id: null });
    await store.actions.postpone(await claim(street, id), 0, {
      code: 'server_unreachable',
      message: 'It is away.',
      isCounted: false,
      isUnreached: false,
    });
    expect(await actionOf(id)).toMatchObject({ status: 'started', finished_at: null, finished_success: null });
    const uid = await succeedCreate(street, id);
    const ended = await actionOf(id);
    expect(ended).toMatchObject({ status: 'completed', finished_success: true, resource_id: uid, started_via: 'api' });
    expect(ended.updated_at).toBe(ended.finished_at);
  });

  test('say why they failed, or that they were cancelled', async () => {
    const failing = await asked('failed_one');
    const left = await failCreate(street, failing.id);
    const failed = await actionOf(failing.id);
    expect(failed).toMatchObject({ status: 'failed', finished_success: false, resource_id: null });
    expect(failed.finished_message).toContain(`The server refused. Delete ${left}`);

    const cancelled = await asked('cancelled_one');
    const database = (await store.actions.findByNumber(cancelled.id))?.database_id ?? '';
    const answer = await as(street).delete(`${path}/${database}`).expect(200);
    expect(decode.action(answer.body).response).toMatchObject({
      action_type: 'database_delete',
      resource_id: database,
    });
    expect(await actionOf(cancelled.id)).toMatchObject({
      status: 'failed',
      finished_success: false,
      finished_message: expect.stringContaining('Cancelled'),
      started_at: null,
    });
  });

  test('of other faces and of Berth itself are shown in the same form', async () => {
    const uid = await succeedCreate(street, (await asked('shared')).id);
    const login = await requestAction(
      street.context,
      credentialCreate,
      { databaseId: uid, username: 'one_more' },
      street.access,
    );
    const shown = await actionOf(login.number);
    expect(shown).toMatchObject({
      action_type: 'database_user_create',
      resource_type: 'database_user',
      resource_id: null,
    });
    const removal = await requestAction(street.context, databaseDelete, { databaseId: uid }, null);
    expect(await actionOf(removal.number)).toMatchObject({ user: null, started_via: 'system', resource_id: uid });
  });
});

describe('pages', () => {
  const NAMES = Array.from({ length: 31 }, (_, index) => `paged_${index}`);
  let pagesPath: string;

  beforeAll(async () => {
    const production = await stackPath(street, 'production');
    pagesPath = `${production}/server_groups/${street.productionServer.number}/databases`;
    for (const name of NAMES) await succeedCreate(street, (await asked(name, pagesPath)).id);
  });

  async function page(query: string) {
    return decode.databases((await get(`${pagesPath}${query}`).expect(200)).body);
  }

  test('hold 30 each and lead on and back', async () => {
    const first = await page('');
    expect(first.response).toHaveLength(30);
    expect(first.count).toBe(31);
    expect(first.pagination).toEqual({ previous: null, next: 2, current: 1, per_page: 30, count: 31, pages: 2 });
    const second = await page('?page=2');
    expect(second.response).toHaveLength(1);
    expect(second.pagination).toEqual({ previous: 1, next: null, current: 2, per_page: 30, count: 31, pages: 2 });
  });

  test('are followed as the client does, through each database once', async () => {
    const names: string[] = [];
    let at = await page('');
    for (;;) {
      names.push(...at.response.map(({ name }) => name));
      const { current, next } = at.pagination;
      if (next === null || current >= next) break;
      at = await page(`?page=${next}`);
    }
    expect(names).toEqual(NAMES);
  });

  test.each(['0', '-1', 'abc', '', '1.5', '%00', '1&page=2', '+'])('page %s is the first', async (asked) => {
    expect((await page(`?page=${asked}`)).pagination.current).toBe(1);
  });

  test.each(['3', '1000000', '99999999999999999999999'])('page %s is beyond the end, and empty', async (asked) => {
    const { response, pagination } = await page(`?page=${asked}`);
    expect(response).toEqual([]);
    expect(pagination).toMatchObject({ previous: 2, next: null, count: 31, pages: 2 });
  });

  test('count actions and stacks as well, newest action first', async () => {
    const url = pagesPath.replace(/server_groups.*/, 'actions');
    const actions = decode.actions((await get(url).expect(200)).body);
    expect(actions.pagination).toMatchObject({ next: 2, count: 31 });
    expect(actions.response.map(({ id }) => id)).toEqual(actions.response.map(({ id }) => id).sort((a, b) => b - a));
    for (let index = 0; index < 14; index += 1) await store.catalog.ensureProject(street.team.id, `project ${index}`);
    const stacks = decode.stacks((await get(`${API}/stacks?page=2`).expect(200)).body);
    expect(stacks.pagination).toMatchObject({ previous: 1, next: null, current: 2, count: 32, pages: 2 });
    expect(stacks.response).toHaveLength(2);
  });
});

test('every address answers the same with .json at its end', async () => {
  const uid = await succeedCreate(street, (await asked('suffixed')).id);
  const { id } = await asked('suffixed_too');
  const groups = [`${stack}/server_groups`, `${stack}/server_groups/${street.server.number}`];
  const actions = [`${stack}/actions`, `${stack}/actions/${id}`];
  for (const url of [`${API}/stacks`, stack, ...groups, ...actions, path, `${path}/${uid}`]) {
    const plain = await get(url).expect(200);
    const suffixed = await get(`${url}.json`).expect(200);
    expect(suffixed.body).toEqual(plain.body);
  }
  expect((await listed('.json?page=2.json')).length).toBeGreaterThan(0);
  decode.action((await post(`${path}.json`).send({ database_name: 'by_suffix' }).expect(200)).body);
  const deleted = as(street).delete(`${path}/${uid}.json`);
  expect(decode.action((await deleted.expect(200)).body).response.resource_id).toBe(uid);
});
