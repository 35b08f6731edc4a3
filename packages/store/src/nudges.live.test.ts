// Who is nudged: the next of a line that moved, and every due action whose last word led to nothing. Nobody else.
import type { Action } from './actions';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterEach(() => street.sql('DELETE FROM actions'));
afterAll(() => street?.close());

const LONG_AGO = `nudged_at = now() - interval '16 s'`;
const set = (action: Action, change: string) =>
  street.sql(`UPDATE actions SET ${change} WHERE id = $1`, [action.id]).then(() => action);

async function newAction(): Promise<Action> {
  return street.action((await street.database()).id);
}

async function running(): Promise<Action> {
  const claimed = await street.store.actions.claim((await newAction()).id, 'worker');
  if (claimed === null) throw new Error('not its turn');
  return claimed;
}

describe('nudgeOverdue', () => {
  const overdue = async (limit = 100) => {
    const nudges = await street.store.actions.nudgeOverdue(limit);
    return nudges.map((nudge) => nudge.id);
  };

  it('nudges what was nudged 15 s ago or more, or never, and counts it, so that no job id comes twice', async () => {
    const old = await set(await newAction(), LONG_AGO);
    const never = await set(await newAction(), 'nudged_at = NULL');
    const nudges = await street.store.actions.nudgeOverdue(100);
    expect(nudges).toHaveLength(2);
    expect(nudges).toContainEqual({ id: old.id, engine: 'postgresql', nudges: 2 });
    expect(nudges).toContainEqual({ id: never.id, engine: 'postgresql', nudges: 2 });
    expect(await overdue()).toEqual([]); // they were nudged just now
  });

  it('leaves alone what was nudged a moment ago, is put off, runs or has ended', async () => {
    await set(await newAction(), `nudged_at = now() - interval '13 s'`);
    await set(await newAction(), `${LONG_AGO}, not_before = now() + interval '5 s'`);
    await set(await running(), LONG_AGO);
    await set(await street.store.actions.finish(await running()), LONG_AGO);
    await set(await street.store.actions.fail(await running(), 'internal', 'broke'), LONG_AGO);
    const cancelled = await newAction();
    await street.store.actions.cancel(cancelled.id);
    await set(cancelled, LONG_AGO);
    expect(await overdue()).toEqual([]);
  });

  it('leaves alone who stands behind another in a line: it could not be claimed', async () => {
    const database = await street.database();
    const [first, second] = [await street.action(database.id), await street.action(database.id)];
    for (const action of [first, second]) await set(action, LONG_AGO);
    expect(await overdue()).toEqual([first.id]);
    await street.store.actions.cancel(first.id);
    expect(await overdue()).toEqual([second.id]);
  });

  it('nudges what was put off as soon as it is due', async () => {
    const postponed = await street.store.actions.postpone(await running(), 60_000, {
      code: 'server_unreachable',
      message: 'It is away.',
      isCounted: false,
      isUnreached: false,
    });
    expect(await overdue()).toEqual([]);
    await set(postponed, 'not_before = now()');
    expect(await overdue()).toEqual([postponed.id]);
  });

  it('nudges what was given back at once, and what was taken back', async () => {
    const released = await street.store.actions.release(await running());
    const expired = await set(await running(), `held_until = now() - interval '1 ms'`);
    expect(await street.store.actions.listExpired(10)).toEqual([expired.id]);
    await street.store.actions.releaseExpired(expired.id);
    expect((await overdue()).sort()).toEqual([released.id, expired.id].sort());
  });

  it('takes the oldest first, as many as asked for', async () => {
    const actions = [await newAction(), await newAction(), await newAction()];
    for (const action of actions) await set(action, LONG_AGO);
    expect((await overdue(2)).sort()).toEqual(
      actions
        .slice(0, 2)
        .map((action) => action.id)
        .sort(),
    );
    expect(await overdue(2)).toEqual([actions[2]?.id]);
  });

  it('gives each action to one of two that look at once', async () => {
    for (let index = 0; index < 10; index += 1) await set(await newAction(), LONG_AGO);
    const looks = await Promise.all([overdue(), overdue(), overdue()]);
    expect(new Set(looks.flat()).size).toBe(10);
    expect(looks.flat()).toHaveLength(10);
  });

  it('does not wait for an action that somebody writes just now', async () => {
    const [busy, free] = [await set(await newAction(), LONG_AGO), await set(await newAction(), LONG_AGO)];
    await street.store.transaction(async (tx) => {
      await tx.actions.cancel(busy.id);
      expect(await overdue()).toEqual([free.id]);
    });
  });
});

describe('nudgeNext', () => {
  const next = async (done: Action) => (await street.store.actions.nudgeNext(done))[0]?.id ?? null;

  it('is the oldest that waits for the same database, counted as one nudge more', async () => {
    const database = await street.database();
    const [done, second] = [await street.action(database.id), await street.action(database.id)];
    await street.action(database.id);
    await street.store.actions.cancel(done.id);
    await newAction(); // of another database
    expect(await street.store.actions.nudgeNext(done)).toEqual([{ id: second.id, engine: 'postgresql', nudges: 2 }]);
  });

  it('is one that waits for the same login, on another database', async () => {
    const [one, other] = [await street.database(), await street.database()];
    const credential = await street.credential(one.id);
    const about = { kind: 'credential_reset' as const, credentialId: credential.id };
    const [done, second] = [await street.action(one.id, about), await street.action(other.id, about)];
    await street.store.actions.cancel(done.id);
    expect(await next(done)).toBe(second.id);
  });

  it('is one of each line: of the database, and of the login on another database', async () => {
    const [one, other] = [await street.database(), await street.database()];
    const credential = await street.credential(one.id);
    const about = { kind: 'credential_reset' as const, credentialId: credential.id };
    const done = await street.action(one.id, about);
    const ofLogin = await street.action(other.id, about);
    const ofDatabase = await street.action(one.id);
    await street.action(other.id); // behind the one of the login
    await street.store.actions.cancel(done.id);
    const ids = (await street.store.actions.nudgeNext(done)).map(({ id }) => id);
    expect(ids.sort()).toEqual([ofLogin.id, ofDatabase.id].sort());
  });

  it('is nobody when nobody waits, when who waits is put off, or when the action was about no line', async () => {
    const done = await running();
    await street.store.actions.finish(done);
    expect(await next(done)).toBeNull();
    const putOff = await street.action(done.database_id);
    await set(putOff, `not_before = now() + interval '5 s'`);
    expect(await next(done)).toBeNull();
    await street.action(null, { kind: 'server_refresh' });
    expect(await next(await street.action(null, { kind: 'server_preflight' }))).toBeNull();
  });
});
