// The one connection per process that LISTENs. Waiters are woken by the id of an action that ended, those who follow the
// events by any that was raised, and all whenever the connection comes back: what was told in between was not heard.
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import { ACTION_ENDED_CHANNEL } from './actions';

export interface Listener {
  /** Calls `wake` when the action ended, or may have. Returns how to stop. Look at the row: being woken proves nothing. */
  onActionEnded(id: string, wake: () => void): () => void;
  /** Calls `wake` when events were raised, or may have been. Returns how to stop. They may not be readable yet. */
  onEvents(wake: () => void): () => void;
  /**
   * Tells every process that this one has raised events; call it after their commit. Several calls are told by one word.
   * It may be lost: whoever follows looks without one as well.
   */
  tellEvents(): void;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;
const EVENTS_CHANNEL = 'berth_events';
/**
 * A NOTIFY takes a lock that all of a server wait for while they commit one, so it is neither part of the transaction that
 * raises nor said for each: docs/benchmark.md has the figures.
 */
const TELL_EVERY_MS = 50;

export function openListener(url: Secret): Listener {
  const waiters = openWaiters();
  let closed = false;
  let client: Client | null = null;
  let isListening = false;
  let retry: NodeJS.Timeout | null = null;
  const teller = openTeller(async () => {
    if (isListening) await client?.query(`NOTIFY ${EVENTS_CHANNEL}`);
  });

  function reconnectLater(): void {
    client = null;
    isListening = false;
    if (!closed && retry === null) {
      retry = setTimeout(() => {
        retry = null;
        void connect();
      }, RECONNECT_MS);
    }
  }

  async function connect(): Promise<void> {
    const fresh = new Client({ connectionString: url.reveal(), application_name: 'berth listener', keepAlive: true });
    client = fresh;
    fresh.on('error', () => {}); // 'end' follows, and reconnects
    fresh.on('end', () => fresh === client && reconnectLater());
    fresh.on('notification', ({ channel, payload = '' }) =>
      waiters.wake(channel === EVENTS_CHANNEL ? EVENTS : payload),
    );
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${ACTION_ENDED_CHANNEL}; LISTEN ${EVENTS_CHANNEL}`);
      isListening = fresh === client;
      waiters.wakeAll();
    } catch {
      await fresh.end().catch(() => {}); // never connected, or lost at once: try again either way
      if (fresh === client) reconnectLater();
    }
  }

  const connecting = connect();
  return {
    onActionEnded: waiters.add,
    onEvents: (wake) => waiters.add(EVENTS, wake),
    tellEvents: teller.tell,
    async close() {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      await teller.close();
      await connecting;
      await client?.end();
    },
  };
}

/** What those who follow the events wait for; others wait for the id of an action. */
const EVENTS = '';

function openWaiters() {
  const waiters = new Map<string, Set<() => void>>();
  const wake = (what: string) => {
    for (const waiter of waiters.get(what) ?? []) waiter();
  };
  return {
    wake,
    wakeAll(): void {
      for (const what of waiters.keys()) wake(what);
    },
    /** Returns how to stop. */
    add(what: string, waiter: () => void): () => void {
      const set = waiters.get(what) ?? new Set();
      waiters.set(what, set.add(waiter));
      return () => {
        set.delete(waiter);
        if (set.size === 0 && waiters.get(what) === set) waiters.delete(what);
      };
    },
  };
}

/** Says at once what it is told, and then once in a while for all that it was told meanwhile. Nothing is said twice at a time. */
function openTeller(say: () => Promise<void>) {
  let silence: NodeJS.Timeout | null = null;
  let saying: Promise<void> | null = null;
  let isSaid = true;
  let closed = false;

  function speak(): void {
    isSaid = true;
    saying = say()
      .catch(() => {}) // best effort, see `tellEvents`
      .then(() => {
        saying = null;
        if (!closed) silence = setTimeout(listen, TELL_EVERY_MS).unref();
      });
  }

  function listen(): void {
    silence = null;
    if (!isSaid) speak();
  }

  return {
    tell(): void {
      isSaid = false;
      if (silence === null && saying === null && !closed) speak();
    },
    async close(): Promise<void> {
      closed = true;
      if (silence !== null) clearTimeout(silence);
      await saying;
    },
  };
}
