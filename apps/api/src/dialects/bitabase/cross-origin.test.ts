// Pages of origins that operators named may read every answer, and pages of others none; a browser's memory does nothing.
import request from 'supertest';
import { API, as, openStreet, PAGE, type Street, streetWith } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const HEADERS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'Origin, X-Requested-With, Content-Type, Accept, X-Session-Id, X-Session-Secret',
};

const corsOf = ({ headers }: request.Response) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

/** Every kind of answer, with its status. */
const ANSWERS: [string, number, () => request.Test][] = [
  ['a list', 200, () => as(street).get(`${API}/databases`)],
  ['a list for nobody', 401, () => as(street, null).get(`${API}/databases`)],
  ['a bad name', 422, () => as(street).post(`${API}/databases`).send({ name: 'a_b' })],
  ['no JSON', 422, () => as(street, null).post(`${API}/sessions`).type('text/plain').send('{')],
  [
    'too much',
    413,
    () =>
      as(street)
        .post(`${API}/users`)
        .send({ email: 'x'.repeat(110_000) }),
  ],
  ['an unknown address', 404, () => as(street).get(`${API}/nowhere`)],
  ['an unknown method', 404, () => as(street).delete(`${API}/databases`)],
  ['a preflight', 200, () => as(street, null).options(`${API}/databases`)],
  ['a preflight of nowhere', 200, () => as(street, null).options(`${API}/no/where/`)],
];

test.each(ANSWERS)(
  '%s has the two headers and no third one for a page of a named origin',
  async (_what, status, ask) => {
    const answer = await ask().set('Origin', PAGE);
    expect([answer.status, corsOf(answer)]).toEqual([status, HEADERS]);
  },
);

test.each(ANSWERS)('%s has none for others', async (_what, status, ask) => {
  const others = [
    'https://evil.example',
    `${PAGE}.evil.example`,
    'http://www.bitabase.example',
    PAGE.toUpperCase(),
    'null',
  ];
  for (const origin of [null, ...others]) {
    const answer = await (origin === null ? ask() : ask().set('Origin', origin));
    expect([origin, answer.status, corsOf(answer)]).toEqual([origin, status, {}]);
  }
});

test('OPTIONS is 200 and empty, whoever asks', async () => {
  for (const origin of [PAGE, 'https://evil.example']) {
    const answer = await as(street, null).options(`${API}/databases`).set('Origin', origin);
    expect([answer.status, answer.get('content-length'), answer.text]).toEqual([200, '0', '']);
    expect([answer.get('content-type'), answer.get('allow')]).toEqual([undefined, undefined]);
  }
});

test('without named origins no page is let in', async () => {
  const shut = streetWith(street, { allowedOrigins: [] });
  expect(corsOf(await as(shut).get(`${API}/databases`).set('Origin', PAGE))).toEqual({});
});

test('other faces let no page in', async () => {
  for (const path of ['/v1/databases', '/globo/api/database/', '/cloud66/api/3/stacks', '/nowhere'])
    expect(corsOf(await request(street.app).get(path).set('Origin', PAGE))).toEqual({});
});

test('what a browser adds by itself opens nothing: neither a cookie nor a password', async () => {
  const { 'X-Session-Id': id, 'X-Session-Secret': secret } = street.sessions.dev;
  const sent = request(street.app).post(`${API}/databases`).auth('dev@example.org', 'pw-123456');
  const cookie = `X-Session-Id=${id}; X-Session-Secret=${secret}; session=${id}:${secret}`;
  expect((await sent.set('Cookie', cookie).set('Origin', PAGE).send({ name: 'by-memory' })).status).toBe(401);
});
