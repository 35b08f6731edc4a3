// A worker may be killed at any moment of any step: the action still ends right, once, and what the API says is so. One worker is
// killed in the middle of all of them at once, each action at a moment of its own.
import { credentialReset, databaseDelete, request, sweep } from '@berth/actions';
import { FAILURES_MAX } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import { type Journey, openJourney, withClient } from '../journey';
import { takeOver } from '../quarantine';
import { onEachEngineAndQueueAtOnce } from '../tenants/at-once';
import { onEachQueue, type QueueKind, testQueues } from '../test-queue';

/** Where one was killed before the first test: its hold of 30 s runs out while the others go on. */
const alone = new Map<QueueKind, { journey: Journey; abandoned: string }>();

beforeAll(async () => {
  for (const queue of testQueues()) {
    const journey = await openJourney({ queue });
    const { id } = await journey.requestDatabase(`killed_${process.pid}_alone_${queue.toLowerCase()}`);
    alone.set(queue, { journey, abandoned: id });
    await journey.killInAll(new Map([[id, 'performed:create_login']]));
  }
});
afterAll(() => Promise.all([...alone.values()].map(({ journey }) => journey.close())));

const CREATE_STEPS = ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'];
const DELETE_STEPS = ['shut_out', 'end_sessions', 'drop_database', 'drop_logins', 'check_gone'];
const RESET_STEPS = ['shut_out', 'end_sessions', 'set_password', 'let_in', 'check_login'];

/**
 * After each deed, and between the last step and the commit that ends the action: what is between the others is alike. A
 * moment within an action is the store's and the engine's, whatever told of it: on Redis the first and the last are tried.
 */
function momentsOf(steps: string[], queue: QueueKind): string[] {
  const all = [...steps.map((step) => `performed:${step}`), `recorded:${steps.at(-1)}`];
  return queue === 'PostgreSQL' ? all : all.filter((_, index) => index === 0 || index === all.length - 1);
}

interface Killed {
  actionId: string;
  databaseId: string;
  credentialId: string;
  /** Of its login, before. */
  uri: string;
}

onEachEngineAndQueueAtOnce((engine, queue, atOnce) => {
  let journey: Journey;
  const killed = new Map<string, Killed>();
  const [creates, deletes, resets] = [CREATE_STEPS, DELETE_STEPS, RESET_STEPS].map((steps) => momentsOf(steps, queue));
  const prefix = `killed_${process.pid}_${queue.toLowerCase()}`;

  atOnce.open(async () => {
    journey = await openJourney({ engine, queue });
    for (const moment of creates ?? []) {
      const action = await journey.requestDatabase(nameOf('create', moment));
      killed.set(`create ${moment}`, { ...subjectOf(action), actionId: action.id, uri: '' });
    }
    for (const moment of deletes ?? []) {
      const made = await make(nameOf('delete', moment));
      const action = await request(journey.context, databaseDelete, { databaseId: made.databaseId }, journey.access);
      killed.set(`delete ${moment}`, { ...made, actionId: action.id });
    }
    for (const moment of resets ?? []) {
      const made = await make(nameOf('reset', moment));
      const { credentialId } = made;
      const action = await request(journey.context, credentialReset, { credentialId }, journey.access);
      killed.set(`reset ${moment}`, { ...made, actionId: action.id });
    }
    const faults = [...killed].map(([what, { actionId }]): [string, string] => [actionId, what.split(' ')[1] ?? '']);
    await journey.killInAll(new Map(faults));
    await hold();
  });
  atOnce.close(async () => journey?.close());

  const nameOf = (kind: string, moment: string) => `${prefix}_${kind}_${moment.replace(':', '_')}`;
  const subjectOf = ({ database_id, credential_id }: ActionWithSteps) => ({
    databaseId: database_id ?? '',
    credentialId: credential_id ?? '',
  });

  async function make(name: string) {
    const subject = subjectOf(await journey.runHere((await journey.requestDatabase(name)).id));
    return { ...subject, uri: await journey.uriOf(subject.credentialId) };
  }

  /** What the dead worker held is looked at one after another: a hold would run out before its turn. */
  function hold() {
    const sql = `UPDATE actions SET held_until = now() + interval '1 hour' WHERE state = 'running'`;
    return withClient(journey.storeUrl, (client) => client.query(sql));
  }

  /** Takes over what the dead worker held. */
  async function afterDeath(what: string): Promise<Killed & { ended: ActionWithSteps }> {
    const found = killed.get(what);
    if (found === undefined) throw new Error(`nobody was killed in ${what}`);
    const { actionId } = found;
    expect(await journey.runHere(actionId)).toMatchObject({ state: 'running', claim: 1 }); // the hold keeps others out
    return { ...found, ended: await takeOver(journey, actionId) };
  }

  describe('a worker killed with -9', () => {
    for (const moment of creates ?? []) {
      atOnce.test(`in database_create, ${moment}: one database and a working password`, async () => {
        const { databaseId, credentialId, ended } = await afterDeath(`create ${moment}`);
        expect(ended.steps.filter((each) => each.attempt === 2).map((each) => each.name)).toEqual(CREATE_STEPS);
        const uri = await journey.uriOf(credentialId);
        const session = await engine.enter(uri);
        await session.write('mine');
        expect(await session.read()).toEqual(['mine']);
        await session.end();
        expect(await journey.context.store.databases.find(databaseId)).toMatchObject({ state: 'available' });
        expect(await journey.view.hasDatabase(nameOf('create', moment))).toBe(true);
      });
    }

    for (const moment of deletes ?? []) {
      atOnce.test(`in database_delete, ${moment}: nothing is left`, async () => {
        const { databaseId } = await afterDeath(`delete ${moment}`);
        expect(await journey.context.store.databases.find(databaseId)).toMatchObject({ state: 'deleted' });
        expect(await journey.view.listNames(nameOf('delete', moment))).toEqual([]);
      });
    }

    for (const moment of resets ?? []) {
      atOnce.test(`in credential_reset, ${moment}: the password shown is the one that works`, async () => {
        const { credentialId, uri } = await afterDeath(`reset ${moment}`);
        const after = await journey.uriOf(credentialId);
        expect(after).not.toBe(uri);
        expect([await engine.refusalOf(after), await engine.refusalOf(uri)]).toEqual([null, 'login']);
      });
    }
  });
});

onEachQueue((queue) => {
  test('a killed worker is noticed without help once its hold of 30 s is over', async () => {
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

test('an action whose workers are killed again and again fails in the end, with a reason', async () => {
  const journey = alone.get('PostgreSQL')?.journey;
  if (journey === undefined) throw new Error('no journey');
  const action = await journey.requestDatabase(`killed_${process.pid}_again`);
  // as if it had failed before, but for two times: what counts is that each kill does
  await withClient(journey.storeUrl, (client) =>
    client.query('UPDATE actions SET failures = $2 WHERE id = $1', [action.id, FAILURES_MAX - 2]),
  );
  for (let kill = 1; kill <= 2; kill += 1) {
    expect(await journey.context.store.actions.find(action.id)).toMatchObject({ state: 'queued' });
    await journey.killInAll(new Map([[action.id, 'started:create_database']]));
    await journey.letHoldRunOut(action.id);
    await sweep(journey.context);
  }
  expect(await journey.runHere(action.id)).toMatchObject({ state: 'failed', error_code: 'worker_lost' });
});
