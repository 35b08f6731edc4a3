// Accesses of the kinds that other APIs are called with, as operators run them: what opens one is shown once, opens it until it
// is rotated or revoked, and is found again nowhere.
import { openAccessKey } from '@berth/actions';
import { type AccessKind, idOfUuid, newId, Secret } from '@berth/core';
import { accessOfToken, hashToken, isTokenOfSigner } from '@berth/secrets';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { accessShape, issuedOfAnyKind, problemShape } from './shapes.fixture';

let api: TestApi;
let token: Secret;
let testStore: TestStore;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['operator'] })).token;
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const call = (method: 'get' | 'post' | 'patch' | 'delete', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(token.reveal(), { type: 'bearer' });
const base = { name: 'ci', person: 'dev@example.org', scopes: ['public', 'admin', 'credentials'] };

/** The kinds that this page is about, and the fields that show what opens one. */
const SHOWN = {
  session: ['session_id', 'session_secret'],
  cosmos_key: ['key'],
  jwt_signer: ['token'],
} as const satisfies Partial<Record<AccessKind, string[]>>;
type Kind = keyof typeof SHOWN;
const KINDS: Kind[] = ['session', 'cosmos_key', 'jwt_signer'];
const KEYS: Kind[] = ['cosmos_key', 'jwt_signer'];

interface Made {
  id: string;
  /** What opens it. */
  secret: string;
  /** The answer without that. */
  rest: object;
}

function read(kind: Kind, body: object): Made {
  const issued = new Map(Object.entries(issuedOfAnyKind.parse(body)));
  const secret = String(issued.get(SHOWN[kind].at(-1) ?? ''));
  for (const field of SHOWN[kind]) issued.delete(field);
  const rest = accessShape.parse(Object.fromEntries(issued));
  expect(rest).toMatchObject({ kind, login: null, parent_id: null, previous_token_until: null });
  return { id: rest.id, secret, rest };
}

async function issue(kind: Kind, body: object = {}): Promise<Made> {
  const answer = await call('post', '/accesses').send({ ...base, kind, ...body });
  expect([answer.status, answer.get('location')]).toEqual([201, `/v1/accesses/${answer.body.id}`]);
  return read(kind, answer.body);
}

/** Whether this opens the access, as the dialect of its kind asks. */
async function opens(kind: Kind, { id, secret }: Pick<Made, 'id' | 'secret'>): Promise<boolean> {
  const { keyRing, store } = api.context;
  if (kind === 'session') return (await store.accesses.findSession(id, hashToken(new Secret(secret)))) !== null;
  const access = await store.accesses.findLiving(id, kind);
  if (access === null) return false;
  const key = openAccessKey(keyRing, access);
  if (kind === 'jwt_signer') return isTokenOfSigner(new Secret(secret), id, key);
  const isListed = (await store.accesses.listKeys(0, 100)).some((each) => each.id === id);
  return isListed && key.reveal() === secret;
}

/** Every row of the store in one text. */
function everything(): Promise<string> {
  return withClient(testStore.url, async (client) => {
    const { rows } = await client.query(
      `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`,
    );
    const texts: string[] = [];
    for (const { table_name } of rows)
      texts.push(JSON.stringify((await client.query(`SELECT * FROM "${table_name}"`)).rows));
    return texts.join('\n');
  });
}

async function expectProblem(sent: request.Test, status: number, code: string, ...fields: string[]): Promise<string> {
  const answer = await sent;
  const problem = problemShape.parse(answer.body);
  const named = (problem.errors ?? []).map(({ field }) => field);
  expect([answer.status, problem.code, named]).toEqual([status, code, fields]);
  return JSON.stringify(problem);
}

describe.each(KINDS)('an access of kind %s', (kind) => {
  it('shows what opens it once, and in no other answer, row or entry', async () => {
    const made = await issue(kind);
    expect(await opens(kind, made)).toBe(true);
    const seen = [
      await call('get', `/accesses/${made.id}`),
      await call('get', `/accesses?kind=${kind}`),
      await call('patch', `/accesses/${made.id}`).send({ name: 'renamed' }),
      await call('get', `/audit?subject_id=${made.id}`),
    ];
    expect(seen.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(accessShape.parse(seen[0]?.body)).toEqual(made.rest);
    expect(seen[1]?.body.data).toContainEqual(made.rest);
    expect(seen[3]?.body.data).toHaveLength(2);
    const all = [...seen.map(({ text }) => text), await everything()].join('\n');
    for (const part of [made.secret, made.secret.split('_').at(-1) ?? '']) expect(all).not.toContain(part);
    expect(await opens(kind, made)).toBe(true); // a change keeps what opens it
  });

  it('is made once for a request that is repeated, and shown again for the repeat alone, from what is sealed', async () => {
    const send = () =>
      call('post', '/accesses')
        .set('Idempotency-Key', `once-${kind}`)
        .send({ ...base, kind });
    const [first, second] = [await send(), await send()];
    expect([first.status, second.text, second.get('idempotency-replayed')]).toEqual([201, first.text, 'true']);
    expect(await everything()).not.toContain(read(kind, first.body).secret);
  });

  it('opens nothing from the moment it is revoked, and is not changed or rotated any more', async () => {
    const made = await issue(kind);
    expect((await call('delete', `/accesses/${made.id}`)).status).toBe(204);
    expect(await opens(kind, made)).toBe(false);
    await expectProblem(call('patch', `/accesses/${made.id}`).send({ name: 'again' }), 409, 'contradicts');
    await expectProblem(call('post', `/accesses/${made.id}/rotate`), 409, 'contradicts');
    await expectProblem(call('delete', `/accesses/${made.id}`), 409, 'contradicts');
    expect(await opens(kind, made)).toBe(false);
  });

  it('opens nothing when its time is over, and what is changed of it holds for the next request', async () => {
    const made = await issue(kind, { expires_at: new Date(Date.now() + 3_600_000).toISOString() });
    await call('patch', `/accesses/${made.id}`).send({ scopes: ['public'], limits: { project: 'default' } });
    const row = await api.context.store.accesses.findLiving(made.id, kind);
    expect([row?.scopes, row?.limit_project_id]).toEqual([['public'], api.project.id]);
    await api.sql(`UPDATE accesses SET expires_at = now() - interval '1 ms' WHERE id = $1`, [made.id]);
    expect(await opens(kind, made)).toBe(false);
  });

  it('never has the scope of operators', async () => {
    const scopes = ['public', 'operator'];
    const said = await expectProblem(
      call('post', '/accesses').send({ ...base, kind, scopes }),
      422,
      'invalid_request',
      'scopes',
    );
    expect(said).toContain(`of kind ${kind}`);
    const { id } = await issue(kind);
    await expectProblem(call('patch', `/accesses/${id}`).send({ scopes }), 422, 'invalid_request', 'scopes');
    expect((await api.context.store.accesses.find(id))?.scopes).toEqual(base.scopes);
  });

  it.each([
    ['login', 'a-login'],
    ['password', 'a password'],
  ])('has no %s, which is refused by its name', async (field, value) => {
    const sent = call('post', '/accesses').send({ ...base, kind, [field]: value });
    expect(await expectProblem(sent, 422, 'invalid_request', field)).not.toContain(value);
  });

  it('is no token of the native API, whatever of it is sent as one', async () => {
    const { id, secret } = await issue(kind);
    for (const sent of [secret, id, `${id}:${secret}`]) {
      expect((await request(api.app).get('/v1/databases').auth(sent, { type: 'bearer' })).status).toBe(401);
      expect((await request(api.app).get('/v1/databases').auth(id, secret)).status).toBe(401);
    }
  });
});

describe.each(KEYS)('rotated, one of kind %s', (kind) => {
  it('is opened by the new one alone, at once; the new one is shown once', async () => {
    const made = await issue(kind);
    const answer = await call('post', `/accesses/${made.id}/rotate`);
    expect(answer.status).toBe(200);
    const next = read(kind, answer.body);
    expect([next.id, next.secret === made.secret]).toEqual([made.id, false]);
    expect([await opens(kind, made), await opens(kind, next)]).toEqual([false, true]);
    const audit = await call('get', `/audit?subject_id=${made.id}&deed=access_rotate`);
    expect(audit.body.data).toHaveLength(1);
    expect(audit.text + (await everything())).not.toContain(next.secret);
  });

  it.each([
    ['grace_seconds', 60, 'of kind bearer'],
    ['password', 'a password', 'of kind basic'],
  ])('knows no %s, and is as before', async (field, value, why) => {
    const made = await issue(kind);
    const sent = call('post', `/accesses/${made.id}/rotate`).send({ [field]: value });
    expect(await expectProblem(sent, 422, 'invalid_request', field)).toContain(why);
    expect(await opens(kind, made)).toBe(true);
  });
});

test('a session is shown with the UUID of its access; it is not rotated, and lives on', async () => {
  const answer = await call('post', '/accesses').send({ ...base, kind: 'session' });
  expect(idOfUuid('access', answer.body.session_id)).toBe(answer.body.id);
  const made = read('session', answer.body);
  const sent = call('post', `/accesses/${made.id}/rotate`);
  expect(await expectProblem(sent, 409, 'contradicts')).toContain('make another');
  expect(await opens('session', made)).toBe(true);
});

test('the token of a signer names its access', async () => {
  const { id, secret } = await issue('jwt_signer');
  expect(accessOfToken(new Secret(secret))).toBe(id);
});

describe('a session that a login opened', () => {
  /** As a dialect opens it. */
  async function open() {
    const body = { ...base, kind: 'basic', name: 'people', login: newId('access') };
    const owner = (await call('post', '/accesses').send(body)).body;
    const [id, secret] = [newId('access'), newId('access')];
    const kept = { kind: 'session' as const, parentId: String(owner.id), secretHash: hashToken(new Secret(secret)) };
    const row = await api.context.store.accesses.find(owner.id);
    if (row === null) throw new Error('no login');
    const { name, default_engine, default_plan_id, default_environment_id, default_project_id, default_pool_id } = row;
    await api.context.store.accesses.insert(
      { id, teamId: row.team_id, person: row.person, ...kept },
      {
        ...{ name, default_engine, default_plan_id, default_environment_id, default_project_id, default_pool_id },
        ...{ scopes: [], limit_project_id: null, limit_environment_id: null, sees_quarantine: false, expires_at: null },
      },
    );
    return { owner: String(owner.id), id, secret };
  }
  const idsOf = async (query: string) =>
    (await call('get', `/accesses?limit=100${query}`)).body.data.map(({ id }: { id: string }) => id);

  it('says whose it is, and is listed where sessions are asked for', async () => {
    const { id, owner } = await open();
    const shown = accessShape.parse((await call('get', `/accesses/${id}`)).body);
    expect([shown.kind, shown.parent_id]).toEqual(['session', owner]);
    expect(await idsOf('&kind=session')).toContain(id);
    expect(await idsOf(`&parent_id=${owner}`)).toEqual([id]);
    const usual = await idsOf('');
    expect([usual.includes(owner), usual.includes(id)]).toEqual([true, false]);
  });

  it('has the rights of its login and no others, so that it cannot be given any', async () => {
    const { id, owner, secret } = await open();
    for (const change of [{ scopes: ['operator'] }, { scopes: ['public'] }, { expires_at: null }, { name: 'x' }]) {
      const said = await expectProblem(call('patch', `/accesses/${id}`).send(change), 409, 'contradicts');
      expect(said).toContain(owner);
    }
    const opened = await api.context.store.accesses.findSession(id, hashToken(new Secret(secret)));
    expect(opened?.access.id).toBe(owner);
  });

  it('ends alone when it is revoked, and with its login when that is, or gets another password', async () => {
    const [alone, rotated, revoked] = [await open(), await open(), await open()];
    for (const each of [alone, rotated, revoked]) expect(await opens('session', each)).toBe(true);
    expect((await call('delete', `/accesses/${alone.id}`)).status).toBe(204);
    expect((await call('post', `/accesses/${rotated.owner}/rotate`)).status).toBe(200);
    expect((await call('delete', `/accesses/${revoked.owner}`)).status).toBe(204);
    for (const each of [alone, rotated, revoked]) expect(await opens('session', each)).toBe(false);
    expect((await call('get', `/accesses/${alone.owner}`)).body.revoked_at).toBeNull();
    expect(await idsOf(`&parent_id=${revoked.owner}&revoked=true`)).toEqual([revoked.id]);
  });
});

test.each([
  ['kind=digest', 'kind'],
  ['kind=', 'kind'],
  ['parent_id=nobody', 'parent_id'],
  ['parent_id=team_01m0x7d2b2de9zt6h9n1q3r4sk', 'parent_id'],
])('a list is refused with ?%s', async (query, field) => {
  await expectProblem(call('get', `/accesses?${query}`), 422, 'invalid_request', field);
});
