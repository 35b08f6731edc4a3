// When each duty runs. On timers of this process, never on the queue: the queue is one of the things that may be lost.
import { cleanUp, type OpenedContext, reseal } from '@berth/actions';
import type { Lifetime } from '@berth/runtime';
import { type CutOff, forgetOld } from './duties/forget-old';
import { purgeQuarantined } from './duties/purge-quarantined';
import { refreshServers } from './duties/refresh-servers';
import { sweepActions } from './duties/sweep-actions';
import { watchDuty, watchFigures } from './watch';

export interface Duty {
  name: string;
  everyMs: number;
  /** Safe to run in several processes at once. */
  run(): Promise<void>;
}

const MINUTE_MS = 60_000;

/** Runs every duty at once and then again and again, each no sooner than its last run ended. */
export function startSchedule(context: OpenedContext, lifetime: Lifetime): void {
  const said = new Set<string>();
  let cutOff: CutOff | null = null;
  const duties: Duty[] = [
    { name: 'sweep_actions', everyMs: context.config.sweepIntervalMs, run: () => sweepActions(context) },
    {
      name: 'clean_up_never_made',
      everyMs: context.config.sweepIntervalMs, // some are not to be kept: their names are waited for
      run: () => cleanUp(context, context.config.failedKeepMinutes * MINUTE_MS),
    },
    {
      name: 'forget_old',
      everyMs: 10 * MINUTE_MS,
      async run() {
        cutOff = await forgetOld(context, { stopping: lifetime.stopping, cutOff });
      },
    },
    { name: 'reseal', everyMs: 10 * MINUTE_MS, run: () => reseal(context, { stopping: lifetime.stopping, said }) },
    { name: 'purge_quarantined', everyMs: MINUTE_MS, run: () => purgeQuarantined(context) },
    ...refreshing(context),
  ];
  watchFigures(context);
  for (const duty of duties) startDuty(context, lifetime, duty);
}

/** As often as to find each server soon after its time has come; not at all where operators want none. */
function refreshing(context: OpenedContext): Duty[] {
  const everyMs = context.config.refreshIntervalMinutes * MINUTE_MS;
  if (everyMs === 0) return [];
  const run = () => refreshServers(context, everyMs);
  return [{ name: 'refresh_servers', everyMs: MINUTE_MS / 2, run }];
}

function startDuty(context: OpenedContext, lifetime: Lifetime, duty: Duty): void {
  const watched = watchDuty(context, duty);
  let timer: NodeJS.Timeout | undefined;
  let running = Promise.resolve();
  const runOnce = async () => {
    const ended = watched.begin();
    try {
      await duty.run();
      ended('succeeded');
    } catch (error) {
      ended('failed');
      context.log.error({ duty: duty.name, error }, 'A duty failed; it runs again at its time');
    }
    if (!lifetime.stopping.aborted) timer = setTimeout(start, duty.everyMs);
  };
  const start = () => {
    running = runOnce();
  };
  lifetime.onStop(duty.name, async () => {
    clearTimeout(timer);
    await running;
    clearTimeout(timer);
  });
  start();
}
