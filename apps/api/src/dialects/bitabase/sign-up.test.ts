// Signing up: off unless operators want it; then a team for each who comes, made whole or not at all, and no e-mail twice.
import type { Log, LogFields } from '@berth/runtime';
import request from 'supertest';
import { openRateLimits } from '../../http/rate-limits';
import { API, openStreet, PASSWORD, rows, SIGN_UP, type Street, streetWith } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const signUp = (email: unknown, password: unknown = PASSWORD, by = street) =>
  request(by.app).post(`${API}/users`).send({ email, password });

async function sessionOf(email: string, by = street) {
  const { body } = await request(by.app).post(`${API}/sessions`).send({ email, password: PASSWORD }).expect(200);
  return { 'X-Session-Id': body.sessionId, 'X-Session-Secret': body.sessionSecret };
}

test('by default nobody can, and is told whom to ask; nothing is written, whatever was sent', async () => {
  const closed = streetWith(street, { signUp: null });
  const before = await rows(closed);
  for (const answer of [
    await signUp('a@b.c', PASSWORD, closed),
    await request(closed.app).post(`${API}/users`).send('{'),
  ]) {
    const email = 'nobody can sign up here: ask the operators of this Berth for a login';
    expect([answer.status, answer.text]).toEqual([422, JSON.stringify({ errors: { email } }, null, 2)]);
  }
  expect(await rows(closed)).toEqual(before);
});

test('who signs up gets a team, a project, a quota and a login with defaults, in one deed that the audit has', async () => {
  const answer = await signUp('New.Person+1@Example.org');
  const { id } = answer.body;
  expect([answer.status, answer.text]).toEqual([
    200,
    JSON.stringify({ id, email: 'new.person+1@example.org' }, null, 2),
  ]);
  const { rows: made } = await street.sql.query(`
    SELECT teams.name AS team, database_quota AS quota, projects.name AS project, scopes, default_engine AS engine, person,
      plans.name AS plan, environments.name AS environment, default_project_id = projects.id AS "isDefault",
      limit_environment_id = environments.id AS "isLimit", accesses.id
    FROM accesses JOIN teams ON teams.id = team_id JOIN projects ON projects.team_id = teams.id
      JOIN plans ON plans.id = default_plan_id JOIN environments ON environments.id = default_environment_id
    WHERE login = 'new.person+1@example.org'`);
  expect(made).toEqual([
    {
      team: `new.person+1@example.org ${made[0].id}`,
      quota: 3,
      project: 'default',
      scopes: ['public', 'admin', 'credentials'],
      engine: 'postgresql',
      person: 'new.person+1@example.org',
      plan: 'small',
      environment: 'development',
      isDefault: true,
      isLimit: true,
      id: made[0].id,
    },
  ]);
  const { rows: told } = await street.sql.query(
    `SELECT subject_id, person, address IS NOT NULL AS "hasAddress", after::text FROM audit WHERE deed = 'sign_up'`,
  );
  expect(told).toMatchObject([{ subject_id: made[0].id, person: 'new.person+1@example.org', hasAddress: true }]);
  expect(told[0].after).not.toMatch(/scrypt|pw-123456/);
});

test.each([
  ['revoked', 'revoked_at = now()'],
  ['expired', "expires_at = now() - interval '1 second'"],
])('an e-mail whose login was %s signs up no more: that is the operators’ to say', async (how, set) => {
  const email = `${how}@example.org`;
  expect((await signUp(email)).status).toBe(200);
  await street.sql.query(`UPDATE accesses SET ${set} WHERE login = $1`, [email]);
  const before = await rows(street);
  const again = await signUp(email.toUpperCase());
  expect([again.status, again.body]).toEqual([422, { errors: { email: 'email has already been taken' } }]);
  expect(await rows(street)).toEqual(before);
});

test('it can make so many databases, sees nobody else’s, and one more is refused', async () => {
  await signUp('maker@example.org');
  const headers = await sessionOf('MAKER@example.org');
  const create = (name: string) => request(street.app).post(`${API}/databases`).set(headers).send({ name });
  for (const name of ['one', 'two', 'three']) expect((await create(name)).status).toBe(201);
  const refused = await create('four');
  expect([refused.status, refused.body]).toEqual([
    422,
    { errors: { name: expect.stringMatching(/^you have as many/) } },
  ]);
  const { body } = await request(street.app).get(`${API}/databases`).set(headers);
  expect(body.map(({ name }: { name: string }) => name)).toEqual(['one', 'two', 'three']);
});

test('an e-mail is one person in whatever case, also one whose login operators made', async () => {
  await signUp('twice@example.org').expect(200);
  const before = await rows(street);
  for (const email of ['twice@example.org', 'TWICE@EXAMPLE.ORG', 'Dev@example.org']) {
    const { body, status } = await signUp(email, 'another-1');
    expect([status, body]).toEqual([422, { errors: { email: 'email has already been taken' } }]);
  }
  expect(await rows(street)).toEqual(before);
});

test('of several who sign up at once with one e-mail one is let in, and no team is left over', async () => {
  const [teams, projects, accesses] = (await rows(street)).slice(-3).reverse();
  const all = await Promise.all(
    Array.from({ length: 6 }, (_, index) => signUp('race@example.org', `pw-${index}-long`)),
  );
  const statuses = all.map(({ status }) => status).sort();
  expect(statuses).toEqual([200, 422, 422, 422, 422, 422]);
  expect((await rows(street)).slice(-3).reverse()).toEqual(
    [teams, projects, accesses].map((count) => Number(count) + 1),
  );
});

const EMAIL = 'email must be an address of at most 64 letters, numbers and . _ + - with one @';
const LENGTH = 'password must have 6 to 200 characters';

test.each([
  ['', '', { email: 'email is a required field', password: 'password is a required field' }],
  [null, 5, { email: 'email is a required field', password: 'password must be a text' }],
  [['a@b.c'], PASSWORD, { email: 'email must be a text' }],
  ['nobody', PASSWORD, { email: EMAIL }],
  ['@', PASSWORD, { email: EMAIL }],
  ['a@b@c', PASSWORD, { email: EMAIL }],
  ['a b@c.d', PASSWORD, { email: EMAIL }],
  ['a:b@c.d', PASSWORD, { email: EMAIL }],
  ['ä@b.c', PASSWORD, { email: EMAIL }],
  [`${'x'.repeat(62)}@b.c`, PASSWORD, { email: EMAIL }],
  ['a@b.c', 'short', { password: LENGTH }],
  ['a@b.c', 'x'.repeat(201), { password: LENGTH }],
  ['a@b.c', 'with\0nul', { password: 'password must not contain control characters' }],
  ['a@b.c', 'half \ud83d one', { password: 'password must not contain control characters' }],
])('%.20j with %.20j is refused, and nothing is written', async (email, password, errors) => {
  const before = await rows(street);
  const { body, status } = await signUp(email, password);
  expect([status, body]).toEqual([422, { errors }]);
  expect(await rows(street)).toEqual(before);
});

test.each([
  [{ plan: 'huge' }, 'huge'],
  [{ environment: 'nowhere' }, 'nowhere'],
  [{ engine: 'mongodb' as const }, 'small'],
])('with %j, which is not there, it is 503, the log says what, and nothing is written', async (change, named) => {
  const told: LogFields[] = [];
  const quiet = () => {};
  const error = (fields: LogFields) => void told.push(fields);
  const log: Log = { debug: quiet, info: quiet, infoSoon: quiet, warn: quiet, error };
  const unfit = streetWith(street, { signUp: { ...SIGN_UP, ...change }, log });
  const before = await rows(unfit);
  const answer = await signUp('a@b.c', PASSWORD, unfit);
  const email = 'Nobody can sign up now: the operators have something to set up.';
  expect([answer.status, answer.body]).toEqual([503, { errors: { email } }]);
  expect(await rows(unfit)).toEqual(before);
  expect(told).toMatchObject([{ code: 'not_set_up', error: { cause: { message: expect.stringContaining(named) } } }]);
});

test('ten of one address in an hour are looked at, then 429 before anything is computed', async () => {
  const slowed = streetWith(street, { limits: openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 60 }) });
  const again = async () => (await signUp('dev@example.org', PASSWORD, slowed)).status;
  const statuses: number[] = [];
  for (let count = 0; count < 10; count += 1) statuses.push(await again());
  expect(new Set(statuses)).toEqual(new Set([422]));
  const refused = await signUp('fresh@example.org', PASSWORD, slowed);
  expect([refused.status, Number(refused.get('retry-after')) > 3_000]).toEqual([429, true]);
  expect(refused.body.errors.email).toMatch(/^More than 10 sign-ups from this address in an hour/);
});
