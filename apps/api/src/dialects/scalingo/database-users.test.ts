// The users of a database: what is soon done is answered as done, with the password; what takes longer goes on, and who asks again
// joins it.
import { refuseAny, worked } from '../../hand.fixture';
import { complaintsAbout, STRUCTS } from './decode.fixture';
import { addonOf, as, made, openStreet, type Street, settled } from './street.fixture';

let street: Street;
let users: string;

beforeAll(async () => {
  street = await openStreet();
  await made(street, 'used-db');
  users = `${(await addonOf(street, 'used-db')).path}/users`;
});
afterAll(() => street.close());

const list = async () => (await as(street).get(users).expect(200)).body['database-users'];
const create = (database_user: object) => as(street).post(users).send({ database_user });
const namesOf = (all: { name: string }[]) => all.map(({ name }) => name);

test('the first user is there with the database, and is told its password by a reset', async () => {
  const all = await list();
  expect(all).toEqual([{ name: 'used-db', read_only: false, protected: false }]);
  expect(complaintsAbout(all[0], STRUCTS.database_user)).toEqual([]);
  const reset = await worked(street, as(street).post(`${users}/used-db/reset_password`));
  expect([reset.status, Object.keys(reset.body)]).toEqual([200, ['database_user']]);
  const { password, uri, ...user } = reset.body.database_user;
  expect(user).toEqual(all[0]);
  expect(password).toMatch(/^\S{24,}$/);
  expect(new URL(uri).password).toBe(password);
  const again = await worked(street, as(street).patch(`${users}/used-db/reset_password`).send({}));
  expect([again.status, again.body.database_user.password === password]).toEqual([200, false]);
});

test('a user is made with a password, may be read only, and is deleted', async () => {
  const asked = { database_id: 'ad-x', name: 'reader_1', read_only: true };
  const created = await worked(street, create(asked));
  expect(created.status).toBe(201);
  const { password, uri, ...user } = created.body.database_user;
  expect([user, password.length > 20, uri.startsWith('postgresql://reader_1:')]).toEqual([
    { name: 'reader_1', read_only: true, protected: false },
    true,
    true,
  ]);
  const owner = await worked(street, create({ name: 'writer_1', password: '' }));
  expect([owner.status, owner.body.database_user.read_only]).toEqual([201, false]);
  expect(namesOf(await list())).toEqual(['used-db', 'reader_1', 'writer_1']);
  const taken = await worked(street, create({ name: 'reader_1' }));
  expect([taken.status, taken.body]).toEqual([422, { errors: { name: ['has already been taken'] } }]);
  const deleted = await worked(street, as(street).delete(`${users}/reader_1`));
  expect([deleted.status, deleted.text]).toEqual([204, '']);
  expect(namesOf(await list())).toEqual(['used-db', 'writer_1']);
});

test('a name that is in use on the server gets the end of an id, and the answer says so', async () => {
  await made(street, 'other-db');
  const others = `${(await addonOf(street, 'other-db')).path}/users`;
  const sent = as(street).post(others).send({ name: 'writer_1' });
  const created = await worked(street, sent);
  expect([created.status, created.body.database_user.name]).toEqual([201, expect.stringMatching(/^writer_1_\w{5}$/)]);
  const { name } = created.body.database_user;
  await worked(street, as(street).post(`${others}/${name}/reset_password`).expect(200));
  await as(street).post(`${others}/writer_1/reset_password`).expect(404);
});

test('whoever asks for a user with other rights meanwhile is not given the password of the one that is being made', async () => {
  const asked = [create({ name: 'both_1' }), create({ name: 'both_1', read_only: true })];
  const answers = await worked(street, Promise.all(asked));
  const [made, refused] = answers.sort((one, other) => one.status - other.status);
  expect([made?.status, refused?.status]).toEqual([201, 422]);
  expect(refused?.body).toEqual({ errors: { name: ['has already been taken'] } });
  await worked(street, as(street).delete(`${users}/both_1`).expect(204));
});

test('the token of an addon opens this database’s users, and no other’s', async () => {
  const { id } = await addonOf(street, 'used-db');
  const token = await as(street).post(`/scalingo/v1/apps/used-db/addons/${id}/token`);
  const bearer = { bearer: token.body.addon.token };
  expect((await as(street, bearer).get(users).expect(200)).body['database-users']).toEqual(await list());
  const other = await addonOf(street, 'other-db');
  for (const path of [`${other.path}/users`, other.path, '/scalingo/v1/databases', '/scalingo/v1/users/self']) {
    const refused = await as(street, bearer).get(path);
    expect([path, refused.status, refused.body]).toEqual([path, 401, { error: 'unauthorized' }]);
  }
});

test('what the server refuses is 409 with its reason, and what there was stands', async () => {
  const before = await list();
  for (const sent of [
    create({ name: 'refused_1' }),
    as(street).post(`${users}/writer_1/reset_password`),
    as(street).delete(`${users}/writer_1`),
    as(street).delete(`${users}/writer_1`),
  ]) {
    const answer = await worked(street, sent, refuseAny);
    expect([answer.status, answer.body]).toEqual([409, { error: 'The server refused: no more of that.' }]);
    await settled(street);
    expect(await list()).toEqual(before);
  }
  await worked(street, as(street).delete(`${users}/writer_1`).expect(204));
  expect(namesOf(await list())).toEqual(['used-db']);
});

test('bad input is 422 on its field, and nothing is asked for', async () => {
  const count = async () => (await street.store.actions.list({}, { cursor: null, limit: 100 })).data.length;
  const before = await count();
  const rule = expect.stringContaining('should have at most 32');
  for (const [body, errors] of [
    [{}, { name: ['missing field'] }],
    [{ name: 7 }, { name: ['should be a string'] }],
    [{ name: 'UPPER' }, { name: [rule] }],
    [{ name: '1st' }, { name: [rule] }],
    [{ name: 'x'.repeat(33) }, { name: [rule] }],
    [{ name: 'a\0b' }, { name: [rule] }],
    [{ name: 'postgres' }, { name: [expect.stringContaining('reserved')] }],
    [{ name: 'chosen', read_only: 'yes' }, { read_only: ['should be true or false'] }],
    [{ name: 'chosen', password: 'chosen-by-me' }, { password: [expect.stringContaining('cannot be chosen')] }],
    [{ name: 'chosen', password_confirmation: 'x' }, { password: [expect.stringContaining('cannot be chosen')] }],
  ] as const) {
    const answer = await create(body);
    expect([body, answer.status, answer.body]).toEqual([body, 422, { errors }]);
  }
  for (const path of ['/nobody', '/UPPER', '/%00', '/used-db%20']) {
    const answer = await as(street).delete(`${users}${path}`);
    expect([path, answer.status, answer.body]).toEqual([path, 404, { resource: 'user', error: 'not found' }]);
  }
  expect(await count()).toBe(before);
});

describe('what takes longer', () => {
  let slow: Street;
  let path: string;

  beforeAll(async () => {
    slow = await openStreet();
    await made(slow, 'slow-db');
    path = `${(await addonOf(slow, 'slow-db')).path}/users`;
    slow.stopping.abort(); // who waits is answered at once, as after ten seconds
  });
  afterAll(() => slow.close());

  test('is 503 with when to come again; who comes again joins it, and is told the password once', async () => {
    for (const ask of [
      () => as(slow).post(path).send({ name: 'later_1' }),
      () => as(slow).post(`${path}/slow-db/reset_password`),
    ]) {
      const [one, other] = [await ask(), await ask()];
      for (const answer of [one, other]) {
        expect([answer.status, answer.get('retry-after')]).toEqual([503, '5']);
        expect(answer.body).toEqual({ error: expect.stringContaining('ask again') });
      }
      const { data } = await slow.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
      expect(data).toHaveLength(1);
      await settled(slow);
      const heard = await ask();
      expect([[200, 201].includes(heard.status), heard.body.database_user.password]).toEqual([
        true,
        expect.any(String),
      ]);
    }
  });

  test('a user that is being deleted is not there, and 204', async () => {
    await as(slow).delete(`${path}/later_1`).expect(204);
    await as(slow).delete(`${path}/later_1`).expect(404);
    await settled(slow);
  });
});
