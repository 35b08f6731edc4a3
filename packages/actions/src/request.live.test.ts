// A request is written whole or not at all, and its answer waits for no queue.
import { createServer, type Socket } from 'node:net';
import { codeOf, PlatformError, Secret } from '@berth/core';
import { openSender } from '@berth/queue';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { createProject } from './administer/projects';
import type { Kind } from './kind';
import { databaseCreate, databaseDelete } from './kinds';
import { request } from './request';

let journey: Journey;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const input = (name: string) => ({ name: `${name}_${process.pid}`, ownerLogin: 'auto' as const });

async function counts(): Promise<Record<string, number>> {
  return withClient(journey.storeUrl, async (client) => {
    const { rows } = await client.query(`
      SELECT (SELECT count(*) FROM actions)::int AS actions, (SELECT count(*) FROM databases)::int AS databases,
        (SELECT count(*) FROM credentials)::int AS credentials, (SELECT count(*) FROM grants)::int AS grants,
        (SELECT count(*) FROM events)::int AS events`);
    return rows[0];
  });
}

test('the action, what it is about, and an event for each are written in one transaction', async () => {
  const action = await request(journey.context, databaseCreate, input('whole'), journey.access);
  expect(action).toMatchObject({
    kind: 'database_create',
    state: 'queued',
    nudges: 1,
    requested_by: journey.access.id,
  });
  const rows = await withClient(journey.storeUrl, async (client) => {
    const sql = `
      SELECT xmin::text FROM actions WHERE id = $1 UNION SELECT xmin::text FROM databases WHERE id = $2
      UNION SELECT xmin::text FROM credentials WHERE id = $3 UNION SELECT xmin::text FROM grants WHERE database_id = $2
      UNION SELECT mod(xid::text::numeric, 4294967296)::text FROM events
        WHERE action_id = $1 OR database_id = $2 OR credential_id = $3`;
    return (await client.query(sql, [action.id, action.database_id, action.credential_id])).rows;
  });
  expect(rows).toHaveLength(1);
});

test('a key that was taken by what was done at once asks for no action, and a key of an action is done at once by nobody', async () => {
  const { access, context } = journey;
  const first = { key: 'at once', fingerprint: 'the same' };
  await createProject(context, { ...access, once: first }, { name: 'at_once' });
  const before = await counts();
  await expect(request(context, databaseCreate, input('at_once'), access, first)).rejects.toMatchObject({
    code: 'repeated',
  });
  expect(await counts()).toEqual(before);
  const second = { key: 'asked for', fingerprint: 'the same' };
  const action = await request(context, databaseCreate, input('asked'), access, second);
  await expect(createProject(context, { ...access, once: second }, { name: 'asked' })).rejects.toMatchObject({
    code: 'repeated',
  });
  expect(await context.store.catalog.findProject(access.team_id, 'asked')).toBeNull();
  expect((await request(context, databaseCreate, input('asked'), access, second)).id).toBe(action.id);
});

test('nothing is written when plan throws, however late', async () => {
  const late: Kind<{ name: string; ownerLogin: 'auto' }> = {
    ...databaseCreate,
    async plan(planning, asked) {
      await databaseCreate.plan(planning, asked);
      throw new PlatformError('protected', 'After all that.');
    },
  };
  const before = await counts();
  const error = await request(journey.context, late, input('late'), journey.access).catch((thrown) => thrown);
  expect(codeOf(error)).toBe('protected');
  expect(await counts()).toEqual(before);
});

test('nothing is written when the action cannot be, after plan wrote what it is about', async () => {
  const wrong: Kind<{ name: string; ownerLogin: 'auto' }> = {
    ...databaseCreate,
    plan: async (planning, asked) => ({ ...(await databaseCreate.plan(planning, asked)), serverId: 'srv_unknown' }),
  };
  const before = await counts();
  await expect(request(journey.context, wrong, input('wrong'), journey.access)).rejects.toThrow();
  expect(await counts()).toEqual(before);
});

test('of many requests for one name one is written, and all of it', async () => {
  const before = await counts();
  const asked = Array.from({ length: 20 }, () =>
    request(journey.context, databaseCreate, input('one'), journey.access),
  );
  const settled = await Promise.allSettled(asked);
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [codeOf(each.reason)] : []));
  expect(refused).toEqual(Array(19).fill('name_taken'));
  const after = await counts();
  const more = Object.fromEntries(Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]));
  expect(more).toEqual({ actions: 1, databases: 1, credentials: 1, grants: 1, events: 3 });
});

test('of many deletes of one database one is accepted; the others are told its action', async () => {
  const { database_id } = await request(journey.context, databaseCreate, input('gone'), journey.access);
  const asked = Array.from({ length: 10 }, () =>
    request(journey.context, databaseDelete, { databaseId: database_id ?? '' }, journey.access),
  );
  const settled = await Promise.allSettled(asked);
  const [accepted] = settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value.id] : []));
  const refused = settled.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  expect(refused).toHaveLength(9);
  for (const error of refused) expect(error).toMatchObject({ code: 'contradicts', actionId: accepted });
});

test('the answer does not wait for a queue that never answers, and the word counts as lost', async () => {
  const sockets: Socket[] = [];
  const silent = createServer((socket) => void sockets.push(socket));
  await new Promise<void>((resolve) => void silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? address?.port : 0;
  let give = (_: unknown) => {};
  const givenUp = new Promise((resolve) => {
    give = resolve;
  });
  const url = new Secret(`postgres://x:y@127.0.0.1:${port}/q`);
  const sender = openSender({ url, process: 'request', onError: (error) => give(error) });
  let isGivenUp = false;
  void givenUp.then(() => {
    isGivenUp = true;
  });
  const action = await request({ ...journey.context, sender }, databaseCreate, input('silent'), journey.access);
  expect({ state: action.state, isGivenUp }).toEqual({ state: 'queued', isGivenUp: false });
  await givenUp;
  expect(sender.health()).toEqual({ reachable: false, failures: 1 });
  const closing = sender.close();
  for (const socket of sockets) socket.destroy();
  await closing;
  await new Promise((resolve) => silent.close(resolve));
});
