// What is read: stacks, server groups, databases and actions, their pages, the suffix, and the life of an action. And
// the ways in which a create may be sent.
import { credentialCreate, databaseDelete, request as requestAction } from '@berth/actions';
import { type Secret, systemClock } from '@berth/core';
import { openSender } from '@berth/queue';
import { openLog } from '@berth/runtime';
import { hashToken, makeKey, makeToken, readKeyRing } from '@berth/secrets';
import { type Access, openStore, type Store } from '@berth/store';
import { openTestStore } from '@berth/testing';
import type { Express } from 'express';
import request from 'supertest';
import { appOf } from '../../app';
import type { ApiContext } from '../dialect';
import { type Action, type Database, decode } from './decode.fixture';
import { addAccess, addLogin, claim, furnish, type Street, succeedCreate } from './street.fixture';

const API = '/cloud66/api/3';
const token = makeToken();
const otherToken = makeToken();
let app: Express;
let api: ApiContext;
let store: Store;
let street: Street;
let access: Access;
let stack: string;
let path: string;
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  const testStore = await openTestStore();
  store = openStore({ url: testStore.secretUrl, connectionsMax: 4, process: 'test' });
  const sender = openSender({ url: testStore.secretUrl, process: 'test', onError: () => {} }); // counted by the sender
  closers.push(testStore.close, store.close, sender.close);
  const context = {
    clock: systemClock,
    keyRing: readKeyRing(makeKey('k')),
    log: openLog('test', 'silent'),
    sender,
    store,
  };
  api = { ...context, stopping: new AbortController().signal };
  app = appOf(api);
  street = await furnish(store);
  access = await addAccess(store, street.team.id, hashToken(token), ['public', 'admin']);
  stack = `${API}/stacks/${await uidOf(token, 'development')}`;
  path = `${stack}/server_groups/${street.server.number}/databases`;
});

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

async function uidOf(bearer: Secret, environment: string): Promise<string> {
  const { body } = await get(`${API}/stacks`, bearer).expect(200);
  return decode.stacks(body).response.find((each) => each.environment === environment)?.uid ?? '';
}

function get(url: string, bearer = token): request.Test {
  return request(app).get(url).auth(bearer.reveal(), { type: 'bearer' });
}

function post(url: string, bearer = token): request.Test {
  return request(app).post(url).auth(bearer.reveal(), { type: 'bearer' });
}

/** Asks for a database by JSON and returns its action. */
async function asked(database_name: string, at = path, bearer = token): Promise<Action> {
  return decode.action((await post(at, bearer).send({ database_name }).expect(200)).body).response;
}

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
    expect(count).toBe(2);
    expect(response.map(({ name, environment }) => [name, environment])).toEqual([
      ['shop', 'development'],
      ['shop', 'production'],
    ]);
    for (const each of response) {
      expect(decode.stack((await get(`${API}/stacks/${each.uid}`).expect(200)).body).response).toEqual(each);
    }
  });

  test('a server group is a server of its environment, by its number or our id', async () => {
    const { response } = decode.serverGroups((await get(`${stack}/server_groups`).expect(200)).body);
    const { server, uncheckedServer, foreignServer } = street;
    expect(response.map(({ id }) => id)).toEqual([server.number, uncheckedServer.number, foreignServer.number]);
    expect(response[0]).toMatchObject({ name: 'PostgreSQL Server', type: 'postgresql' });
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
    const claimed = await claim(store, failing.id);
    await store.transaction(async (tx) => {
      await tx.actions.fail(claimed, 'engine_refused', 'The server refused.');
      await tx.databases.becomeFailed(claimed.database_id ?? '');
    });
    expect(await listed()).toEqual([]);
    await get(`${path}/${claimed.database_id}`).expect(404);
    const uid = await succeedCreate(store, making.id);
    expect((await listed()).map((each) => each.uid)).toEqual([uid]);
    const { body } = await get(`${path}/${uid}`).expect(200);
    expect([decode.database(body).response]).toEqual(await listed());
  });

  test('show their logins by name', async () => {
    const uid = await succeedCreate(store, (await asked('with_logins')).id);
    await addLogin(store, uid, 'app_user');
    await addLogin(store, uid, 'readonly_user');
    expect((await listed()).find((each) => each.uid === uid)?.users).toEqual(['app_user', 'readonly_user']);
  });

  test('get the default plan of the access where it fits, else the smallest', async () => {
    const planOf = async (number: number) => {
      const action = await store.actions.findByNumber(number);
      return (await store.databases.find(action?.database_id ?? ''))?.plan.name;
    };
    expect(await planOf((await asked('smallest')).id)).toBe('small');
    const large = await store.catalog.findPlan('large', 'postgresql');
    const bearer = makeToken();
    await store.accesses.ensureBearer({
      teamId: street.team.id,
      name: 'with a default',
      person: 'p@example.org',
      secretHash: hashToken(bearer),
      scopes: ['admin'],
      defaults: { planId: large?.id ?? '' },
      expiresAt: null,
    });
    expect(await planOf((await asked('by_default', path, bearer)).id)).toBe('large');
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
    ['database_user_ids%5B%5D=a', 1],
    ['database_user_ids=a', 1],
  ])('a form may name users by %s', async (users, count) => {
    const answer = await post(path).type('form').send(`database_name=never&${users}`).expect(400);
    expect(decode.refusal(answer.body).details.split('; ')).toHaveLength(count);
  });

  test('keep the name that was asked for where the server has another team’s of that name', async () => {
    const other = await store.catalog.ensureTeam('other');
    await store.catalog.ensureProject(other.id, 'shop');
    await addAccess(store, other.id, hashToken(otherToken), ['public', 'admin']);
    const theirs = `${API}/stacks/${await uidOf(otherToken, 'development')}/server_groups/${street.server.number}/databases`;
    await succeedCreate(store, (await asked('same', theirs, otherToken)).id);
    const mine = await asked('same');
    const uid = await succeedCreate(store, mine.id);
    expect((await listed()).find((each) => each.uid === uid)?.name).toBe('same');
    expect((await actionOf(mine.id)).finished_message).toMatch(/called same_[0-9a-z]{5}\.$/);
  });
});

describe('actions', () => {
  test('go from queued to started to completed, and never back', async () => {
    const { id } = await asked('lived');
    expect(await actionOf(id)).toMatchObject({ status: 'queued', started_at: null, resource_id: null });
    await store.actions.postpone(await claim(store, id), 0, false);
    expect(await actionOf(id)).toMatchObject({ status: 'started', finished_at: null, finished_success: null });
    const uid = await succeedCreate(store, id);
    const ended = await actionOf(id);
    expect(ended).toMatchObject({ status: 'completed', finished_success: true, resource_id: uid, started_via: 'api' });
    expect(ended.updated_at).toBe(ended.finished_at);
  });

  test('say why they failed, or that they were cancelled', async () => {
    const failing = await asked('failed_one');
    const claimed = await claim(store, failing.id);
    await store.actions.fail(claimed, 'engine_refused', 'The server refused.');
    const failed = await actionOf(failing.id);
    expect(failed).toMatchObject({ status: 'failed', finished_success: false, resource_id: null });
    expect(failed.finished_message).toContain(`The server refused. Delete ${claimed.database_id}`);

    const cancelled = await asked('cancelled_one');
    const database = (await store.actions.findByNumber(cancelled.id))?.database_id ?? '';
    const answer = await request(app)
      .delete(`${path}/${database}`)
      .auth(token.reveal(), { type: 'bearer' })
      .expect(200);
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
    const uid = await succeedCreate(store, (await asked('shared')).id);
    const login = await requestAction(api, credentialCreate, { databaseId: uid, username: 'one_more' }, access);
    const shown = await actionOf(login.number);
    expect(shown).toMatchObject({
      action_type: 'credential_create',
      resource_type: 'database_user',
      resource_id: null,
    });
    const removal = await requestAction(api, databaseDelete, { databaseId: uid }, null);
    expect(await actionOf(removal.number)).toMatchObject({ user: null, started_via: 'system', resource_id: uid });
  });
});

describe('pages', () => {
  const NAMES = Array.from({ length: 31 }, (_, index) => `paged_${index}`);
  let pagesPath: string;

  beforeAll(async () => {
    const production = `${API}/stacks/${await uidOf(token, 'production')}`;
    pagesPath = `${production}/server_groups/${street.productionServer.number}/databases`;
    for (const name of NAMES) await succeedCreate(store, (await asked(name, pagesPath)).id);
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
    for (let index = 0; index < 15; index += 1) await store.catalog.ensureProject(street.team.id, `project ${index}`);
    const stacks = decode.stacks((await get(`${API}/stacks?page=2`).expect(200)).body);
    expect(stacks.pagination).toMatchObject({ previous: 1, next: null, current: 2, count: 32, pages: 2 });
    expect(stacks.response).toHaveLength(2);
  });
});

test('every address answers the same with .json at its end', async () => {
  const uid = await succeedCreate(store, (await asked('suffixed')).id);
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
  const deleted = request(app).delete(`${path}/${uid}.json`).auth(token.reveal(), { type: 'bearer' });
  expect(decode.action((await deleted.expect(200)).body).response.resource_id).toBe(uid);
});
