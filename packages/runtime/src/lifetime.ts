// How a process lives: it says when it is ready, stops in order on SIGTERM or SIGINT, and does not outlive its launcher.
import { codeOf } from '@berth/core';
import type { Log } from './log';

/** Ends one thing. Called once, in the reverse of the order in which the things were opened. */
type Closer = () => Promise<void>;

/** Where a process listens: for callers, and for those who look after it. */
export interface ReadyFacts {
  url?: string;
  metricsUrl?: string;
}

export interface Lifetime {
  /** Remembers how to end what was just opened. */
  onStop(name: string, close: Closer): void;
  /** Aborted as soon as the process was asked to stop. */
  stopping: AbortSignal;
  /** Tells the launcher, if there is one, that this process serves, and what was noted before. */
  announceReady(facts: ReadyFacts): void;
  /** Whether it serves: announced, and not asked to stop. */
  isReady(): boolean;
  /** Something that the launcher is to be told with the announcement. */
  note(facts: ReadyFacts): void;
}

/** A clean stop that takes longer is given up. What was held runs out (HOLD_MS), and maintenance takes it back. */
const STOP_MS_MAX = 25_000;

/**
 * Runs `start`, then lives until SIGTERM, SIGINT (a second one ends at once) or the launcher's end. Exit code 0 after a
 * stop in order, 1 when `start` threw, something was thrown that nobody caught, or the stop was cut short.
 */
export async function live(log: Log, start: (lifetime: Lifetime) => Promise<void>): Promise<void> {
  const closers: { name: string; close: Closer }[] = [];
  const controller = new AbortController();
  const stopping = controller.signal;
  const stop = stopOnce(log, controller, closers);
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(1);
      void stop(signal, 0);
    });
  }
  process.on('disconnect', () => void stop('disconnect', 0));
  process.on('uncaughtException', (error) => {
    log.error({ error, code: codeOf(error) }, 'Nobody caught this; the process ends and is to be started again');
    void stop('uncaughtException', 1);
  });
  try {
    await start({ onStop: (name, close) => void closers.push({ name, close }), stopping, ...announcing(stopping) });
  } catch (error) {
    const code = codeOf(error);
    // what an operator wrote is mended by the message: a stack would hide it
    log.error(
      { ...(code === 'invalid_request' ? { reason: error } : { error }), code },
      'This process could not start',
    );
    await stop('start failed', 1);
  }
}

function announcing(stopping: AbortSignal): Pick<Lifetime, 'announceReady' | 'isReady' | 'note'> {
  let noted: ReadyFacts = {};
  let isAnnounced = false;
  return {
    announceReady(facts) {
      isAnnounced = true;
      process.send?.({ ready: true, ...noted, ...facts });
    },
    isReady: () => isAnnounced && !stopping.aborted,
    note(facts) {
      noted = { ...noted, ...facts };
    },
  };
}

function stopOnce(log: Log, controller: AbortController, closers: { name: string; close: Closer }[]) {
  return async (signal: string, exitCode: number): Promise<void> => {
    if (controller.signal.aborted) return;
    controller.abort();
    log.info({ signal }, 'Stopping');
    setTimeout(() => {
      log.error({}, 'A clean stop took too long; what was held is released by its time');
      process.exit(1);
    }, STOP_MS_MAX).unref();
    for (const { name, close } of closers.reverse()) {
      await close().catch((error: unknown) => log.error({ error }, `${name} did not close cleanly`));
    }
    log.info({ signal }, 'Stopped');
    process.exit(exitCode);
  };
}
