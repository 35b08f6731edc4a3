// The one connection per process that LISTENs. Waiters are woken by the id of an action that ended, and whenever the
// connection comes back, because what was told in between was not heard.
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import { ACTION_ENDED_CHANNEL } from './actions';

export interface Listener {
  /** Calls `wake` when the action ended, or may have. Returns how to stop. Look at the row: being woken proves nothing. */
  onActionEnded(id: string, wake: () => void): () => void;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

export function openListener(url: Secret): Listener {
  const waiters = new Map<string, Set<() => void>>();
  let closed = false;
  let client: Client | null = null;
  let retry: NodeJS.Timeout | null = null;

  function wake(id: string): void {
    for (const waiter of waiters.get(id) ?? []) waiter();
  }

  function reconnectLater(): void {
    client = null;
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
    fresh.on('notification', (message) => wake(message.payload ?? ''));
    try {
      await fresh.connect();
      await fresh.query(`LISTEN ${ACTION_ENDED_CHANNEL}`);
      for (const id of waiters.keys()) wake(id);
    } catch {
      await fresh.end().catch(() => {}); // never connected, or lost at once: try again either way
      if (fresh === client) reconnectLater();
    }
  }

  const connecting = connect();
  return {
    onActionEnded(id, waiter) {
      const set = waiters.get(id) ?? new Set();
      waiters.set(id, set.add(waiter));
      return () => {
        set.delete(waiter);
        if (set.size === 0) waiters.delete(id);
      };
    },
    async close() {
      closed = true;
      if (retry !== null) clearTimeout(retry);
      await connecting;
      await client?.end();
    },
  };
}
