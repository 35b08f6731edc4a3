// One stream of events to one client (server-sent events, HTML Living Standard 9.2). What a reader has not taken is never
// piled up: nothing more is read for it until it has, and who takes nothing for too long is dropped with the reason.
import { once, setMaxListeners } from 'node:events';
import type { Clock } from '@berth/core';
import type { Log } from '@berth/runtime';
import type { FollowedEvents, Place, ToldEvent } from '@berth/store';
import type { Request, Response } from 'express';
import type { Call } from './route';
import type { DropReason, StreamBounds, Streams } from './streams';

export interface StreamedEvents {
  accessId: string;
  /** Where it begins, as a client sends it back: whoever is cut off before anything was told comes back here. */
  cursor: string;
  /** What comes, until `leave` is aborted. */
  follow(leave: AbortSignal): AsyncIterable<FollowedEvents>;
  show(event: ToldEvent): object;
  /** Why the client may not read on; null while it may. Asked with every heartbeat. What it throws is taken for null. */
  findRefusal(): Promise<DropReason | null>;
  /** Whether what comes after these may be nothing. */
  mayEnd(events: ToldEvent[]): boolean;
  /** Whether nothing more is to come after this place. Asked where it may be; when it throws, again with what comes and every heartbeat. */
  isOver(place: Place): Promise<boolean>;
}

/** What streams need of their process. */
export interface StreamContext {
  clock: Clock;
  log: Log;
  stopping: AbortSignal;
  streams: Streams;
}

const REASONS: Record<DropReason, string> = {
  slow: 'What was sent was not taken in time. Come back with the cursor, and read faster or ask for less.',
  access: 'The token was revoked, has expired, or opens other things now. Come back with a token that is valid.',
  gone: 'The action cannot be seen with this token any more.',
  stopping: 'This process stops. Come back with the cursor; another one answers.',
};

/** Events of one write. Until they are taken nothing more is read: so much of a stream is in memory at most. */
const CHUNK = 50;
/** After the reason was sent a reader has this long to take it. */
const GRACE_MS = 5_000;
/** Clients of a process that ended come back within this time, not all at once. */
const RETRY_MS = { min: 1_000, spread: 4_000 };

/** Whether the client asks for a stream; JSON where it has no preference. */
export function wantsStream(request: Request): boolean {
  return request.accepts(['application/json', 'text/event-stream']) === 'text/event-stream';
}

/**
 * Answers with the stream, and resolves when it has ended, for whatever reason. HEAD is answered with its headers. Throws
 * `too_many_requests`, before anything is sent.
 */
export async function streamEvents(context: StreamContext, call: Call, source: StreamedEvents): Promise<void> {
  const { request, response } = call;
  const leave = request.method === 'HEAD' ? null : context.streams.enter(source.accessId);
  try {
    response.status(200).set({
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store, no-transform', // a proxy that packs it would keep it until it has a block together
      'X-Accel-Buffering': 'no', // nginx
    });
    if (leave === null) return void response.end();
    await send(context, response, source);
  } finally {
    leave?.();
  }
}

/** How far one stream is. */
interface Told {
  cursor: string;
  count: number;
  /** Where it may be over; null where it is not, or goes on. */
  perhapsOver: Place | null;
}

async function send(context: StreamContext, response: Response, source: StreamedEvents): Promise<void> {
  const { clock, log, stopping, streams } = context;
  const startedMs = clock.monotonicMs();
  const ending = openEnding(stopping, response);
  const told: Told = { cursor: source.cursor, count: 0, perhapsOver: null };
  const heart = setInterval(() => void beat(response, source, ending, told), streams.bounds.heartbeatMs);
  try {
    await tell(streams.bounds, response, source, ending, told);
  } finally {
    clearInterval(heart);
    ending.close();
  }
  const reason = ending.reason();
  if (reason !== null) {
    streams.noteDropped(reason);
    const data = { reason, message: REASONS[reason], cursor: told.cursor };
    put(response, `${idLine(told)}event: dropped\ndata: ${JSON.stringify(data)}\n\n`);
  }
  endWithin(response, GRACE_MS);
  const fields = {
    accessId: source.accessId,
    count: told.count,
    durationMs: Math.round(clock.monotonicMs() - startedMs),
  };
  log.info(reason === null ? fields : { ...fields, code: reason }, 'A stream of events ended');
}

/** Until it ends, is over, or the reader does not take it. */
async function tell(
  { drainMs }: StreamBounds,
  response: Response,
  source: StreamedEvents,
  ending: Ending,
  told: Told,
): Promise<void> {
  async function write(text: string): Promise<void> {
    if (!put(response, text)) await drained(response, drainMs, ending);
  }

  await write(`retry: ${RETRY_MS.min + Math.floor(Math.random() * RETRY_MS.spread)}\n${idLine(told)}\n`);
  for await (const { events, place, cursor } of source.follow(ending.signal)) {
    for (let from = 0; from < events.length && !ending.signal.aborted; from += CHUNK) {
      const chunk = events.slice(from, from + CHUNK);
      told.cursor = chunk.at(-1)?.cursor ?? told.cursor;
      told.count += chunk.length;
      await write(chunk.map((event) => frameOf(event, source.show(event))).join(''));
    }
    if (ending.signal.aborted) return;
    told.cursor = cursor;
    if (told.perhapsOver !== null || source.mayEnd(events)) told.perhapsOver = place;
    if (await isOver(source, told)) return;
  }
}

/** A sign of life; then it is asked whether the stream may go on. */
async function beat(response: Response, source: StreamedEvents, ending: Ending, told: Told): Promise<void> {
  if (!response.writableNeedDrain) put(response, `: alive\n${idLine(told)}\n`);
  const reason = await source.findRefusal().catch(() => null); // a store that is away has nothing to tell either
  if (reason !== null) ending.drop(reason);
  else if (await isOver(source, told)) ending.leave();
}

/** A store that is away says neither: it stays to be asked, for an end is told once. */
async function isOver(source: StreamedEvents, told: Told): Promise<boolean> {
  const place = told.perhapsOver;
  if (place === null) return false;
  const over = await source.isOver(place).catch(() => null);
  if (over === false && told.perhapsOver === place) told.perhapsOver = null; // it goes on, and will end once more
  return over === true;
}

/** For what stands between two events. */
function idLine({ cursor }: Told): string {
  return `id: ${cursor}\n`;
}

/** Returns whether more may be written at once. Who has left is not written to: that would be an error of its own. */
function put(response: Response, text: string): boolean {
  return response.destroyed || response.writableEnded || response.write(text);
}

/** The `id` comes back as `Last-Event-ID`. There is no `event`: what has a name is not given to `onmessage`. */
function frameOf({ cursor }: ToldEvent, shown: object): string {
  return `id: ${cursor}\ndata: ${JSON.stringify(shown)}\n\n`;
}

type Ending = ReturnType<typeof openEnding>;

/** What ends a stream: the first reason counts, and none where the client left. */
function openEnding(stopping: AbortSignal, response: Response) {
  const ending = new AbortController();
  let reason: DropReason | null = null;
  const drop = (why: DropReason) => {
    if (!ending.signal.aborted) reason = why;
    ending.abort();
  };
  const stop = () => drop('stopping');
  const leave = () => ending.abort();
  // the socket, not the response: one that was sent behind another request on the same connection has none, and never closes
  const { socket } = response.req;
  setMaxListeners(0, stopping, socket); // every stream of the process is one, which Node would take for a leak
  stopping.addEventListener('abort', stop);
  socket.once('close', leave);
  if (socket.destroyed) leave(); // the client left while it was let in: that is not said again
  if (stopping.aborted) stop();
  return {
    signal: ending.signal,
    drop,
    /** Ends it without a reason. */
    leave,
    /** Why it was dropped; null when it was not. */
    reason: () => reason,
    close(): void {
      stopping.removeEventListener('abort', stop);
      socket.off('close', leave);
    },
  };
}

/** Resolves when the reader has taken all that was written, has not within this time, or the stream ends. */
async function drained(response: Response, drainMs: number, ending: Ending): Promise<void> {
  const late = setTimeout(() => ending.drop('slow'), drainMs);
  await once(response, 'drain', { signal: ending.signal }).catch(() => {}); // aborted: the loop sees it
  clearTimeout(late);
}

/** Ends in order; what is not taken by then is cut off. */
function endWithin(response: Response, graceMs: number): void {
  if (response.destroyed) return;
  const cut = setTimeout(() => response.destroy(), graceMs).unref();
  response.once('close', () => clearTimeout(cut));
  response.end();
}
