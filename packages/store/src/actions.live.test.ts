// The drawing at the head of core/src/action.ts, arrow by arrow: only what is drawn happens, only for the holder, each
// with exactly its event in the same transaction.
import { ACTION_STATES, type ActionState, codeOf, type ErrorCode, HOLD_MS } from '@berth/core';
import type { Action, ClaimKey } from './actions';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

/** An action in this state, about a database and a login of its own. */
async function actionIn(state: ActionState): Promise<Action> {
  const { store } = street;
  const database = await street.database();
  const credential = await street.credential(database.id);
  const queued = await street.action(database.id, { credentialId: credential.id });
  if (state === 'cancelled') return demand(await store.actions.cancel(queued.id));
  if (state === 'queued') return queued;
  const running = demand(await store.actions.claim(queued.id, 'holder'));
  if (state === 'running') return running;
  return state === 'succeeded' ? store.actions.finish(running) : store.actions.fail(running, 'internal', 'broke');
}

function demand<T>(value: T | null): T {
  if (value === null) throw new Error('The store returned nothing.');
  return value;
}

/** All of the row, and the transaction that wrote it, as text. */
async function rowOf(id: string): Promise<Record<string, unknown>> {
  const [row] = await street.sql('SELECT *, xmin::text AS xmin FROM actions WHERE id = $1', [id]);
  return row ?? {};
}

interface Arrow {
  from: ActionState;
  to: ActionState;
  event: string;
  /** Null, or `claim_lost`, when it is not allowed. */
  turn(key: ClaimKey): Promise<Action | null>;
}

const ARROWS: Record<string, Arrow> = {
  claim: { from: 'queued', to: 'running', event: 'action.started', turn: (key) => actions().claim(key.id, 'other') },
  cancel: { from: 'queued', to: 'cancelled', event: 'action.cancelled', turn: (key) => actions().cancel(key.id) },
  finish: { from: 'running', to: 'succeeded', event: 'action.succeeded', turn: (key) => actions().finish(key) },
  fail: {
    from: 'running',
    to: 'failed',
    event: 'action.failed',
    turn: (key) => actions().fail(key, 'engine_refused', 'no'),
  },
  cancelHeld: { from: 'running', to: 'cancelled', event: 'action.cancelled', turn: (key) => actions().cancelHeld(key) },
  postpone: {
    from: 'running',
    to: 'queued',
    event: 'action.postponed',
    turn: (key) =>
      actions().postpone(key, 5_000, {
        code: 'server_unreachable',
        message: 'It is away.',
        isCounted: true,
        isUnreached: false,
      }),
  },
  release: { from: 'running', to: 'queued', event: 'action.released', turn: (key) => actions().release(key) },
  releaseExpired: {
    from: 'running',
    to: 'queued',
    event: 'action.released',
    async turn(key) {
      await street.sql(`UPDATE actions SET held_until = now() - interval '1 ms' WHERE id = $1 AND state = 'running'`, [
        key.id,
      ]);
      return actions().releaseExpired(key.id);
    },
  },
};

/** Arrows that only the holder turns. */
const HELD = ['finish', 'fail', 'cancelHeld', 'postpone', 'release'];

function actions() {
  return street.store.actions;
}

/** What a refused arrow says: null, or the code of what it throws. */
async function refusalOf(turned: Promise<Action | null>): Promise<ErrorCode | null | 'turned'> {
  try {
    return (await turned) === null ? null : 'turned';
  } catch (error) {
    return codeOf(error);
  }
}

const MATRIX = Object.entries(ARROWS).flatMap(([name, arrow]) =>
  ACTION_STATES.map((state): [string, ActionState, Arrow] => [name, state, arrow]),
);

describe('an arrow that is drawn', () => {
  it.each(MATRIX.filter(([, state, arrow]) => state === arrow.from))(
    '%s from %s: turns, with its event in the same transaction',
    async (_, state, arrow) => {
      const action = await actionIn(state);
      const since = await street.lastEvent();
      expect(await arrow.turn(action)).toMatchObject({ id: action.id, state: arrow.to });
      const { database_id, credential_id } = action;
      const row = await rowOf(action.id);
      expect(row.state).toBe(arrow.to);
      expect(await street.events(since)).toEqual([
        { type: arrow.event, database_id, credential_id, action_id: action.id },
      ]);
      const sql = `SELECT team_id, server_id, mod(xid::text::numeric, 4294967296)::text AS xmin FROM events WHERE number > $1`;
      const { team_id, server_id, xmin } = row;
      expect(await street.sql(sql, [since])).toEqual([{ team_id, server_id, xmin }]);
    },
  );
});

describe('an arrow that is not drawn', () => {
  it.each(MATRIX.filter(([, state, arrow]) => state !== arrow.from))(
    '%s from %s: refuses and changes nothing',
    async (name, state, arrow) => {
      const action = await actionIn(state);
      const [before, since] = [await rowOf(action.id), await street.lastEvent()];
      expect(await refusalOf(arrow.turn(action))).toBe(HELD.includes(name) ? 'claim_lost' : null);
      expect(await rowOf(action.id)).toEqual(before);
      expect(await street.events(since)).toEqual([]);
    },
  );
});

describe('a holder whose claim is not good any more', () => {
  it.each(HELD.flatMap((name) => [-1, 1].map((off): [string, number] => [name, off])))(
    'may not %s (claim off by %i), and changes nothing',
    async (name, off) => {
      const action = await actionIn('running');
      const [before, since] = [await rowOf(action.id), await street.lastEvent()];
      const arrow = demand(ARROWS[name] ?? null);
      expect(await refusalOf(arrow.turn({ id: action.id, claim: action.claim + off }))).toBe('claim_lost');
      expect(await rowOf(action.id)).toEqual(before);
      expect(await street.events(since)).toEqual([]);
    },
  );

  it('may not renew, nor write a step, nor after the next one took over', async () => {
    const action = await actionIn('running');
    await actions().release(action);
    const next = demand(await actions().claim(action.id, 'next'));
    expect(next.claim).toBe(action.claim + 1);
    const before = await rowOf(action.id);
    const step = { name: 'a', state: 'succeeded' as const, durationMs: 1, evidence: {} };
    await expect(actions().renew(action)).rejects.toMatchObject({ code: 'claim_lost' });
    await expect(actions().recordStep(action, step)).rejects.toMatchObject({ code: 'claim_lost' });
    expect(await rowOf(action.id)).toEqual(before);
    expect((await actions().find(action.id))?.steps).toEqual([]);
  });

  it.each(['queued', 'succeeded', 'failed', 'cancelled'] as const)(
    'because the action is %s may not renew, nor write a step',
    async (state) => {
      const action = await actionIn(state);
      const before = await rowOf(action.id);
      const step = { name: 'a', state: 'succeeded' as const, durationMs: 1, evidence: {} };
      await expect(actions().renew(action)).rejects.toMatchObject({ code: 'claim_lost' });
      await expect(actions().recordStep(action, step)).rejects.toMatchObject({ code: 'claim_lost' });
      expect(await rowOf(action.id)).toEqual(before);
      expect((await actions().find(action.id))?.steps).toEqual([]);
    },
  );
});

describe('what each arrow writes', () => {
  it('insert: queued, counted as nudged once, with its event', async () => {
    const since = await street.lastEvent();
    const action = await street.action((await street.database()).id);
    expect(action).toMatchObject({ state: 'queued', claim: 0, failures: 0, nudges: 1, step_names: ['a', 'b'] });
    expect(action.nudged_at).not.toBeNull();
    expect((await street.events(since)).map((event) => event.type)).toEqual(['database.creating', 'action.queued']);
  });

  it('claim: a holder, a hold of 30 s by the store, and the time of the first claim for good', async () => {
    const action = await actionIn('running');
    expect(action).toMatchObject({ claim: 1, held_by: 'holder', not_before: null });
    expect(await leftMs(action.id)).toBeGreaterThan(HOLD_MS - 5_000);
    expect(await leftMs(action.id)).toBeLessThanOrEqual(HOLD_MS);
    await actions().release(action);
    const again = demand(await actions().claim(action.id, 'next'));
    expect(again).toMatchObject({ claim: 2, started_at: action.started_at });
  });

  it('fail: code and message; the hold is gone', async () => {
    const failed = await actions().fail(await actionIn('running'), 'engine_refused', 'The server said no.');
    const reason = { error_code: 'engine_refused', error_message: 'The server said no.' };
    expect(failed).toMatchObject({ ...reason, held_until: null, held_by: null });
    expect(failed.ended_at).not.toBeNull();
  });

  it.each([
    [true, 1],
    [false, 0],
  ])(
    'postpone (counted: %s): not before its time, failures %i, to be swept when it is due',
    async (counted, failures) => {
      const postponed = await actions().postpone(await actionIn('running'), 60_000, {
        code: 'server_unreachable',
        message: 'It is away.',
        isCounted: counted,
        isUnreached: false,
      });
      expect(postponed).toMatchObject({ failures, nudged_at: null, nudges: 1, held_until: null });
      const [row] = await street.sql(
        `SELECT not_before - now() BETWEEN '55 s' AND '60 s' AS put_off FROM actions WHERE id = $1`,
        [postponed.id],
      );
      expect(row?.put_off).toBe(true);
    },
  );

  it('what puts it off is told once, however often it is tried; another reason is told, and a start after a release', async () => {
    const put = (code: ErrorCode) => ({ code, message: 'It is away.', isCounted: false, isUnreached: false });
    let action = await actionIn('running');
    const since = await street.lastEvent();
    const again = async () => {
      action = demand(await actions().claim(action.id, 'next'));
    };
    for (const code of ['server_unreachable', 'server_unreachable', 'server_busy', 'server_busy'] as const) {
      await actions().postpone(action, 0, put(code));
      await again();
    }
    await actions().release(action);
    await again();
    await actions().postpone(action, 0, put('server_busy'));
    await again();
    await actions().finish(action);
    const events = await street.sql(
      `SELECT type, data->>'code' AS code FROM events WHERE number > $1 ORDER BY number`,
      [since],
    );
    expect(events.map(({ type, code }) => [type, code])).toEqual([
      ['action.postponed', 'server_unreachable'],
      ['action.postponed', 'server_busy'],
      ['action.released', null],
      ['action.started', null],
      ['action.postponed', 'server_busy'],
      ['action.succeeded', null],
    ]);
  });

  it('release: one more nudge to send, no failure; releaseExpired: a failure', async () => {
    const released = await actions().release(await actionIn('running'));
    expect(released).toMatchObject({ nudges: 2, nudged_at: null, failures: 0, not_before: null });
    const expired = await ARROWS.releaseExpired?.turn(await actionIn('running'));
    expect(expired).toMatchObject({ nudges: 1, nudged_at: null, failures: 1 });
  });

  it('releaseExpired leaves a hold that is still good alone', async () => {
    const action = await actionIn('running');
    expect(await actions().releaseExpired(action.id)).toBeNull();
    expect(await actions().listExpired(100)).not.toContain(action.id);
  });

  it('renew and recordStep prolong the hold, by the store, and tell of a cancel', async () => {
    const action = await actionIn('running');
    const shorten = () => street.sql(`UPDATE actions SET held_until = now() + '1 s' WHERE id = $1`, [action.id]);
    await shorten();
    expect(await actions().renew(action)).toEqual({ cancelRequested: false });
    expect(await leftMs(action.id)).toBeGreaterThan(HOLD_MS - 5_000);
    await shorten();
    await street.sql('UPDATE actions SET cancel_requested_at = now() WHERE id = $1', [action.id]);
    const step = { name: 'a', state: 'failed' as const, durationMs: 1_500, evidence: { seen: 3 } };
    expect(await actions().recordStep(action, step)).toEqual({ cancelRequested: true });
    expect(await leftMs(action.id)).toBeGreaterThan(HOLD_MS - 5_000);
    const [written] = (await actions().find(action.id))?.steps ?? [];
    expect(written).toMatchObject({ name: 'a', attempt: 1, state: 'failed', evidence: { seen: 3 } });
    expect((written?.ended_at.getTime() ?? 0) - (written?.started_at.getTime() ?? 0)).toBe(1_500);
  });

  it('a step is written once for each attempt', async () => {
    const action = await actionIn('running');
    const step = { name: 'a', state: 'succeeded' as const, durationMs: 1, evidence: {} };
    await actions().recordStep(action, step);
    await expect(actions().recordStep(action, step)).rejects.toThrow('steps_pkey');
    expect((await actions().find(action.id))?.steps).toHaveLength(1);
  });

  it('an arrow inside a transaction that is rolled back has not been, nor its event', async () => {
    const action = await actionIn('running');
    const [before, since] = [await rowOf(action.id), await street.lastEvent()];
    const work = street.store.transaction(async (tx) => {
      await tx.actions.finish(action);
      throw new Error('on second thoughts');
    });
    await expect(work).rejects.toThrow('on second thoughts');
    expect(await rowOf(action.id)).toEqual(before);
    expect(await street.events(since)).toEqual([]);
  });
});

describe('requestCancelOfCreate', () => {
  it('asks a running create once, and nothing else', async () => {
    const database = await street.database();
    const create = await street.action(database.id, { kind: 'database_create' });
    await actions().requestCancelOfCreate(database.id);
    expect((await rowOf(create.id)).cancel_requested_at).toBeNull(); // queued: it is cancelled, not asked
    await actions().claim(create.id, 'holder');
    await actions().requestCancelOfCreate(database.id);
    const asked = (await rowOf(create.id)).cancel_requested_at;
    expect(asked).not.toBeNull();
    await actions().requestCancelOfCreate(database.id);
    expect((await rowOf(create.id)).cancel_requested_at).toEqual(asked);
    const update = await actionIn('running');
    await actions().requestCancelOfCreate(update.database_id ?? '');
    expect((await rowOf(update.id)).cancel_requested_at).toBeNull();
  });
});

async function leftMs(id: string): Promise<number> {
  const sql = 'SELECT extract(epoch FROM held_until - now()) * 1000 AS ms FROM actions WHERE id = $1';
  return Number((await street.sql(sql, [id]))[0]?.ms);
}
