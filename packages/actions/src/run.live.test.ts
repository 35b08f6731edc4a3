// What becomes of an action whose attempt went wrong is decided by the code of its error, and by nothing else. Nothing is
// tried for ever.
import { ERRORS, type ErrorCode, FAILURES_MAX, PlatformError, UNREACHABLE_MS_MAX } from '@berth/core';
import { testClock } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { runAction } from '@berth/testing/run-action';
import type { Context } from './context';
import { serverPreflight } from './kinds';
import { request } from './request';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

async function newCreate() {
  count += 1;
  return journey.requestDatabase(`run_${process.pid}_${count}`);
}

/** One attempt that fails at its first step with this error. */
function failWith(id: string, error: unknown, context: Context = journey.context) {
  return runAction(context, id, {
    onMoment: async () => {
      throw error;
    },
  });
}

const sql = (text: string, values: unknown[]) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);

/** As if the time had come to try again. */
const makeDue = (id: string) => sql('UPDATE actions SET not_before = now() WHERE id = $1', [id]);

const codes = (retry: string) =>
  Object.entries(ERRORS).flatMap(([code, row]) => (row.retry === retry && isCode(code) ? [code] : []));
const isCode = (code: string): code is ErrorCode => code in ERRORS;

describe('an attempt that ends in', () => {
  it.each(codes('never').filter((code) => code !== 'claim_lost'))(
    '%s fails the action at once, with the reason',
    async (code) => {
      const { id, database_id, credential_id } = await newCreate();
      const action = await failWith(id, new PlatformError(code, `Because of ${code}.`));
      const isOfOurLogin = code === 'admin_refused'; // what the server said of it names it
      const error_message = isOfOurLogin ? expect.stringContaining('preflight') : `Because of ${code}.`;
      const reason = { error_code: code, error_message };
      expect(action).toMatchObject({ state: 'failed', claim: 1, ...reason });
      const { databases, credentials } = journey.context.store;
      expect((await databases.find(database_id ?? ''))?.state).toBe('failed');
      expect((await credentials.find(credential_id ?? ''))?.state).toBe('failed');
    },
  );

  it.each(codes('count'))('%s is tried again later, and counts', async (code) => {
    const action = await failWith((await newCreate()).id, new PlatformError(code, 'Not now.'));
    expect(action).toMatchObject({ state: 'queued', failures: 1, error_code: null });
    expect(action.not_before).not.toBeNull();
  });

  it.each(codes('postpone'))('%s is tried again later, and does not count', async (code) => {
    const action = await failWith((await newCreate()).id, new PlatformError(code, 'Not now.'));
    expect(action).toMatchObject({ state: 'queued', failures: 0, error_code: null });
    expect(action.not_before).not.toBeNull();
  });

  it('claim_lost writes nothing at all: somebody else holds it', async () => {
    const action = await failWith((await newCreate()).id, new PlatformError('claim_lost', 'Gone.'));
    expect(action).toMatchObject({ state: 'running', claim: 1, failures: 0, steps: [] });
  });

  it('an error that is not ours is tried again, and strangers read nothing of it', async () => {
    const { id } = await newCreate();
    for (let attempt = 1; attempt <= FAILURES_MAX; attempt += 1) {
      await makeDue(id);
      await failWith(id, new Error('a driver said hush'));
    }
    const action = await journey.context.store.actions.find(id);
    expect(action).toMatchObject({ state: 'failed', error_code: 'internal', claim: FAILURES_MAX });
    expect(JSON.stringify(action)).not.toContain('hush');
  });
});

describe('a step that fails', () => {
  it('is recorded with its code, and with its message where strangers may read it', async () => {
    const { id } = await newCreate();
    const performed = (error: unknown) =>
      runAction(journey.context, id, {
        onMoment: async (moment) => {
          if (moment === 'performed') throw error;
        },
      });
    const { steps } = await performed(new PlatformError('server_busy', 'Too many connections.'));
    const evidence = { error: 'server_busy', message: 'Too many connections.' };
    expect(steps).toMatchObject([{ name: 'reserve_names', attempt: 1, state: 'failed', evidence }]);
    await makeDue(id);
    const again = await performed(new Error('a driver said hush'));
    expect(again.steps).toMatchObject([
      { attempt: 1 },
      { attempt: 2, state: 'failed', evidence: { error: 'internal' } },
    ]);
    expect(JSON.stringify(again.steps)).not.toContain('hush');
  });

  it('tells no team what a server said of the login that Berth has there, and its operators all of it', async () => {
    const said = new PlatformError('admin_refused', 'password authentication failed for user "hush"');
    const failed = async (id: string) =>
      JSON.stringify(
        await runAction(journey.context, id, {
          onMoment: async (moment) => {
            if (moment === 'performed') throw said;
          },
        }),
      );
    expect(await failed((await newCreate()).id)).not.toContain('hush');
    const { serverId } = journey;
    const look = await request(journey.context, serverPreflight, { serverId }, journey.access);
    expect(await failed(look.id)).toContain('hush');
  });
});

describe('the budget', () => {
  it(`is ${FAILURES_MAX} failures that count, with growing pauses between them, and then it fails`, async () => {
    const { id } = await newCreate();
    const pausesMs: number[] = [];
    for (let attempt = 1; attempt < FAILURES_MAX; attempt += 1) {
      const action = await failWith(id, new PlatformError('server_busy', 'Busy.'));
      expect(action).toMatchObject({ state: 'queued', failures: attempt });
      const [row] = await sql('SELECT extract(epoch FROM not_before - now()) * 1000 AS ms FROM actions WHERE id = $1', [
        id,
      ]);
      pausesMs.push(Number(row?.ms));
      await makeDue(id);
    }
    const last = await failWith(id, new PlatformError('server_busy', 'Still busy.'));
    expect(last).toMatchObject({ state: 'failed', error_code: 'server_busy', error_message: 'Still busy.' });
    for (const [index, pauseMs] of pausesMs.entries()) {
      expect(pauseMs).toBeLessThanOrEqual(1_000 * 2 ** index);
      expect(pauseMs).toBeGreaterThan(500 * 2 ** index - 450); // less what the look itself took
    }
  });

  it('is not touched by a server that is away, and what it has left is left', async () => {
    const { id } = await newCreate();
    await failWith(id, new PlatformError('server_busy', 'Busy.'));
    for (let attempt = 0; attempt < 2 * FAILURES_MAX; attempt += 1) {
      await makeDue(id);
      await failWith(id, new PlatformError('server_unreachable', 'Away.'));
    }
    await makeDue(id);
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'succeeded', failures: 1 });
  });

  it('no pause is longer than a minute, however often it was tried', async () => {
    const { id } = await newCreate();
    await sql('UPDATE actions SET claim = 1000000 WHERE id = $1', [id]);
    const put = await failWith(id, new PlatformError('server_unreachable', 'Away: ECONNREFUSED.'));
    expect(put).toMatchObject({ postponed_code: 'server_unreachable', postponed_message: 'Away: ECONNREFUSED.' });
    const [row] = await sql(
      `SELECT not_before BETWEEN now() + '25 s' AND now() + '60 s' AS fine FROM actions WHERE id = $1`,
      [id],
    );
    expect(row?.fine).toBe(true);
  });
});

describe('a server that is away', () => {
  it('is waited for until a day after the first attempt, and then the action fails', async () => {
    const { id } = await newCreate();
    const clock = testClock(new Date());
    const context = { ...journey.context, clock };
    const away = new PlatformError('server_unreachable', 'The server cannot be reached.');
    expect(await failWith(id, away, context)).toMatchObject({ state: 'queued' });
    clock.advance(UNREACHABLE_MS_MAX - 60_000);
    await makeDue(id);
    expect(await failWith(id, away, context)).toMatchObject({ state: 'queued', failures: 0 });
    clock.advance(120_000);
    await makeDue(id);
    expect(await failWith(id, away, context)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
  });
});

describe('an action', () => {
  it('of a kind that this version cannot perform fails at once, instead of being taken up for ever', async () => {
    const { database_id, id } = await newCreate();
    await sql('ALTER TABLE actions DROP CONSTRAINT actions_kind_known', []); // as a newer version's migration does
    await sql("UPDATE actions SET kind = 'database_clone' WHERE id = $1", [id]);
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'failed', error_code: 'not_built' });
    expect((await journey.context.store.databases.find(database_id ?? ''))?.state).toBe('creating');
    await sql('DELETE FROM events WHERE action_id = $1', [id]); // of a kind that the catalogue of this version does not know
  });

  it('that nobody may claim is not run: ended, put off, unknown', async () => {
    const { id } = await newCreate();
    await failWith(id, new PlatformError('server_unreachable', 'Away.'));
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'queued', claim: 1 });
    await makeDue(id);
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'succeeded', claim: 2 });
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'succeeded', claim: 2 });
    await expect(runAction(journey.context, 'act_unknown')).rejects.toThrow('There is no action');
  });

  it('is not begun by a worker that is stopping, and given back between two steps by one that is asked to', async () => {
    const { id } = await newCreate();
    const stopping = new AbortController();
    const action = await runAction(journey.context, id, {
      stopping: stopping.signal,
      onMoment: async (moment, step) => {
        if (moment === 'performed' && step === 'create_database') stopping.abort();
      },
    });
    expect(action).toMatchObject({ state: 'queued', claim: 1, failures: 0, nudges: 2, not_before: null });
    expect(action.steps.map((step) => step.name)).toEqual(['reserve_names', 'create_database']);
    expect(await runAction(journey.context, id, { stopping: stopping.signal })).toMatchObject({ claim: 1 });
    expect(await runAction(journey.context, id)).toMatchObject({ state: 'succeeded', claim: 2 });
  });

  it('of a server whose admin access cannot be opened fails with the missing key by name', async () => {
    const { id } = await newCreate();
    const { keyRing } = journey.context;
    const without = { ...keyRing, open: (sealed: string) => keyRing.open(sealed.replace('v1.k1.', 'v1.gone.'), 'x') };
    const action = await runAction({ ...journey.context, keyRing: without }, id);
    expect(action).toMatchObject({ state: 'failed', error_code: 'key_missing' });
    expect(action.error_message).toContain('"gone"');
  });
});
