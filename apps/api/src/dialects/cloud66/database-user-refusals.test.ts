// What is refused about database users, and of users that a new database is given: each in the product's own words, with nothing
// changed, and another team's to the letter as nobody's.
import { newId, type Secret } from '@berth/core';
import { makeAccess } from '../../api.fixture';
import { openRefused, type Refused } from './refused.fixture';
import { askedUser, as as asOf, newToken, openStreet, type Street, stackPath, succeedUser } from './street.fixture';

let street: Street;
let fixture: Refused;
let token: Secret;
let otherToken: Secret;
let path: string;
let theirPath: string;
let mine: { database: string; user: string };
let theirs: { database: string; user: string };

const usersOf = (databases: string) => databases.replace(/databases$/, 'database_users');
const as = (bearer: Secret) => asOf(street, bearer);
const refused: Refused['refused'] = (test, status) => fixture.refused(test, status);

async function make(at: string, bearer: Secret, username: string) {
  const { uid: database } = await fixture.newDatabase(`of_${username}`, at, bearer);
  const { id } = await askedUser(street, usersOf(at), { username, database_ids: [database] }, bearer);
  return { database, user: await succeedUser(street, id) };
}

beforeAll(async () => {
  street = await openStreet();
  fixture = await openRefused(street);
  ({ token } = street);
  otherToken = await newToken(street, ['public', 'admin'], street.otherTeam);
  const placeOf = async (bearer: Secret) =>
    `${await stackPath(street, 'development', bearer)}/server_groups/${street.server.number}/databases`;
  [path, theirPath] = [await placeOf(token), await placeOf(otherToken)];
  [mine, theirs] = [await make(path, token, 'mine'), await make(theirPath, otherToken, 'theirs')];
});

afterAll(async () => {
  await fixture.close();
  await street.close();
});

/** Each route of a user, with the scope it needs. */
const routes = (user: string, users = usersOf(path)) =>
  [
    ['get', users, 'public'],
    ['get', `${users}/${user}`, 'public'],
    ['post', users, 'admin'],
    ['delete', `${users}/${user}`, 'admin'],
    ['post', `${users}/${user}/regenerate_password`, 'admin'],
  ] as const;

describe('who may', () => {
  test('401 without a token, everywhere', async () => {
    const wrong = asOf(street).auth('berth_wrong', { type: 'bearer' });
    for (const [method, url] of routes(mine.user)) {
      expect((await refused(wrong[method](url), 401)).error).toBe('unauthenticated');
    }
  });

  test('403 without the scope: none includes another', async () => {
    const others = {
      public: await newToken(street, ['admin', 'credentials', 'operator']),
      admin: await newToken(street, ['public', 'credentials', 'operator']),
    };
    for (const [method, url, scope] of routes(mine.user)) {
      const body = { username: 'never', database_ids: [mine.database] };
      const call = as(others[scope])[method](url);
      expect((await refused(method === 'post' ? call.send(body) : call, 403)).error).toBe('forbidden');
    }
    const empty = usersOf(path).replace(`/${street.server.number}/`, `/${street.uncheckedServer.number}/`);
    for (const list of [usersOf(path), empty]) await refused(as(token).get(`${list}?show_password=true`), 403);
  });

  test('400 where the user has databases that the access does not reach', async () => {
    const { uid } = await fixture.newDatabase('wide', path, token);
    const { id } = await askedUser(street, usersOf(path), { username: 'wide', database_ids: [uid, mine.database] });
    const user = await succeedUser(street, id);
    const elsewhere = await street.store.catalog.ensureProject(street.team.id, 'elsewhere');
    await street.sql('UPDATE databases SET project_id = $1 WHERE id = $2', [elsewhere.id, uid]);
    const { token: limited, access } = await makeAccess(street, { scopes: ['public', 'admin'] });
    await street.sql('UPDATE accesses SET limit_project_id = $1 WHERE id = $2', [street.project.id, access.id]);
    await as(limited)
      .get(`${usersOf(path)}/${user}`)
      .expect(200);
    for (const [method, url] of routes(user).slice(3)) await refused(as(limited)[method](url), 400);
  });
});

describe('what is not there is 404', () => {
  test("for another team's users and stacks, to the letter as for those that are nobody's", async () => {
    for (const [index, [method, url]] of routes(theirs.user).entries()) {
      const nobodys = newId('credential');
      const [, unreal = ''] = routes(nobodys)[index] ?? [];
      if (url === unreal) continue;
      const [one, other] = [await refused(as(token)[method](url), 404), await refused(as(token)[method](unreal), 404)];
      expect(one).toEqual(other);
    }
    for (const [method, url] of routes(mine.user, usersOf(theirPath))) await refused(as(token)[method](url), 404);
  });

  test.each(['0', 'cred_x', 'db_x', '%00', "1'--", 'regenerate_password'])('for a user called %s', async (id) => {
    for (const [method, url] of routes(id)) if (url !== usersOf(path)) await refused(as(token)[method](url), 404);
  });

  test('for a user of another group of the stack, and a stack or group that is not there', async () => {
    for (const group of [street.uncheckedServer.number, street.productionServer.number, '999', 'srv_x', '%00']) {
      const users = usersOf(path).replace(`/${street.server.number}/`, `/${group}/`);
      for (const [method, url] of routes(mine.user, users)) {
        if (method === 'get' && url === users && group === street.uncheckedServer.number) continue;
        const isNew = method === 'post' && url === users;
        if (isNew && group === street.uncheckedServer.number) continue; // is there: 400 for the database
        await refused(as(token)[method](url), 404);
      }
    }
  });

  test('for a method that an address does not know', async () => {
    for (const method of ['put', 'patch'] as const) await refused(as(token)[method](usersOf(path)), 404);
    await refused(as(token).get(`${usersOf(path)}/${mine.user}/regenerate_password`), 404);
  });
});

describe('a bad new user is 400, says which field, and changes nothing', () => {
  const bad: [string, string, object][] = [
    ...[
      1,
      null,
      true,
      ['a'],
      { a: 1 },
      '',
      '1a',
      '_a',
      'a-b',
      "a'b",
      'a\u0000b',
      'ä',
      'a'.repeat(64),
      'a'.repeat(50_000),
    ].map((username): [string, string, object] => [
      `username ${JSON.stringify(username).slice(0, 20)}`,
      'username',
      { username },
    ]),
    ...['postgres', 'pg_monitor', 'berth_x', 'public', 'none'].map((username): [string, string, object] => [
      `the reserved username ${username}`,
      'username',
      { username },
    ]),
    ['no username', 'username', { username: undefined }],
    ...['superuser', '', 1, ['owner'], 'a'.repeat(9000)].map((user_type): [string, string, object] => [
      `user_type ${String(user_type).slice(0, 20)}`,
      'user_type',
      { user_type },
    ]),
    ['no database', 'database_ids', { database_ids: undefined }],
    ['an empty list of databases', 'database_ids', { database_ids: [] }],
    ['null for databases', 'database_ids', { database_ids: null }],
    ['numbers for databases', 'database_ids.0', { database_ids: [1] }],
    ['an object for databases', 'database_ids.0', { database_ids: { a: 1 } }],
    ['NUL in a database', 'database_ids.0', { database_ids: ['a\u0000'] }],
    ['a database that is not there', 'database_ids.0', { database_ids: ['db_x'] }],
    ['too many databases', 'database_ids', { database_ids: Array.from({ length: 21 }, () => 'db_x') }],
    ['an unknown field', 'password', { password: 'secret' }],
  ];

  test.each(bad)('%s', async (_what, field, change) => {
    const body = { username: 'fine', database_ids: [mine.database], ...change };
    const refusal = await refused(as(token).post(usersOf(path)).send(body), 400);
    expect(refusal.error).toBe('bad_request');
    expect(refusal.details).toContain(`${field}:`);
    expect(refusal.details.length).toBeLessThan(300);
  });

  test.each([
    ['malformed JSON', 'application/json', '{"username":'],
    ['an empty body', 'application/json', ''],
    ['a list', 'application/json', '[]'],
    ['null', 'application/json', 'null'],
    ['JSON called a form', 'application/x-www-form-urlencoded', '{"username":"fine"}'],
    ['a form with two names', 'application/x-www-form-urlencoded', 'username=one&username=two&database_ids[]=x'],
    ['a form of too many fields', 'application/x-www-form-urlencoded', 'a=1&'.repeat(2000)],
    ['plain text', 'text/plain', 'username=fine'],
    ['more than 100 kB', 'application/json', JSON.stringify({ username: 'fine', pad: 'x'.repeat(110_000) })],
  ])('a body that is %s', async (_what, type, body) => {
    expect((await refused(as(token).post(usersOf(path)).set('Content-Type', type).send(body), 400)).error).toBe(
      'bad_request',
    );
  });

  test('a name that is taken, and a database that is named twice', async () => {
    const taken = { username: 'mine', database_ids: [mine.database] };
    expect((await refused(as(token).post(usersOf(path)).send(taken), 400)).details).toContain('username');
    const { uid } = await fixture.newDatabase('second', path, token);
    const twice = { username: 'fine', database_ids: [mine.database, uid, mine.database] };
    expect((await refused(as(token).post(usersOf(path)).send(twice), 400)).details).toContain('database_ids.2:');
  });

  test("another team's database and one that is nobody's, to the letter alike", async () => {
    const ask = (id: string) =>
      as(token)
        .post(usersOf(path))
        .send({ username: 'fine', database_ids: [mine.database, id] });
    const [one, other] = [await refused(ask(theirs.database), 400), await refused(ask(newId('database')), 400)];
    expect(one.details).toContain('database_ids.1:');
    expect(one).toEqual(other);
  });

  test('a database that is being made, or deleted', async () => {
    const { body } = await as(token).post(path).send({ database_name: 'making' }).expect(200);
    const making = (await street.store.actions.findByNumber(body.response.id))?.database_id;
    await refused(
      as(token)
        .post(usersOf(path))
        .send({ username: 'fine', database_ids: [making] }),
      400,
    );
    const { uid } = await fixture.newDatabase('leaving', path, token);
    const { body: drop } = await as(token).delete(`${path}/${uid}`).expect(200);
    const asked = { username: 'fine', database_ids: [uid] };
    const refusal = await refused(as(token).post(usersOf(path)).send(asked), 400);
    expect(refusal.error_description).toContain(`See action ${drop.response.id}.`);
  });
});

test.each([
  ['malformed JSON', 'application/json', '{'],
  ['an unknown field', 'application/json', '{"password":"mine"}'],
  ['plain text', 'text/plain', 'password=mine'],
  ['a form with a field', 'application/x-www-form-urlencoded', 'password=mine'],
])('another password with a body that is %s is 400', async (_what, type, body) => {
  const url = `${usersOf(path)}/${mine.user}/regenerate_password`;
  await refused(as(token).post(url).set('Content-Type', type).send(body), 400);
});

describe('users that a new database is given', () => {
  const give = (ids: unknown) => as(token).post(path).send({ database_name: 'never', database_user_ids: ids });

  test("another team's and nobody's are refused by their places, to the letter alike", async () => {
    const [one, other] = [
      await refused(give([mine.user, theirs.user]), 400),
      await refused(give([mine.user, newId('credential')]), 400),
    ];
    expect(one.details).toMatch(/^database_user_ids\.1: [^;]+$/);
    expect(one).toEqual(other);
  });

  test('one that is named twice, on its way out, or of another group', async () => {
    expect((await refused(give([mine.user, mine.user]), 400)).details).toContain('database_user_ids.1:');
    const leaving = await make(path, token, 'leaving_user');
    await as(token)
      .delete(`${usersOf(path)}/${leaving.user}`)
      .expect(200);
    expect((await refused(give([leaving.user]), 400)).details).toContain('database_user_ids.0:');
    const production = await stackPath(street, 'production', token);
    const elsewhere = `${production}/server_groups/${street.productionServer.number}/databases`;
    const body = { database_name: 'never', database_user_ids: [mine.user] };
    expect((await refused(as(token).post(elsewhere).send(body), 400)).details).toContain('database_user_ids.0:');
  });
});

test('refused writes are in the audit, with what was refused', async () => {
  const bearer = await newToken(street, ['admin']); // of one that refused less, for too many are left out
  await refused(as(bearer).delete(`${usersOf(path)}/${theirs.user}`), 404);
  const { data } = await street.store.audit.list({}, { cursor: null, limit: 1 });
  expect(data[0]).toMatchObject({ error_code: 'not_found', subject_id: theirs.user });
});
