// A worker may be killed at any moment of any step: the action still ends right, once, and what the API says is so.
import { credentialReset, databaseDelete, request, sweep } from '@berth/actions';
import { FAILURES_MAX } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import { testServers } from '../stack';
import { onEachQueue, type QueueKind, testQueues } from '../test-queue';

/** Where one was killed before the first test: its hold of 30 s runs out while the others go on. */
const alone = new Map<QueueKind, { journey: Journey; abandoned: string }>();
let count = 0;

beforeAll(async () => {
  for (const queue of testQueues()) {
    const journey = await openJourney({ queue });
    const { id } = await journey.requestDatabase(`killed_${process.pid}_alone_${queue.toLowerCase()}`);
    alone.set(queue, { journey, abandoned: id });
    const victim = await journey.startVictim(id, 'performed:create_login:SIGKILL');
    await victim.ended;
  }
});
afterAll(() => Promise.all([...alone.values()].map(({ journey }) => journey.close())));

const CREATE_STEPS = ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'];
const DELETE_STEPS = ['shut_out', 'end_sessions', 'drop_database', 'drop_logins', 'check_gone'];
const RESET_STEPS = ['shut_out', 'end_sessions', 'set_password', 'let_in', 'check_login'];
const MOMENTS = ['performed', 'recorded'];

function each(steps: string[]): [string, string][] {
  return steps.flatMap((step) => MOMENTS.map((moment): [string, string] => [step, moment]));
}

/**
 * After each deed, and between the last step and the commit that ends the action: what is between the others is alike. A
 * moment within an action is the store's and the engine's, whatever told of it: on Redis the first and the last are tried.
 */
function performed(steps: string[], queue: QueueKind): [string, string][] {
  const all = each(steps).filter(([step, moment]) => moment === 'performed' || step === steps.at(-1));
  return queue === 'PostgreSQL' ? all : all.filter((_, index) => index === 0 || index === all.length - 1);
}

onEachQueue((queue) => {
  let journey: Journey;
  beforeAll(async () => {
    journey = await openJourney({ queue });
  });
  afterAll(() => journey?.close());

  /** Has a worker die at the fault while it holds the action, then takes over in its place. */
  async function surviveDeath(actionId: string, fault: string) {
    const victim = await journey.startVictim(actionId, `${fault}:SIGKILL`);
    await victim.ended;
    const left = await journey.context.store.actions.find(actionId);
    expect(left).toMatchObject({ state: 'running', claim: 1 });
    expect(await journey.runHere(actionId)).toMatchObject({ state: 'running', claim: 1 }); // the hold keeps others out
    await journey.letHoldRunOut(actionId);
    await sweep(journey.context);
    const action = await journey.runHere(actionId);
    expect(action).toMatchObject({ state: 'succeeded', claim: 2, error_code: null });
    return action;
  }

  async function databasesNamed(name: string): Promise<number> {
    const { rows } = await withClient(testServers().postgresqlUrl, (client) =>
      client.query('SELECT FROM pg_database WHERE datname = $1', [name]),
    );
    return rows.length;
  }

  async function madeDatabase() {
    count += 1;
    const action = await journey.requestDatabase(`killed_${process.pid}_${count}`);
    await journey.runHere(action.id);
    return { databaseId: action.database_id ?? '', credentialId: action.credential_id ?? '' };
  }

  describe('a worker killed with -9', () => {
    it.each(performed(CREATE_STEPS, queue))(
      'in database_create, %s %s: one database and a working password',
      async (step, moment) => {
        count += 1;
        const name = `killed_${process.pid}_${count}`;
        const action = await journey.requestDatabase(name);
        const ended = await surviveDeath(action.id, `${moment}:${step}`);
        expect(ended.steps.filter((each) => each.attempt === 2).map((each) => each.name)).toEqual(CREATE_STEPS);
        expect(await databasesNamed(name)).toBe(1);
        const uri = await journey.uriOf(action.credential_id ?? '');
        const { rows } = await withClient(uri, (client) => client.query('SELECT current_database() AS name'));
        expect(rows).toEqual([{ name }]);
        const database = await journey.context.store.databases.find(action.database_id ?? '');
        expect(database?.state).toBe('available');
      },
    );

    it.each(performed(DELETE_STEPS, queue))('in database_delete, %s %s: nothing is left', async (step, moment) => {
      const { databaseId } = await madeDatabase();
      const database = await journey.context.store.databases.find(databaseId);
      const action = await request(journey.context, databaseDelete, { databaseId }, journey.access);
      await surviveDeath(action.id, `${moment}:${step}`);
      expect(await databasesNamed(database?.engine_name ?? '')).toBe(0);
      expect((await journey.context.store.databases.find(databaseId))?.state).toBe('deleted');
      const { rows } = await withClient(testServers().postgresqlUrl, (client) =>
        client.query('SELECT rolname FROM pg_roles WHERE rolname LIKE $1', [`${database?.engine_name}%`]),
      );
      expect(rows).toEqual([]);
    });

    it.each(performed(RESET_STEPS, queue))(
      'in credential_reset, %s %s: the password shown is the one that works',
      async (step, moment) => {
        const { credentialId } = await madeDatabase();
        const before = await journey.uriOf(credentialId);
        const action = await request(journey.context, credentialReset, { credentialId }, journey.access);
        await surviveDeath(action.id, `${moment}:${step}`);
        const after = await journey.uriOf(credentialId);
        expect(after).not.toBe(before);
        await withClient(after, (client) => client.query('SELECT 1'));
        await expect(withClient(before, (client) => client.query('SELECT 1'))).rejects.toMatchObject({ code: '28P01' });
      },
    );

    it('again and again fails the action in the end, with a reason', async () => {
      count += 1;
      const action = await journey.requestDatabase(`killed_${process.pid}_${count}`);
      for (let claim = 1; claim <= FAILURES_MAX; claim += 1) {
        const victim = await journey.startVictim(action.id, 'started:create_database:SIGKILL');
        await victim.ended;
        await journey.letHoldRunOut(action.id);
        await sweep(journey.context);
      }
      expect(await journey.runHere(action.id)).toMatchObject({ state: 'failed', error_code: 'worker_lost' });
    });

    it('is noticed without help once its hold of 30 s is over', async () => {
      const waiting = alone.get(queue);
      if (waiting === undefined) throw new Error('nobody was killed');
      const { journey, abandoned } = waiting;
      expect(await journey.context.store.actions.find(abandoned)).toMatchObject({ state: 'running', claim: 1 });
      const [maintenance, successor] = await Promise.all([journey.startMaintenance(), journey.startWorker()]);
      const ended = await journey.ended(abandoned, 45_000);
      expect(ended).toMatchObject({ state: 'succeeded', claim: 2, failures: 1 });
      expect(maintenance.output()).toContain('Took back actions');
      await Promise.all([maintenance.stop(), successor.stop()]);
    });
  });
});
