// One action, from claim to close. What a failure means is decided by its code in the errors table, nowhere else.
import {
  type Clock,
  codeOf,
  ERRORS,
  type ErrorCode,
  FAILURES_MAX,
  PlatformError,
  traced,
  UNREACHABLE_MS_MAX,
} from '@berth/core';
import type { Engine, EngineSession, Evidence } from '@berth/engines/contract';
import type { Action, ServerView } from '@berth/store';
import { openAdmin } from './administer/server-admin';
import type { Context } from './context';
import { type Hold, openHold } from './hold';
import { Interrupted, interruptionOf } from './interrupted';
import type { Settle } from './kind';
import { findKind, kindOf } from './kinds';
import { noteEnd, notePickup, type Outcome } from './note';
import type { Slots } from './slots';

/** Moments of a step, in order, told to `onMoment`: fault tests kill or freeze the process at one of them. */
export type Moment = 'started' | 'performed' | 'recorded';

export interface RunOptions {
  engine: Engine;
  /** Names this process among the holders. */
  holder: string;
  /** Aborted: stop before the next step and give the action back. */
  stopping: AbortSignal;
  /** How many actions of one server this process works on at once. Left out: as many as it is asked to. */
  slots?: Slots;
  onMoment?(moment: Moment, step: string, action: Action): Promise<void>;
}

/** Claims and runs the action. Does nothing when it is not its turn. Safe to call any number of times, anywhere. */
export async function run(context: Context, options: RunOptions, actionId: string): Promise<void> {
  if (options.stopping.aborted) return;
  const claimedAtMs = context.clock.monotonicMs();
  const action = await claimNow(context, options, actionId);
  if (action === null) return;
  const { id, kind, claim } = action;
  const attributes = { 'berth.action.id': id, 'berth.action.kind': kind, 'berth.action.claim': claim };
  let wasSilent = false;
  try {
    notePickup(context, action);
    const code = await traced(`action ${kind}`, { attributes }, () =>
      runClaimed(context, options, action, claimedAtMs),
    );
    wasSilent = code === 'server_unreachable';
  } finally {
    const free = options.slots?.release(action.server_id, wasSilent) ?? 0;
    if (free > 0) await nudgeCrowded(context, action.server_id, free);
  }
}

function claimNow({ store }: Context, { engine, holder, slots }: RunOptions, id: string): Promise<Action | null> {
  const claimBeside = (full: string[]) => store.actions.claim(id, holder, engine.name, full);
  return slots?.take(claimBeside, (full) => store.actions.crowdOut(id, full)) ?? claimBeside([]);
}

/**
 * The oldest of this server first; their words go to the end of the queue, so that servers have their turns. While more is asked for
 * than can be done, one that was asked for later may so find the place before the word comes, again and again: a known limit.
 * Best effort: what is not nudged now is when the next action of this server ends, or by maintenance when none is at work.
 */
async function nudgeCrowded({ log, sender, store }: Context, serverId: string, free: number): Promise<void> {
  try {
    for (const nudge of await store.actions.nudgeCrowded(serverId, free)) void sender.send(nudge);
  } catch (error) {
    log.warn(
      { subjectId: serverId, code: codeOf(error), error },
      'Who waits for a place at this server was not told that there is one',
    );
  }
}

/** Returns the code of what kept it from succeeding; null when nothing did. */
async function runClaimed(
  context: Context,
  options: RunOptions,
  action: Action,
  claimedAtMs: number,
): Promise<ErrorCode | null> {
  const hold = openHold(context, action, claimedAtMs, (error) =>
    context.log.warn({ actionId: action.id, attempt: action.claim, error }, 'The hold could not be renewed'),
  );
  let session: EngineSession | null = null;
  let server: ServerView | null = null;
  try {
    server = await context.store.servers.find(action.server_id);
    if (server === null) throw new PlatformError('not_found', 'The server of this action is not registered any more.');
    refuseClosed(action, server);
    if (action.failures >= FAILURES_MAX && !(await isOwed(context, action)))
      throw new PlatformError(
        'worker_lost',
        `Its last worker died, after ${FAILURES_MAX} attempts that did not end well. The workers' logs tell of each.`,
      );
    session = await options.engine.open(openAdmin(context.keyRing, server), hold);
    if (!findKind(action.kind)?.isReadOnly) await session.lock(action.database_id ?? action.server_id);
    const settle = await perform(context, options, { action, server, session, hold });
    await close(context, action, settle);
    noteEnd(context, action, 'succeeded', claimedAtMs);
    context.log.info(logFields(action, context.clock, claimedAtMs), 'Action succeeded');
    return null;
  } catch (error) {
    const durationMs = Math.round(context.clock.monotonicMs() - claimedAtMs);
    await settleError(context, { action, server, session, error, durationMs }).then(
      (outcome) => noteEnd(context, action, outcome, claimedAtMs, codeOf(error)),
      (unwritten: unknown) => logUnwritten(context, action, unwritten),
    );
    return codeOf(error);
  } finally {
    hold.close();
    await session?.close();
  }
}

/** Taken offline, or given a login that was not tried, since the claim looked: it waits as for a server that is away. */
function refuseClosed({ kind }: Action, { checked_at, name, state }: ServerView): void {
  if (kind === 'server_preflight' || (state !== 'offline' && checked_at !== null)) return;
  throw new PlatformError('server_unreachable', `The server ${name} is not in use.`);
}

interface Running {
  action: Action;
  server: ServerView;
  session: EngineSession;
  hold: Hold;
}

function perform(context: Context, options: RunOptions, { action, server, session, hold }: Running): Promise<Settle> {
  const { clock, keyRing, metrics, store } = context;
  return kindOf(action.kind).perform({
    action,
    server,
    session,
    store,
    keyRing,
    step: (name, deed) => traced(`step ${name}`, {}, () => step(name, deed)),
  });

  async function step(name: string, deed: () => Promise<Evidence>): Promise<void> {
    if (hold.isCancelRequested()) throw new Interrupted('cancel');
    if (options.stopping.aborted) throw new Interrupted('release');
    const startedAtMs = clock.monotonicMs();
    const durationMs = () => Math.round(clock.monotonicMs() - startedAtMs);
    const note = (outcome: 'succeeded' | 'failed') =>
      metrics.observe('berth_step_duration_seconds', { kind: action.kind, step: name, outcome }, durationMs() / 1_000);
    await options.onMoment?.('started', name, action);
    try {
      const evidence = await deed();
      await options.onMoment?.('performed', name, action);
      await hold.record({ name, state: 'succeeded', durationMs: durationMs(), evidence });
    } catch (error) {
      if (codeOf(error) === 'claim_lost') throw error;
      const evidence = { error: codeOf(error), message: publicMessage(error, action) };
      await hold.record({ name, state: 'failed', durationMs: durationMs(), evidence });
      note('failed');
      throw error;
    }
    note('succeeded'); // behind the try: what goes wrong from here on is no failure of this step
    await options.onMoment?.('recorded', name, action);
  }
}

/** Ends the action, what it was about, and their events in one commit; then says a word to whoever is next in line. */
async function close(context: Context, action: Action, settle: Settle): Promise<void> {
  const next = await context.store.transaction(async (tx) => {
    await tx.actions.finish(action);
    await settle(tx);
    return tx.actions.nudgeNext(action);
  });
  for (const nudge of next) void context.sender.send(nudge);
}

interface Ending {
  action: Action;
  server: ServerView | null;
  session: EngineSession | null;
  error: unknown;
  durationMs: number;
}

/** Writes what became of it. Throws what could not be written. */
async function settleError(context: Context, ending: Ending): Promise<Exclude<Outcome, 'succeeded'>> {
  const { action, error, durationMs } = ending;
  const code = codeOf(error);
  const fields = { actionId: action.id, kind: action.kind, attempt: action.claim, code, durationMs };
  const interruption = interruptionOf(error);
  if (interruption === 'release') {
    const released = await context.store.actions.release(action);
    void context.sender.send(released);
    context.log.info(fields, 'Action given back: this worker stops');
    return 'released';
  } else if (interruption === 'cancel') {
    await endWithout(context, ending, (tx) => tx.actions.cancelHeld(action));
    context.log.info(fields, 'Action cancelled');
    return 'cancelled';
  } else if (code === 'claim_lost') {
    throw error;
  } else if (mayTryAgain(action, code, context.clock) || (await isOwed(context, action))) {
    const delayMs = retryDelayMs(action.claim);
    const isCounted = ERRORS[code].retry === 'count';
    const why = { code, message: publicMessage(error, action), isCounted, isUnreached: ending.session === null };
    await context.store.actions.postpone(action, delayMs, why);
    context.log.warn({ ...fields, error }, `Action postponed by ${delayMs} ms`);
    return 'postponed';
  } else {
    await endWithout(context, ending, (tx) =>
      tx.actions.fail(action, code, publicMessage(error, action), ending.session === null),
    );
    context.log.error({ ...fields, error }, 'Action failed');
    return 'failed';
  }
}

/** What could not be written is safe to lose: the hold runs out, and the action is given to whoever claims it next. */
function logUnwritten(context: Context, action: Action, error: unknown): void {
  const fields = { actionId: action.id, kind: action.kind, attempt: action.claim, code: codeOf(error) };
  if (codeOf(error) === 'claim_lost') {
    context.metrics.count('berth_claims_lost_total', { kind: action.kind });
    context.log.warn(fields, 'Another worker holds this action now; nothing was written');
  } else context.log.error({ ...fields, error }, 'The end of this attempt could not be written; its hold will run out');
}

/** Ends an action that did not succeed, with what its kind settles then. */
async function endWithout(
  context: Context,
  ending: Ending,
  end: (tx: Parameters<Settle>[0]) => Promise<Action>,
): Promise<void> {
  const { action, server, session } = ending;
  const { keyRing, log, store } = context;
  const kind = findKind(action.kind); // null: `not_built` is what it fails with
  const settle =
    server === null || kind === null
      ? async () => {}
      : await kind.fail({ action, server, session, keyRing, log, store });
  const next = await store.transaction(async (tx) => {
    await end(tx);
    await settle(tx);
    return tx.actions.nudgeNext(action);
  });
  for (const nudge of next) void context.sender.send(nudge);
}

/** Whether it is tried for as long as it takes, whatever becomes of it. */
async function isOwed({ store }: Context, action: Action): Promise<boolean> {
  return (await findKind(action.kind)?.isOwed?.(store, action)) ?? false;
}

function mayTryAgain(action: Action, code: ErrorCode, clock: Clock): boolean {
  const { retry } = ERRORS[code];
  switch (retry) {
    case 'never':
      return false;
    case 'count':
      return action.failures + 1 < FAILURES_MAX;
    case 'postpone':
      return clock.now().getTime() - (action.started_at ?? action.created_at).getTime() < UNREACHABLE_MS_MAX;
    default:
      return retry satisfies never;
  }
}

const RETRY_MS_MIN = 1_000;
const RETRY_MS_MAX = 60_000;

/** Doubles with each claim up to a minute; half of it is chance, so that a server that comes back is not stormed. */
function retryDelayMs(claim: number): number {
  const delayMs = Math.min(RETRY_MS_MIN * 2 ** (claim - 1), RETRY_MS_MAX);
  return Math.round(delayMs * (0.5 + Math.random() / 2));
}

/**
 * What strangers may read of an error: ours say so themselves; of others nothing but where to look. Nor do teams read what a
 * server said of Berth's own login, which names it.
 */
function publicMessage(error: unknown, { team_id }: Action): string {
  if (codeOf(error) === 'admin_refused' && team_id !== null) {
    return "The server refused what Berth's own login asked of it. An operator finds why in the worker's log, or by a preflight.";
  }
  if (codeOf(error) !== 'internal' && error instanceof Error) return error.message;
  return 'Something broke in Berth. The worker logged it under the id of this action.';
}

function logFields(action: Action, clock: Clock, sinceMs: number) {
  return {
    actionId: action.id,
    kind: action.kind,
    attempt: action.claim,
    durationMs: Math.round(clock.monotonicMs() - sinceMs),
  };
}
