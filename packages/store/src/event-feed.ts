// Following the log of events as it grows: one reader for all followers of a process, woken by the listener. Followers
// take what it read at their own pace, so that nobody waits for a slow one; who falls behind what is remembered reads the
// store for himself until he has caught up.
import { openTurns } from '@berth/core';
import { type Cursor, cursorOf, isBefore, type Place } from './event-cursor';
import { type EventBatch, type EventFilter, type eventsOf, type StoredEvent, type ToldEvent, tellTo } from './events';
import type { Listener } from './listener';

type Events = Pick<ReturnType<typeof eventsOf>, 'findPlace' | 'listAfter'>;

/** What a follower is given. Both may be empty: then it has only got further. */
export interface FollowedEvents {
  events: ToldEvent[];
  /** Everything of the filter up to here was given. */
  place: Place;
  /** The place, as a client sends it back. */
  cursor: string;
}

export interface EventFeed {
  /**
   * What follows `start` and passes the filter, as it comes, without end; ends when `leave` is aborted or the store is
   * closed. A store that cannot be reached is waited for.
   */
  follow(start: Place, filter: EventFilter, leave: AbortSignal): AsyncGenerator<FollowedEvents, void>;
  /** How many follow. */
  size(): number;
  close(): Promise<void>;
}

/** Rows of one read, and of what a follower reads for himself. */
const READ_MAX = 500;
const CATCH_UP_MAX = 100;
/** So many followers read for themselves at a time, so that the pool's other connections stay free for who asks once. */
const CATCH_UPS_MAX = 2;
/** So many events are remembered for followers, at about 1 kB each. */
const REMEMBERED_MAX = 2_000;
/** Many writers wake the reader more often than it is worth to look. */
const READ_EVERY_MS = 20;
/** A word may be lost: it is looked without one. */
const LOOK_EVERY_MS = 5_000;
/** What was told may not be readable yet, because an older transaction is still open: looked again, less and less often. */
const PENDING_MS_MIN = 25;
const PENDING_MS_MAX = 1_000;
/** After a read that failed. */
const RETRY_MS = 1_000;

/** Reads nothing until somebody follows. */
export function openEventFeed(events: Events, listener: Pick<Listener, 'onEvents'>): EventFeed {
  const reader = openReader(events, listener);
  const turns = openTurns(CATCH_UPS_MAX);

  /** What a follower reads for himself; null when the store does not answer, or he left before it was his turn. */
  async function catchUp(place: Place, filter: EventFilter, giveUp: AbortSignal): Promise<Step | null> {
    const read = () => events.listAfter(place, filter, CATCH_UP_MAX);
    return turns.take(read, giveUp).catch(() => null);
  }

  async function* follow(start: Place, filter: EventFilter, leave: AbortSignal): AsyncGenerator<FollowedEvents, void> {
    const own = openRest();
    const over = new AbortController(); // of this one, also when the store closes: waiting for a turn ends by it
    const wake = () => {
      if (reader.isClosed() || leave.aborted) over.abort();
      own.wake();
    };
    const stop = reader.join(wake);
    leave.addEventListener('abort', wake);
    let place = start;
    try {
      while (!reader.isClosed() && !leave.aborted) {
        const woken = own.arm(); // before it is looked: what comes meanwhile ends the rest at once
        const step = reader.after(place) ?? (await catchUp(place, filter, over.signal));
        if (step !== null && isBefore(place, step.head)) {
          place = step.head;
          const told = step.events.flatMap((event) => tellTo(filter, event) ?? []);
          yield { events: told, place, cursor: cursorOf(step.head) };
        }
        if (step?.isFull !== true) await own.until(step === null ? RETRY_MS : LOOK_EVERY_MS, woken);
      }
    } finally {
      leave.removeEventListener('abort', wake);
      stop();
    }
  }

  return { follow, size: reader.size, close: reader.close };
}

/** Reads as long as somebody has joined. */
function openReader(events: Events, listener: Pick<Listener, 'onEvents'>) {
  const followers = new Set<() => void>();
  const memory = openMemory();
  const rest = openRest();
  let closed = false;
  let reading: Promise<void> | null = null;
  const wakeAll = () => {
    for (const wake of followers) wake();
  };

  async function read(): Promise<void> {
    const stop = listener.onEvents(rest.wake);
    let pendingMs = PENDING_MS_MIN;
    while (!closed && followers.size > 0) {
      const gap = openRest().until(READ_EVERY_MS);
      const woken = rest.arm();
      const batch = await readNext().catch(() => null); // whoever asks the store hears why; those who follow wait
      wakeAll();
      pendingMs = batch?.isPending === true ? Math.min(pendingMs * 2, PENDING_MS_MAX) : PENDING_MS_MIN;
      await rest.until(pauseMsAfter(batch, pendingMs), woken);
      await gap;
    }
    stop();
    memory.forget();
    reading = null;
  }

  async function readNext(): Promise<EventBatch> {
    const place = memory.head() ?? (await events.findPlace('now'));
    const batch = await events.listAfter(place, {}, READ_MAX);
    memory.take(place, batch);
    return batch;
  }

  return {
    after: memory.after,
    isClosed: () => closed,
    size: () => followers.size,
    /** Returns how to leave. */
    join(wake: () => void): () => void {
      followers.add(wake);
      reading ??= read();
      return () => {
        followers.delete(wake);
        if (followers.size === 0) rest.wake();
      };
    },
    async close(): Promise<void> {
      closed = true;
      rest.wake();
      wakeAll();
      await reading;
    },
  };
}

function pauseMsAfter(batch: EventBatch | null, pendingMs: number): number {
  if (batch === null) return RETRY_MS;
  if (batch.isFull) return 0;
  return batch.isPending ? pendingMs : LOOK_EVERY_MS;
}

type Step = Pick<EventBatch, 'events' | 'head' | 'isFull'>;

/** The newest events, all of them from some place on. */
function openMemory() {
  let from: Place | null = null;
  let head: Cursor | null = null;
  let recent: StoredEvent[] = [];
  return {
    /** How far was read; null before the first read. */
    head: () => head,
    take(start: Place, batch: EventBatch): void {
      from ??= start;
      head = batch.head;
      recent.push(...batch.events);
      const forgotten = recent[recent.length - REMEMBERED_MAX - 1];
      if (forgotten === undefined) return;
      from = forgotten.place;
      recent = recent.slice(-REMEMBERED_MAX);
    },
    /** All that follows a place; null when not all of it is remembered. */
    after(place: Place): Step | null {
      if (from === null || head === null || isBefore(place, from)) return null;
      const known = recent.findLastIndex((event) => !isBefore(place, event.place)); // most followers are near the end
      return { events: recent.slice(known + 1), head, isFull: false };
    },
    forget(): void {
      [from, head, recent] = [null, null, []];
    },
  };
}

/** A rest that ends by a call or by its time. */
function openRest() {
  let wake = () => {};
  return {
    wake: () => wake(),
    /** Resolves at the next call of `wake`. */
    arm: () =>
      new Promise<void>((resolve) => {
        wake = resolve;
      }),
    async until(ms: number, woken?: Promise<void>): Promise<void> {
      let timer: NodeJS.Timeout | undefined;
      const time = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, ms);
      });
      await Promise.race(woken === undefined ? [time] : [time, woken]);
      clearTimeout(timer);
    },
  };
}
