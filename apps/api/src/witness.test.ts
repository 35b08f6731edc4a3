// The witness can fail: an answer that is not as the document says, in any way, is a complaint, and closing the API throws.
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { makeAccess, openTestApi } from './api.fixture';
import { appOf } from './app';
import { databaseShape } from './dialects/native/shapes/database';
import { exampleOf } from './http/example-of';
import { EXAMPLE_IDS } from './http/examples';
import { openRateLimits } from './http/rate-limits';
import { complaintsAbout, overhear, type Witnessed } from './witness.fixture';

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const database = Object(exampleOf(databaseShape));
const good: Witnessed = {
  method: 'GET',
  path: `/v1/databases/${EXAMPLE_IDS.database}`,
  status: 200,
  headers: JSON_TYPE,
  text: JSON.stringify(database),
};
const problem = { type: '/docs/errors#not_found', title: 'Not found', status: 404, code: 'not_found', detail: 'No.' };
const refused: Witnessed = {
  ...good,
  status: 404,
  headers: { 'content-type': 'application/problem+json' },
  text: JSON.stringify(problem),
};
const accepted: Witnessed = { ...good, method: 'DELETE', status: 202 };

test.each<[string, Witnessed]>([
  ['an answer as it is documented', good],
  ['a refusal as it is documented', refused],
  ['HEAD, without a body', { ...good, method: 'HEAD', text: null }],
  ['a method that is not known', { ...good, method: 'PUT', status: 405 }],
  ['an address that is not there', { ...refused, path: '/v1/nothing' }],
  ["another product's API", { ...good, path: '/cloud66/api/3/stacks', text: '{}' }],
])('has nothing to say about %s', (_, sent) => {
  expect(complaintsAbout(sent)).toEqual([]);
});

test.each<[string, Witnessed, string]>([
  ['a status', { ...good, status: 418 }, 'answered 418, which is not documented'],
  ['an address', { ...good, path: '/v1/secrets' }, '/v1/secrets is at an address that is not documented'],
  ['a method', { ...good, method: 'PUT' }, 'PUT /v1/databases/{id} is not documented and answered 200'],
  ['a field', { ...good, text: JSON.stringify({ ...database, secret: 1 }) }, 'must NOT have additional properties'],
  ['a field inside', { ...good, text: JSON.stringify({ ...database, server: { a: 1 } }) }, 'data/server must NOT have'],
  ['a value', { ...good, text: JSON.stringify({ ...database, state: 'lost' }) }, 'data/state must be equal to one of'],
  [
    'a time in another form',
    { ...good, text: JSON.stringify({ ...database, created_at: '2030-01-07' }) },
    'created_at',
  ],
  ['a field that is missing', { ...good, text: '{}' }, "must have required property 'id'"],
  [
    'a code',
    { ...refused, text: JSON.stringify({ ...problem, code: 'no_room' }) },
    'data/code must be equal to one of',
  ],
  ['a header', { ...good, headers: { ...JSON_TYPE, location: '/' } }, 'the header location is not documented'],
  ['a header that is missing', accepted, 'the header Location is documented and was not sent'],
  ['a kind of body', { ...good, headers: { 'content-type': 'text/html' } }, 'text/html, which is not documented'],
])('complains of %s that the document does not tell of', (_, sent, complaint) => {
  expect(complaintsAbout(sent).join('\n')).toContain(complaint);
});

test('it hears every answer of the API, and closing throws what it heard', async () => {
  const store = await openTestStore();
  const api = await openTestApi(store.secretUrl);
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const changed = appOf({ ...api.context, limits, stopping: api.stopping.signal });
  const { app, complaints } = overhear((incoming, response) => {
    response.setHeader('Location', '/');
    changed(incoming, response);
  });
  const { token } = await makeAccess(api, { scopes: ['public'] });
  const answer = await request(app).get('/v1/databases').auth(token.reveal(), { type: 'bearer' });
  expect([answer.status, answer.body]).toEqual([200, { data: [], next_cursor: null }]);
  expect([...complaints]).toEqual(['GET /v1/databases answered 200: the header location is not documented']);
  api.complaints.add('something untold');
  await expect(api.close()).rejects.toThrow('The document is not true:\nsomething untold');
  await store.close();
});
