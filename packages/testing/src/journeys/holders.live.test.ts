// One holder at a time: a frozen worker that wakes up changes nothing, two workers do one action once, and a worker
// that is asked to stop gives back what it holds.
import { sweep } from '@berth/actions';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { takeOver } from '../quarantine';
import { onEachEngineAndQueueAtOnce } from '../tenants/at-once';
import type { TestProcess } from '../test-process';
import { onEachQueue, type QueueKind, testQueues } from '../test-queue';

interface Frozen {
  journey: Journey;
  id: string;
  process: TestProcess;
}

/** Where one is frozen before the first test: its hold of 30 s runs out while the others go on. */
const alone = new Map<QueueKind, Frozen>();
const nameAlone = (queue: QueueKind) => `frozen_${process.pid}_alone_${queue.toLowerCase()}`;

beforeAll(async () => {
  for (const queue of testQueues()) {
    const journey = await openJourney({ queue });
    const { id } = await journey.requestDatabase(nameAlone(queue));
    const frozen = await journey.freezeInAll(new Map([[id, 'started:create_login']]));
    alone.set(queue, { journey, id, process: frozen });
  }
});
afterAll(() => Promise.all([...alone.values()].map(({ journey }) => journey.close())));

/** All that actions may change, in the store and on the server, as text; of the server what there is of these databases. */
async function everything(names: string[], { engine, storeUrl, view }: Journey): Promise<string> {
  const store = await withClient(storeUrl, async (client) => {
    const tables = ['actions', 'steps', 'databases', 'credentials', 'grants', 'servers'];
    const rows: unknown[] = [];
    for (const table of tables) rows.push((await client.query(`SELECT * FROM ${table} ORDER BY 1, 2, 3`)).rows);
    rows.push((await client.query('SELECT id, type FROM events ORDER BY number')).rows);
    return rows;
  });
  const server: unknown[] = [];
  for (const name of names) {
    server.push(await engine.belongings.describe(engine.sharedUrl(), name, [name]));
    for (const login of await view.listNames(name)) server.push(await view.findVerifier(login));
  }
  return JSON.stringify([store, server]);
}

const noticed = (frozen: TestProcess) => frozen.output().split('Another worker holds this action now').length - 1;

onEachEngineAndQueueAtOnce((engine, queue, atOnce) => {
  let journey: Journey;
  const nameOf = (name: string) => `${name}_${process.pid}_${queue.toLowerCase()}`;
  atOnce.open(async () => {
    journey = await openJourney({ engine, queue });
  });
  atOnce.close(async () => journey?.close());

  const moments = ['create_database', 'create_login'].flatMap((step) => [`started:${step}`, `performed:${step}`]);

  atOnce.alone(
    `a worker frozen at ${moments.join(', ')} that wakes up after another one took over changes nothing`,
    async () => {
      const faults = new Map<string, string>();
      const names: string[] = [];
      const logins: string[] = [];
      for (const moment of moments) {
        const name = nameOf(`frozen_${moment.replace(':', '_')}`);
        const { id, credential_id } = await journey.requestDatabase(name);
        faults.set(id, moment);
        names.push(name);
        logins.push(credential_id ?? '');
      }
      const frozen = await journey.freezeInAll(faults);
      for (const id of faults.keys()) await takeOver(journey, id);
      const before = await everything(names, journey);
      frozen.signal('SIGCONT');
      await eventually(() => noticed(frozen) >= moments.length, { what: 'it to notice' });
      await frozen.stop();
      expect(await everything(names, journey)).toBe(before);
      for (const login of logins) expect(await engine.refusalOf(await journey.uriOf(login))).toBeNull();
    },
  );

  atOnce.alone('SIGTERM in mid-action gives the action back at once, and the next worker ends it', async () => {
    const action = await journey.requestDatabase(nameOf('term'));
    const stopped = await journey.startVictim(action.id, 'performed:create_database:SIGTERM');
    await stopped.ended;
    expect(await journey.context.store.actions.find(action.id)).toMatchObject({
      state: 'queued',
      claim: 1,
      failures: 0,
    });
    const next = await journey.startWorker();
    await journey.letNudgesGrowOld();
    await sweep(journey.context); // as maintenance would
    expect(await journey.ended(action.id)).toMatchObject({ state: 'succeeded', claim: 2, failures: 0 });
    await next.stop();
  });
});

onEachQueue((queue) => {
  let journey: Journey;
  const nameOf = (name: string) => `${name}_${process.pid}_${queue.toLowerCase()}`;
  beforeAll(async () => {
    journey = await openJourney({ queue });
  });
  afterAll(() => journey?.close());

  describe('two workers', () => {
    it('do twenty actions once each', async () => {
      const starting = [journey.startWorker(), journey.startWorker(), journey.startMaintenance()];
      const processes = await Promise.all(starting);
      const names = Array.from({ length: 20 }, (_, index) => nameOf(`two_${index}`));
      const actions = await Promise.all(names.map((name) => journey.requestDatabase(name)));
      for (const { id } of actions) {
        const ended = await journey.ended(id, 60_000);
        expect(ended).toMatchObject({ state: 'succeeded', claim: 1 });
        expect(ended.steps).toHaveLength(ended.step_names.length);
      }
      await Promise.all(processes.map((each) => each.stop()));
    });

    it('that race for one claim: one gets it', async () => {
      const action = await journey.requestDatabase(nameOf('race'));
      const { actions } = journey.context.store;
      const claims = await Promise.all(
        Array.from({ length: 20 }, (_, index) => actions.claim(action.id, `racer ${index}`)),
      );
      expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    });
  });

  test('a frozen worker past its real hold of 30 s finds its own clock against it, even if nobody else came', async () => {
    const waiting = alone.get(queue);
    if (waiting === undefined) throw new Error('nobody was frozen');
    const { journey, id, process: frozen } = waiting;
    await eventually(() => isHoldOver(journey, id), { what: 'the hold to run out', timeoutMs: 40_000 });
    const before = await everything([nameAlone(queue)], journey);
    frozen.signal('SIGCONT');
    await eventually(() => noticed(frozen) > 0, { what: 'it to notice' });
    await frozen.stop();
    expect(await everything([nameAlone(queue)], journey)).toBe(before);
    await sweep(journey.context);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded', claim: 2 });
  });
});

async function isHoldOver(journey: Journey, id: string): Promise<boolean> {
  const sql = 'SELECT held_until < now() AS over FROM actions WHERE id = $1';
  const { rows } = await withClient(journey.storeUrl, (client) => client.query<{ over: boolean }>(sql, [id]));
  return rows[0]?.over === true;
}
