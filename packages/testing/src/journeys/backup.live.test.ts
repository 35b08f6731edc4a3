// A Berth that is lost and comes back from its backup, the store and the keys; and one whose processes are replaced while
// actions are under way.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { makeKey } from '@berth/secrets';
import type { Answer } from '../berth';
import { eventually } from '../eventually';
import { ROOT } from '../house/source-files';
import { type Journey, openJourney, openProcesses, withClient } from '../journey';
import { type Backup, chooseCopy } from '../store-copies';
import { onEachQueue, openTestQueue, type TestQueue } from '../test-queue';

const { way, open, backUp } = chooseCopy();
onEachQueue((queue) => {
  let journey: Journey;
  let backup: Backup | null = null;
  let restored: ReturnType<typeof openProcesses> | null = null;
  let restoredQueue: TestQueue | null = null;

  beforeAll(async () => {
    const testStore = await open();
    journey = await openJourney({ testStore, queue });
  });
  afterAll(async () => {
    await restored?.close();
    await restoredQueue?.close();
    await backup?.remove();
    await journey?.close();
  });

  const nameOf = (name: string) => `backup_${process.pid}_${queue.toLowerCase()}_${name}`;

  /** What docs/operations.md tells an operator to look at and to change. */
  function statementsOfThePage(): string[] {
    const page = readFileSync(join(ROOT, 'docs/operations.md'), 'utf8');
    const blocks = [...page.matchAll(/^ *```sql\n([\s\S]*?)^ *```/gm)].map(([, sql = '']) => sql);
    expect(blocks.length).toBeGreaterThanOrEqual(3);
    return blocks;
  }

  /** As if more time had passed than maintenance waits before it nudges again. */
  const letNudgesGetOld = (url: string) =>
    withClient(url, (client) =>
      client.query(`UPDATE actions SET nudged_at = now() - interval '1 min' WHERE state = 'queued'`),
    );

  /** A request to the API of the restored Berth, with the first access of the lost one. */
  async function call(apiUrl: string | null, method: string, path: string, body?: object): Promise<Answer['body']> {
    const response = await fetch(`${apiUrl}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${journey.token.reveal()}`,
        'content-type': 'application/json',
        prefer: 'wait=30',
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    return response.json();
  }

  test(`a store that went through ${way}, and its keys, are a whole Berth again`, async () => {
    const made = await journey.requestDatabase(nameOf('kept'));
    await journey.runHere(made.id);
    const uri = await journey.uriOf(made.credential_id ?? '');
    await withClient(uri, (client) => client.query('CREATE TABLE kept (number int); INSERT INTO kept VALUES (42)'));
    const queued = await journey.requestDatabase(nameOf('queued'));
    const running = await journey.requestDatabase(nameOf('running'));
    await journey.context.store.actions.claim(running.id, 'a worker of the lost site');
    await journey.letHoldRunOut(running.id);

    const store = { url: journey.storeUrl, name: new URL(journey.storeUrl).pathname.slice(1) };
    backup = await backUp({ ...store, secretUrl: journey.keys, close: async () => {} });
    const later = await journey.requestDatabase(nameOf('later'));
    expect(await journey.runHere(later.id)).toMatchObject({ state: 'succeeded' });
    const url = await backup.restore();

    await letNudgesGetOld(url);
    for (const sql of statementsOfThePage()) await withClient(url, (client) => client.query(sql));
    const wrong = openProcesses({ BERTH_STORE_URL: url, BERTH_KEYS: makeKey('other').reveal() });
    await expect(wrong.startWorker()).rejects.toThrow('sealed with key \\"k1\\", which is not in BERTH_KEYS');
    await wrong.close();

    const environment = { BERTH_STORE_URL: url, BERTH_KEYS: journey.keys.reveal(), BERTH_MIGRATE: 'refuse' };
    restoredQueue = await openTestQueue(queue, { ...store, url, secretUrl: new Secret(url), close: async () => {} });
    restored = openProcesses({ ...environment, BERTH_QUEUE_URL: restoredQueue.url.reveal() });
    const [api] = await Promise.all([restored.startApi(), restored.startWorker(), restored.startMaintenance()]);
    const revealed = await call(api.url, 'GET', `/v1/credentials/${made.credential_id}?reveal=true`);
    expect(revealed.uri).toBe(uri);
    const { rows } = await withClient(revealed.uri, (client) => client.query('SELECT number FROM kept'));
    expect(rows).toEqual([{ number: 42 }]);
    for (const { id } of [queued, running]) {
      await eventually(async () => (await call(api.url, 'GET', `/v1/actions/${id}`)).state === 'succeeded', {
        what: 'an action that was under way at the time of the backup to end well',
        timeoutMs: 45_000,
      });
    }

    // made after the backup: the restored Berth does not know it, and does not touch it
    const again = await call(api.url, 'POST', '/v1/databases', { name: nameOf('later'), engine: 'postgresql' });
    expect(again.action.state).toBe('succeeded');
    expect(again.database.engine_name).not.toBe(nameOf('later'));
    const lost = await journey.uriOf(later.credential_id ?? '');
    await withClient(lost, (client) => client.query('SELECT 1'));
  }, 120_000);

  test('processes that are replaced in the middle of an action: the next ones end it, and what was queued', async () => {
    const action = await journey.requestDatabase(nameOf('upgraded'));
    const old = await journey.startVictim(action.id, 'started:create_login:SIGTERM');
    await old.ended;
    const queued = await journey.requestDatabase(nameOf('waiting'));
    expect(await journey.context.store.actions.find(action.id)).toMatchObject({
      state: 'queued',
      failures: 0,
      held_by: null,
    });
    await letNudgesGetOld(journey.storeUrl);
    const [worker, maintenance] = await Promise.all([journey.startWorker(), journey.startMaintenance()]);
    for (const { id } of [action, queued]) {
      expect(await journey.ended(id, 45_000)).toMatchObject({ state: 'succeeded', failures: 0 });
    }
    await Promise.all([worker.stop(), maintenance.stop()]);
  }, 120_000);
});
