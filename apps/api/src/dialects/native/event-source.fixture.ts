// A client of event streams on a real socket, as an EventSource is one: it keeps the last id, and can be cut off.
import type { Secret } from '@berth/core';
import { eventually } from '@berth/testing';

export interface Told {
  id: string;
  type: string;
  database_id: string | null;
  action_id: string | null;
  data: Record<string, unknown>;
  cursor: string;
}

export interface EventSource {
  status: number;
  headers: Headers;
  /** Events in the order in which they came. */
  told: Told[];
  /** Why the server dropped it; null while it has not. */
  dropped(): { reason: string; message: string; cursor: string } | null;
  /** As an EventSource would send it back. */
  lastEventId(): string;
  /** Comments that came, and milliseconds of `retry`. */
  signs: { comments: number; retryMs: number };
  /** Whether the server has ended it. */
  isOver(): boolean;
  cut(): Promise<void>;
}

export interface Opened {
  lastEventId?: string;
  headers?: Record<string, string>;
  /** Cuts itself off after so many events. */
  cutAfter?: number;
}

/** Resolves when the answer has begun. Cut it at the end. */
export async function openEventSource(url: string, token: Secret, opened: Opened = {}): Promise<EventSource> {
  const leave = new AbortController();
  const headers: Record<string, string> = {
    authorization: `Bearer ${token.reveal()}`,
    accept: 'text/event-stream',
    ...(opened.lastEventId !== undefined && { 'last-event-id': opened.lastEventId }),
    ...opened.headers,
  };
  const answer = await fetch(url, { headers, signal: leave.signal });
  const told: Told[] = [];
  const signs = { comments: 0, retryMs: 0 };
  let lastEventId = opened.lastEventId ?? '';
  let dropped: ReturnType<EventSource['dropped']> = null;
  let isOver = false;

  function take(block: string): void {
    const fields = block.split('\n').map((line): [string, string] => {
      const [name = '', ...rest] = line.split(': ');
      return [name, rest.join(': ')];
    });
    const field = (wanted: string) => fields.find(([name]) => name === wanted)?.[1];
    if (fields.some(([name]) => name === '')) signs.comments += 1;
    signs.retryMs = Number(field('retry') ?? signs.retryMs);
    const data = field('data');
    if (data !== undefined && field('event') === 'dropped') dropped = JSON.parse(data);
    else if (data !== undefined) told.push(JSON.parse(data));
    lastEventId = field('id') ?? lastEventId;
  }

  const reading = (async () => {
    let text = '';
    const decoder = new TextDecoder();
    try {
      for await (const chunk of answer.body ?? []) {
        const blocks = (text + decoder.decode(chunk, { stream: true })).split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          take(block);
          if (told.length === opened.cutAfter) return leave.abort(); // what came behind it was not seen
        }
      }
    } catch {
      // cut off, here or there: what was told so far is what counts
    } finally {
      isOver = true;
    }
  })();

  return {
    status: answer.status,
    headers: answer.headers,
    told,
    signs,
    dropped: () => dropped,
    lastEventId: () => lastEventId,
    isOver: () => isOver,
    async cut() {
      leave.abort();
      await reading;
    },
  };
}

/** Waits until the source has so many events. */
export function toldSoMany(source: EventSource, count: number): Promise<unknown> {
  return eventually(() => source.told.length >= count, { what: `${count} events; there are ${source.told.length}` });
}
