// Duty: what is old enough is forgotten, each thing at its own age, one after the other, so that it takes one connection.
import { type Bites, FORGETTABLE, type Forgettable, forget, type OpenedContext } from '@berth/actions';

/** A run ends after this long; the next one begins with what was cut off. */
const RUN_MS_MAX = 5 * 60_000;
/** Between the clocks of this machine and of the store. With more, one of them is wrong, and nobody knows which. */
const CLOCKS_APART_MS_MAX = 60_000;
const DAY_MS = 24 * 60 * 60 * 1000;

/** Where a run was cut off: at which of FORGETTABLE, and after which row. */
export interface CutOff {
  index: number;
  after: number;
}

export interface Run {
  stopping: AbortSignal;
  /** What the run before returned. */
  cutOff: CutOff | null;
  /** The store's time, by which everything was written; default is to ask it. */
  storeTime?: () => Promise<Date>;
}

/**
 * Forgets for five minutes at most. Safe to repeat and to race. What cannot be forgotten now is logged, and keeps nothing else
 * from it. Returns where it was cut off, or null when it came through. Throws, and forgets nothing, when this machine's clock is
 * not the store's.
 */
export async function forgetOld(context: OpenedContext, run: Run): Promise<CutOff | null> {
  const { clock, config, metrics } = context;
  const untilMs = clock.monotonicMs() + RUN_MS_MAX;
  for (const { what } of FORGETTABLE) metrics.expect('berth_forget_failures_total', { what });
  const now = await agreedTime(context, run);
  const first = run.cutOff ?? { index: 0, after: 0 };
  const all = [...FORGETTABLE.entries()];
  for (const [index, each] of [...all.slice(first.index), ...all.slice(0, first.index)]) {
    if (run.stopping.aborted || clock.monotonicMs() >= untilMs) return { index, after: 0 };
    const days = each.days(config.keepDays);
    if (days === 0) continue;
    const before = new Date(now.getTime() - days * DAY_MS);
    const after = index === first.index ? first.after : 0;
    const cutOffAfter = await forgetOne(context, each, { before, after, untilMs, stopping: run.stopping });
    if (cutOffAfter !== null) return { index, after: cutOffAfter };
  }
  return null;
}

/** The store's time, where this machine's clock agrees. What is forgotten is gone: one clock that jumped must not decide it. */
async function agreedTime({ clock, store }: OpenedContext, { storeTime = store.now }: Run): Promise<Date> {
  const askedAtMs = clock.now().getTime();
  const now = await storeTime();
  const apartMs = Math.max(askedAtMs - now.getTime(), now.getTime() - clock.now().getTime());
  if (apartMs <= CLOCKS_APART_MS_MAX) return now;
  throw new Error(
    `The clocks of this machine and of the store are ${Math.round(apartMs / 1_000)} s apart, so that nobody knows how old anything is. Nothing was forgotten. Set the wrong one right (NTP on both); the next run, within ten minutes, goes on.`,
  );
}

/** One sort of thing. What was removed before a bite that failed is counted and told too. */
async function forgetOne(context: OpenedContext, each: Forgettable, bites: Omit<Bites, 'onBite'>) {
  const { log, metrics } = context;
  const { what } = each;
  let count = 0;
  const onBite = (removed: number) => {
    count += removed;
    metrics.count('berth_forgotten_total', { what }, removed);
  };
  try {
    return await forget(context, each, { ...bites, onBite });
  } catch (error) {
    metrics.count('berth_forget_failures_total', { what });
    log.error({ kind: what, error }, 'What is old enough could not be forgotten; it is tried again');
    return null;
  } finally {
    if (count > 0) log.info({ kind: what, count }, 'Forgot what is old enough');
  }
}
