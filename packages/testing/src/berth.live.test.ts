// The harness of whole-stack tests: what it starts serves, provisions for real, and is gone when closed.
import { Client } from 'pg';
import { startBerth, type TestBerth } from './berth';

let berth: TestBerth;

beforeAll(async () => {
  berth = await startBerth();
});
afterAll(() => berth?.close());

test('serves, and makes a database that its issued URL opens', async () => {
  expect((await berth.call('GET', '/readyz')).body).toEqual({ status: 'ready', wrong: {} });
  const made = await berth.call(
    'POST',
    '/v1/databases',
    { name: 'harness', engine: 'postgresql' },
    { prefer: 'wait=20' },
  );
  expect(made).toMatchObject({
    status: 200,
    body: { action: { state: 'succeeded' }, database: { state: 'available' } },
  });
  const { body } = await berth.call('GET', `/v1/databases/${made.body.database.id}/credentials`);
  const shown = await berth.call('GET', `/v1/credentials/${body.data[0].id}?reveal=true`);
  const client = new Client({ connectionString: shown.body.uri });
  await client.connect();
  const { rows } = await client.query('SELECT current_database() AS name');
  await client.end();
  expect(rows).toEqual([{ name: 'harness' }]);
});

test('hands over what its processes write', () => {
  expect(berth.output()).toContain('"process":"api"');
  expect(berth.output()).not.toContain(berth.token.reveal());
});
