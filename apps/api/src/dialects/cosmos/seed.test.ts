// The vendor's documentation, replayed: its request with the key that the vendor publishes for trying, and today's date; and the
// answer held against the printed one, field by field and header by header.
import { Secret } from '@berth/core';
import { authorizationOf, made, openStreet, type Street, send } from './street.fixture';

let street: Street;

/** learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources */
const KEY = new Secret('dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==');

beforeAll(async () => {
  street = await openStreet();
  const { keys, store } = street;
  const { access } = keys.owner;
  await store.accesses.rotateKey(access.id, street.context.keyRing.seal(KEY, `access/${access.id}/secret`));
  street = { ...street, keys: { ...keys, owner: { access, secret: KEY } } };
  for (const id of ['iot2', 'TestDB2', 'FoodDB', 'a fourth']) await made(street, id);
});
afterAll(() => street?.close());

const PRINTED_HEADERS = {
  'cache-control': 'no-store, no-cache',
  pragma: 'no-cache',
  'content-type': 'application/json',
  'content-location': 'https://contosomarketing.documents.azure.com/dbs',
  'x-ms-last-state-change-utc': 'Thu, 26 Nov 2015 06:37:26.906 GMT',
  'x-ms-resource-usage': 'databases=15;collections=34;users=0;permissions=0;',
  'x-ms-item-count': '3',
  'x-ms-schemaversion': '1.1',
  'x-ms-session-token': '860',
  'x-ms-request-charge': '2',
  'x-ms-serviceversion': 'version=1.5.57.3',
  'x-ms-activity-id': '67b6b831-3516-46ed-a36e-6b34fb345a29',
  'x-ms-continuation': 'vdoeAA==',
  'x-ms-gatewayversion': 'version=1.5.57.3',
};

/** Of what the printed values are only one. */
const FORMS: Record<string, RegExp> = {
  'content-location': /^http:\/\/contosomarketing\.documents\.azure\.com\/cosmos\/dbs$/,
  'x-ms-last-state-change-utc': /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d\.\d{3} GMT$/,
  'x-ms-resource-usage': /^databases=4;$/,
  'x-ms-session-token': /^\d+$/,
  'x-ms-request-charge': /^\d+$/,
  'x-ms-activity-id': /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
  'x-ms-continuation': /^[A-Za-z0-9]{6}==$/,
};

/** As it is printed, but for the date, the key, and the escapes of its signature, which are small letters there. */
function printed(date: string) {
  const key = street.keys.owner.secret.reveal();
  const signature = authorizationOf(key, `get\ndbs\n\n${date.toLowerCase()}\n\n`);
  return send(street, 'get', '/dbs', {
    date,
    headers: {
      authorization: signature.replace(/%../g, (each) => each.toLowerCase()),
      'x-ms-max-item-count': '3',
      'Cache-Control': 'no-cache',
      'User-Agent': 'contoso/1.0',
      'x-ms-version': '2015-08-06',
      Accept: 'application/json',
      Host: 'contosomarketing.documents.azure.com',
    },
  });
}

test('GET /dbs answers as printed: the fields in their order, of their types and forms', async () => {
  const { body, status } = await printed(new Date().toUTCString());
  expect(status).toBe(200);
  expect(Object.keys(body)).toEqual(['_rid', 'Databases', '_count']);
  expect([body._rid, body._count]).toEqual(['', 3]);
  expect(body.Databases.map(({ id }: { id: string }) => id)).toEqual(['iot2', 'TestDB2', 'FoodDB']);
  const nowS = Date.now() / 1_000;
  for (const database of body.Databases) {
    expect(Object.keys(database)).toEqual(['id', '_rid', '_ts', '_self', '_etag', '_colls', '_users']);
    expect(database).toEqual({
      id: expect.any(String),
      _rid: expect.stringMatching(/^[A-Za-z0-9]{6}==$/),
      _ts: expect.any(Number),
      _self: `dbs/${database._rid}/`,
      _etag: expect.stringMatching(/^"[0-9a-f]{8}-0000-0000-0000-[0-9a-f]{12}"$/),
      _colls: 'colls/',
      _users: 'users/',
    });
    expect([Number.isInteger(database._ts), Math.abs(nowS - database._ts) < 600]).toEqual([true, true]);
  }
  const [first, , third] = body.Databases;
  expect(first._etag).not.toBe(third._etag);
});

test('and with every printed header that does not tell of another server', async () => {
  const answer = await printed(new Date().toUTCString());
  for (const [name, value] of Object.entries(PRINTED_HEADERS)) {
    const form = FORMS[name];
    expect([name, answer.get(name)]).toEqual([name, form === undefined ? value : expect.stringMatching(form)]);
  }
  expect(answer.get('x-ms-continuation')).toBe(answer.body.Databases[2]._rid);
  expect(answer.get('x-powered-by')).toBeUndefined();
});

test('as printed, with the date of that year, it is forbidden: signatures are for now', async () => {
  const answer = await printed('Tue, 08 Dec 2015 19:33:17 GMT');
  expect([answer.status, answer.body.code]).toEqual([403, 'Forbidden']);
  expect(answer.body.message).toMatch(/^The authorization token is not valid at the current time\./);
  expect(answer.body.message).toContain('token start time: Tue, 08 Dec 2015 19:33:17 GMT, token expiry time: ');
  expect(answer.get('x-ms-substatus')).toBeUndefined();
});

test('a quota of the team is told beside what is used of it', async () => {
  const before = await printed(new Date().toUTCString());
  expect(before.get('x-ms-resource-quota')).toBeUndefined();
  await street.sql('UPDATE teams SET database_quota = 100 WHERE id = $1', [street.team.id]);
  const after = await printed(new Date().toUTCString());
  expect(after.get('x-ms-resource-quota')).toBe('databases=100;');
});
