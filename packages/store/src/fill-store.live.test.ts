// A filled store holds what was asked for, with every reference checked.
import { isId } from '@berth/core';
import { openTestStore, type TestStore } from '@berth/testing';
import { Client } from 'pg';
import { fillStore } from './fill-store';

let testStore: TestStore;

beforeAll(async () => {
  testStore = await openTestStore();
});
afterAll(() => testStore?.close());

test('as many rows as were asked for, all of them as the schema wants them, under ids in our form', async () => {
  const size = { databases: 500, endedActions: 3_000, queuedActions: 50 };
  await fillStore(testStore.secretUrl, { ...size, checksReferences: true, sealed: 'v1.k1.s' });
  const client = new Client({ connectionString: testStore.url });
  await client.connect();
  const { rows } = await client.query(`
    SELECT (SELECT count(*)::int FROM databases) AS databases, (SELECT count(*)::int FROM grants) AS grants,
      (SELECT count(*)::int FROM actions WHERE ended_at IS NOT NULL) AS ended, (SELECT count(*)::int FROM steps) AS steps,
      (SELECT count(*)::int FROM actions WHERE state = 'queued') AS queued, (SELECT count(*)::int FROM events) AS events,
      (SELECT min(id) FROM databases) AS database, (SELECT max(id) FROM actions) AS action`);
  await client.end();
  const { database, action, ...counts } = rows[0];
  expect(counts).toEqual({ databases: 500, grants: 500, ended: 3_000, steps: 6_000, queued: 50, events: 6_000 });
  expect([isId('database', database), isId('action', action)]).toEqual([true, true]);
});
