// Idempotency-Key: a client that asks again, because it did not hear the answer, gets what it would have got.
import { createHash } from 'node:crypto';
import { Secret } from '@berth/core';
import { makeKey, readKeyRing } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import request from 'supertest';
import { makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';
import { appOf } from '../../app';
import { listen } from '../../http/listen';
import { openRateLimits } from '../../http/rate-limits';
import { databaseAccepted, problemShape } from './shapes.fixture';

let testStore: TestStore;
let api: TestApi;
let token: Secret;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin'] })).token;
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const sql = (text: string, values: unknown[] = []) =>
  withClient(testStore.url, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);

const post = (path: string, key: string, body: object, as: Secret = token) =>
  request(api.app).post(`/v1${path}`).auth(as.reveal(), { type: 'bearer' }).set('Idempotency-Key', key).send(body);
const create = (key: string, body: object, as?: Secret) => post('/databases', key, body, as);
const countOf = async (name: string) => (await sql('SELECT FROM databases WHERE name = $1', [name])).length;

test('ten at once with one key: one database, one action, ten times the same', async () => {
  const door = await listen(api.app, '127.0.0.1', 0);
  const send = () =>
    request(door.url)
      .post('/v1/databases')
      .auth(token.reveal(), { type: 'bearer' })
      .set('Idempotency-Key', 'ten')
      .send({ name: 'ten' });
  const answers = await Promise.all(Array.from({ length: 10 }, send));
  await door.close();
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
  expect(new Set(answers.map(({ body }) => databaseAccepted.parse(body).action.id)).size).toBe(1);
  expect(await countOf('ten')).toBe(1);
  expect(await sql(`SELECT FROM audit WHERE deed = 'database_create'`)).toHaveLength(1);
});

test('a repeated request is answered word for word, also when the action has gone on, and says so', async () => {
  const first = await create('again', { name: 'again', labels: { a: '1', b: '2' } });
  await succeed(api, first.body.action.id);
  const second = await create('"again"', { labels: { b: '2', a: '1' }, name: 'again' });
  expect(second.status).toBe(202);
  expect(second.text).toBe(first.text);
  expect(second.headers.location).toBe(first.headers.location);
  expect([first.headers['idempotency-replayed'], second.headers['idempotency-replayed']]).toEqual([undefined, 'true']);
});

test('the key with another body names the header', async () => {
  await create('named', { name: 'named' });
  const answer = await create('named', { name: 'named_other' });
  expect(answer.status).toBe(422);
  expect(problemShape.parse(answer.body)).toMatchObject({
    code: 'key_reused',
    errors: [{ field: 'Idempotency-Key' }],
  });
  expect(await countOf('named_other')).toBe(0);
});

test('the key at another address is refused as well', async () => {
  const made = await create('elsewhere', { name: 'elsewhere' });
  const answer = await post(`/databases/${made.body.database.id}/credentials`, 'elsewhere', { name: 'elsewhere' });
  expect(answer.status).toBe(422);
  const credentials = await post(`/databases/${made.body.database.id}/credentials`, 'elsewhere', {});
  expect(credentials.body.code).toBe('key_reused');
});

test('a refused request keeps nothing: the same key works when the reason is gone', async () => {
  await create('holder', { name: 'held' });
  expect((await create('kept not', { name: 'held' })).body.code).toBe('name_taken');
  await sql(`UPDATE databases SET name = 'held_before' WHERE name = 'held'`);
  const answer = await create('kept not', { name: 'held' });
  expect([answer.status, answer.headers['idempotency-replayed']]).toEqual([202, undefined]);
});

test('one that died between commit and answer is answered from its action', async () => {
  const first = await create('died', { name: 'died' });
  await sql(`UPDATE idempotency_keys SET answer_sealed = NULL WHERE key = 'died'`);
  const second = await create('died', { name: 'died' });
  expect(second.status).toBe(202);
  expect(second.body).toEqual(first.body);
  expect(await countOf('died')).toBe(1);
});

test('keys of two accesses have nothing to do with each other', async () => {
  const other = await makeAccess(api, { team: api.otherTeam, scopes: ['public', 'admin'] });
  const own = await create('shared', { name: 'mine' });
  const theirs = await create('shared', { name: 'mine' }, other.token);
  expect([own.status, theirs.status]).toEqual([202, 202]);
  expect(theirs.body.database.id).not.toBe(own.body.database.id);
});

test('a key is forgotten after a day', async () => {
  await create('old', { name: 'old' });
  await sql(`UPDATE idempotency_keys SET created_at = now() - interval '23 hours' WHERE key = 'old'`);
  expect((await create('old', { name: 'old' })).status).toBe(202);
  await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'old'`);
  expect((await create('old', { name: 'old' })).body.code).toBe('name_taken');
  expect((await create('old', { name: 'new' })).status).toBe(202);
});

test('the duty forgets old keys alone', async () => {
  await create('gone', { name: 'gone' });
  await create('here', { name: 'here' });
  await sql(`UPDATE idempotency_keys SET created_at = now() - interval '25 hours' WHERE key = 'gone'`);
  expect(await api.context.store.idempotency.removeLapsed()).toEqual({ removed: 1, next: null });
  expect(await sql(`SELECT key FROM idempotency_keys WHERE key IN ('gone', 'here')`)).toEqual([{ key: 'here' }]);
});

test('what is kept of a request is a hash that only the key ring makes', async () => {
  const body = { name: 'guessed' };
  await create('guessable', body);
  const [row] = await sql(`SELECT fingerprint FROM idempotency_keys WHERE key = 'guessable'`);
  const plain = JSON.stringify(['POST', '/v1/databases', Object.entries(body)]);
  expect(row?.fingerprint).not.toBe(createHash('sha256').update(plain).digest('base64url'));
  expect(row?.fingerprint).toBe(api.context.keyRing.fingerprintsOf(new Secret(plain))[0]);
});

test('a repeated request is known under a new key while the old one is in the ring, and refused when it is not', async () => {
  const [old, fresh, lone] = [makeKey('k1').reveal(), makeKey('k2').reveal(), makeKey('k3').reveal()];
  const send = async (keys: string) => {
    const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
    const keyRing = readKeyRing(new Secret(keys));
    const app = appOf({ ...api.context, keyRing, limits, stopping: api.stopping.signal });
    const post = request(app).post('/v1/databases').auth(token.reveal(), { type: 'bearer' });
    return post.set('Idempotency-Key', 'rotated').send({ name: 'rotated' });
  };
  const first = await send(old);
  expect(first.status).toBe(202);
  expect((await send(`${fresh},${old}`)).text).toBe(first.text);
  expect((await send(lone)).body.code).toBe('key_reused');
  expect(await countOf('rotated')).toBe(1);
});

test('what is kept cannot be read in the store', async () => {
  await create('sealed', { name: 'sealed_name' });
  const [row] = await sql(`SELECT * FROM idempotency_keys WHERE key = 'sealed'`);
  expect(row?.answer_sealed).toMatch(/^v1\.k1\./);
  expect(JSON.stringify(row)).not.toContain('sealed_name');
});

test.each([
  ['empty', ''],
  ['empty in quotes', '""'],
  ['too long', 'x'.repeat(256)],
  ['not ASCII', 'schlüssel'],
])('a key that is %s is refused by its name', async (_, key) => {
  const answer = await create(key, { name: 'bad_key' });
  expect(answer.status).toBe(422);
  expect(problemShape.parse(answer.body)).toMatchObject({ errors: [{ field: 'Idempotency-Key' }] });
  expect(await countOf('bad_key')).toBe(0);
});

test('two deletes with one key are one, two without are not', async () => {
  const made = await create('to delete', { name: 'to_delete' });
  await succeed(api, made.body.action.id);
  const remove = (key: string) =>
    request(api.app)
      .delete(`/v1/databases/${made.body.database.id}?purge=true`)
      .auth(token.reveal(), { type: 'bearer' })
      .set('Idempotency-Key', key);
  const [one, other] = [await remove('delete'), await remove('delete')];
  expect([one.status, other.status]).toEqual([202, 202]);
  expect(other.body.action.id).toBe(one.body.action.id);
  expect((await remove('delete again')).status).toBe(409);
});

describe('what is written at once', () => {
  const operator = async () => (await makeAccess(api, { scopes: ['operator'] })).token;
  const newAccess = (name: string) => ({ team: api.team.name, name, person: 'a@example.org', scopes: ['public'] });

  test('ten tokens asked for at once with one key are one token, shown ten times and readable nowhere', async () => {
    const as = await operator();
    const door = await listen(api.app, '127.0.0.1', 0);
    const send = () =>
      request(door.url)
        .post('/v1/accesses')
        .auth(as.reveal(), { type: 'bearer' })
        .set('Idempotency-Key', 'tokens')
        .send(newAccess('ten_tokens'));
    const answers = await Promise.all(Array.from({ length: 10 }, send));
    await door.close();
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.location)).size).toBe(1);
    expect(await sql(`SELECT FROM accesses WHERE name = 'ten_tokens'`)).toHaveLength(1);
    const kept = JSON.stringify(await sql('SELECT * FROM idempotency_keys'));
    expect(kept).not.toContain(answers[0]?.body.token);
    expect((await post('/accesses', 'tokens', newAccess('others'), as)).body.code).toBe('key_reused');
  });

  test('a repeated extension extends once', async () => {
    const { id } = (await create('extended', { name: 'extended' })).body.database;
    await sql(
      `UPDATE databases SET state = 'quarantined', quarantined_at = now(), purge_after = now() + interval '7 days'
       WHERE id = $1`,
      [id],
    );
    const extend = () => post(`/databases/${id}/extend`, 'extend', { days: 5 });
    const [first, second] = [await extend(), await extend()];
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
    const [row] = await sql(
      `SELECT round(extract(epoch FROM purge_after - now()) / 86400)::int AS days FROM databases WHERE id = $1`,
      [id],
    );
    expect(row).toEqual({ days: 12 });
  });

  test('a repeated cancel is one cancel, word for word', async () => {
    const { id } = (await create('to cancel', { name: 'to_cancel' })).body.action;
    const send = () => post(`/actions/${id}/cancel`, 'cancel', {});
    const [first, second] = [await send(), await send()];
    expect([first.status, first.body.action.state, second.text]).toEqual([200, 'cancelled', first.text]);
    expect(second.headers['idempotency-replayed']).toBe('true');
  });

  test('one whose answer was lost is not done again, and says so', async () => {
    const as = await operator();
    await post('/accesses', 'lost', newAccess('lost'), as);
    await sql(`UPDATE idempotency_keys SET answer_sealed = NULL WHERE key = 'lost'`);
    const answer = await post('/accesses', 'lost', newAccess('lost'), as);
    expect([answer.status, answer.body.code]).toEqual([409, 'repeated']);
    expect(await sql(`SELECT FROM accesses WHERE name = 'lost'`)).toHaveLength(1);
  });
});
