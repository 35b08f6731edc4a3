// The CA of a server: given with it or later, shown by what identifies it, and handed to those who log in there.
import { openTestStore, type TestStore } from '@berth/testing';
import { makeTestCa } from '@berth/testing/certificates';
import request from 'supertest';
import { addServer, makeAccess, openTestApi, succeed, type TestApi } from '../../api.fixture';

const ca = makeTestCa('the CA of ours');
const next = makeTestCa('the next one');
let store: TestStore;
let api: TestApi;
let bearer = '';

beforeAll(async () => {
  store = await openTestStore();
  api = await openTestApi(store.secretUrl);
  bearer = (await makeAccess(api, { scopes: ['operator', 'public', 'admin', 'credentials'] })).token.reveal();
});
afterAll(async () => {
  await api?.close();
  await store?.close();
});

const call = (method: 'get' | 'post' | 'patch', path: string) =>
  request(api.app)[method](`/v1${path}`).auth(bearer, { type: 'bearer' });
const urlOf = (host: string, mode: string) => `postgres://admin:a-secret-word@${host}:5432?sslmode=${mode}`;
const registration = (name: string, more: object) => ({
  name,
  engine: 'postgresql',
  pool: 'first-pool',
  admin_url: urlOf(`${name}.example.org`, 'verify-full'),
  ...more,
});
const subjects = (server: { ca_certificates: { subject: string }[] }) =>
  server.ca_certificates.map(({ subject }) => subject);

test('is registered with it, and shown by subject, fingerprint and end', async () => {
  const { status, body } = await call('post', '/servers').send(registration('pg-ca', { ca_certificate: ca.pem }));
  expect(status).toBe(202);
  expect(body.server).toMatchObject({ tls: 'verify-full', state: 'unchecked' });
  const [shown] = body.server.ca_certificates;
  expect(shown).toEqual({
    subject: 'CN=the CA of ours',
    fingerprint_sha256: expect.stringMatching(/^[0-9A-F:]{95}$/),
    expires_at: expect.stringMatching(/Z$/),
  });
  const { body: entries } = await call('get', `/audit?subject_id=${body.server.id}`);
  expect(entries.data[0].after.ca_certificates).toEqual([shown]);
});

test('is changed and taken away by a preflight, alone or with the address, and stays where neither names it', async () => {
  const made = await call('post', '/servers').send(registration('moving', { ca_certificate: ca.pem }));
  const path = `/servers/${made.body.server.id}`;
  await api.context.store.servers.becomeChecked(made.body.server.id, {
    identity: 'moving',
    version: '18.4',
    connectionsMax: 100,
    cannot: [],
  });
  const both = await call('patch', path).send({ ca_certificate: ca.pem + next.pem });
  expect([both.status, both.body.action.kind, both.body.server.state]).toEqual([202, 'server_preflight', 'unchecked']);
  expect(subjects(both.body.server)).toEqual(['CN=the CA of ours', 'CN=the next one']);
  const moved = await call('patch', path).send({ admin_url: urlOf('elsewhere.example.org', 'verify-full') });
  expect(subjects(moved.body.server)).toEqual(['CN=the CA of ours', 'CN=the next one']);
  const alone = await call('patch', path).send({ ca_certificate: null });
  expect([alone.status, subjects(alone.body.server)]).toEqual([202, []]);
  const named = await call('patch', path).send({ ca_certificate: next.pem, name: 'another' });
  expect([named.status, named.body.code]).toEqual([422, 'disagree']);
});

test.each<[string, object, string, string[]]>([
  ['no PEM', { ca_certificate: 'nonsense' }, 'invalid_request', ['ca_certificate']],
  ['one that has expired', { ca_certificate: makeTestCa('old', true).pem }, 'invalid_request', ['ca_certificate']],
  ['too much of it', { ca_certificate: ca.pem.repeat(70) }, 'invalid_request', ['ca_certificate']],
  ['a number', { ca_certificate: 1 }, 'invalid_request', ['ca_certificate']],
  [
    'one that nothing is verified by',
    { ca_certificate: ca.pem, admin_url: urlOf('h.example.org', 'require') },
    'disagree',
    ['admin_url', 'ca_certificate'],
  ],
])('%s is refused, and nothing is changed', async (_, asked, code, fields) => {
  const posted = await call('post', '/servers').send(registration('refused', asked));
  expect([posted.status, posted.body.code]).toEqual([422, code]);
  expect(posted.body.errors.map(({ field }: { field: string }) => field)).toEqual(fields);
  expect((await call('get', '/servers?name=refused')).body.data).toEqual([]);
  const { id } = await addServer(api.context, `kept-${code}-${posted.text.length}`, api.environmentId);
  const patched = await call('patch', `/servers/${id}`).send(asked);
  expect([patched.status, patched.body.code]).toEqual([422, code]);
  const after = await call('get', `/servers/${id}`);
  expect(after.body).toMatchObject({ state: 'active', tls: 'require', ca_certificates: [] });
});

test('an address that asks for less is refused while a CA stands, and taken with its end', async () => {
  const { body } = await call('post', '/servers').send(registration('lesser', { ca_certificate: ca.pem }));
  const path = `/servers/${body.server.id}`;
  const admin_url = urlOf('lesser.example.org', 'require');
  const refused = await call('patch', path).send({ admin_url });
  expect([refused.status, refused.body.code]).toEqual([422, 'disagree']);
  const taken = await call('patch', path).send({ admin_url, ca_certificate: null });
  expect(taken.body.server).toMatchObject({ tls: 'require', ca_certificates: [] });
});

test('whoever is shown a password is shown by what the server is verified', async () => {
  const { body } = await call('post', '/databases').send({ name: 'verified', project: 'default' });
  await succeed(api, body.action.id);
  const listed = await call('get', `/databases/${body.database.id}/credentials`);
  const path = `/credentials/${listed.body.data[0].id}?reveal=true`;
  expect((await call('get', path)).body.ca_certificate).toBeNull();
  await api.sql("UPDATE servers SET tls = 'verify-full', ca_certificate = $1", [ca.pem]);
  const { body: shown } = await call('get', path);
  expect(shown.ca_certificate).toBe(ca.pem);
  expect(shown.uri).toContain('sslmode=verify-full');
});
