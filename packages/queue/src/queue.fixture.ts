// What the tests of the queue share: the words that are sent, and a way to the server that can be shut and opened.
import { connect, createServer, type Server, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { Secret } from '@berth/core';
import type { NudgeWord } from './send';

let count = 0;

/** A nudge for an action that nobody has heard of. */
export function newWord(change: Partial<NudgeWord> = {}): NudgeWord {
  count += 1;
  return { id: `act_${process.pid}_${count}`, engine: 'postgresql', nudges: 1, ...change };
}

export interface Way {
  /** The same database by this way. */
  url: Secret;
  /** Cuts everybody off and lets nobody in: as a server that is down. */
  shut(): void;
  /** Takes connections and never answers, but for the first `passingCount` new ones: as a server that hangs. */
  hang(passingCount?: number): void;
  /** How many were let in and never answered. */
  hangingCount(): number;
  /** From now on nothing passes on any connection: as a server whose machine stopped. */
  freeze(): void;
  /** From now on whatever passes takes this long, each way: as a server far away. */
  delay(ms: number): void;
  /** Lets new ones in. Those that hang go on hanging. */
  open(): void;
  close(): Promise<void>;
}

/** A way to a server that a test may bar. Close it in afterAll. */
export async function openWay(url: string): Promise<Way> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let mode: 'open' | 'shut' | 'hang' = 'open';
  let passing = 0;
  let delayMs = 0;
  let hangingCount = 0;
  const server: Server = createServer((incoming) => {
    sockets.add(incoming);
    incoming.on('error', () => {}).on('close', () => sockets.delete(incoming));
    if (mode === 'shut') return void incoming.destroy();
    if (mode === 'hang' && passing === 0) {
      hangingCount += 1;
      return;
    }
    if (mode === 'hang') passing -= 1;
    const outgoing = connect(Number(target.port), target.hostname);
    outgoing.on('error', () => incoming.destroy()).on('close', () => incoming.destroy());
    incoming.on('close', () => outgoing.destroy());
    incoming.pipe(late(delayMs)).pipe(outgoing).pipe(late(delayMs)).pipe(incoming);
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const way = new URL(url);
  way.hostname = '127.0.0.1';
  way.port = String(typeof address === 'object' ? address?.port : 0);
  const cutAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    url: new Secret(way.href),
    shut() {
      mode = 'shut';
      cutAll();
    },
    hang(passingCount = 0) {
      mode = 'hang';
      passing = passingCount;
    },
    hangingCount: () => hangingCount,
    delay(ms) {
      delayMs = ms;
    },
    freeze() {
      mode = 'hang';
      passing = 0;
      for (const socket of sockets) socket.unpipe().pause();
    },
    open() {
      mode = 'open';
    },
    async close() {
      cutAll();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Hands everything on, each piece so much later. */
function late(ms: number): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      setTimeout(() => done(null, chunk), ms);
    },
  });
}
