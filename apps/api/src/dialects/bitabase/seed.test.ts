// The vendor's documentation, replayed by fetch itself: both requests as they are printed there, and the answers held against the
// printed ones. The printed create has an object for its body, of which fetch makes a text: once as its author meant it, once as it is.
import { type Door, listen } from '../../http/listen';
import { asked, openStreet, type Street } from './street.fixture';

let street: Street;
let door: Door;

beforeAll(async () => {
  street = await openStreet();
  door = await listen(street.app, '127.0.0.1', 0);
});
afterAll(async () => {
  await door?.close();
  await street?.close();
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** As printed, with this body and no other headers than those of the session. */
async function post(body: string | Blob) {
  const url = `${door.url}/bitabase/v1/databases`;
  const answer = await fetch(url, { method: 'post', body, headers: { ...street.sessions.dev } });
  return { status: answer.status, type: answer.headers.get('content-type'), text: await answer.text() };
}

test('POST /v1/databases as it is meant: 201 with id and name in one line, whatever else was sent', async () => {
  const { status, text, type } = await post(JSON.stringify({ name: 'mytestdb', foo: 1 }));
  expect([status, type]).toEqual([201, 'application/json']);
  const answered = JSON.parse(text);
  expect(answered).toEqual({ id: expect.stringMatching(UUID), name: 'mytestdb' });
  expect(text).toBe(JSON.stringify(answered));
});

test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/json;charset=latin1', 'image/png', ''])(
  'the body is JSON though it is called %j',
  async (type) => {
    const name = `any-${type.replace(/[^a-z]/g, '')}`.replace(/-$/, '-x');
    const { text } = await post(new Blob([JSON.stringify({ name })], { type }));
    expect(JSON.parse(text)).toEqual({ id: expect.any(String), name });
  },
);

test('POST /v1/databases as it is printed sends [object Object], which is no JSON: 422 at once', async () => {
  const answer = await post(String({ name: 'mytestdb' }));
  const text = '{\n  "errors": {\n    "body": "invalid json was provided"\n  }\n}';
  expect(answer).toEqual({ status: 422, type: 'application/json', text });
});

test('GET /v1/databases as printed: a bare array of the seven fields in their order, and what is being done', async () => {
  const { id } = await asked(street, 'test');
  const url = `${door.url}/bitabase/v1/databases`;
  const answer = await fetch(url, { method: 'get', headers: { ...street.sessions.dev } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
  const text = await answer.text();
  const listed = JSON.parse(text);
  expect(text).toBe(JSON.stringify(listed));
  expect(listed.map(({ name }: { name: string }) => name)).toEqual(expect.arrayContaining(['mytestdb', 'test']));
  const last = listed.at(-1);
  expect(Object.entries(last)).toEqual([
    ['id', id],
    ['name', 'test'],
    ['total_reads', 0],
    ['total_writes', 0],
    ['total_space', 0],
    ['total_collections', 0],
    ['date_created', expect.any(Number)],
    ['status', 'creating'],
  ]);
  expect(Math.abs(Date.now() - last.date_created)).toBeLessThan(60_000); // milliseconds
});
