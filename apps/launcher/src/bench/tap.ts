// Listens in on the connections to an engine's server: a relay on a port of its own that writes down what clients send.
import { connect, createServer, type Socket } from 'node:net';
import { LaunchError } from '@berth/embedded';
import type { BenchEngine, Diary, Ears } from './bench-engine';
import type { HeardMove, Tape } from './tape';

export interface Tap {
  /** Connect here, on 127.0.0.1, without TLS. */
  port: number;
  /** Ends it, once every connection has ended, and returns what was heard, without watchers. Throws `bench_failed` when
   * something was said that it does not understand. */
  close(): Promise<Tape>;
}

interface Heard {
  move: HeardMove;
  begunAt: number;
  endedAt: number;
}

/** All connections of one tap. Moments are counted, not timed: what matters is which came before which. */
interface Records {
  heard: Heard[];
  moment: number;
  notUnderstood: string[];
}

/** Opens a relay to `port`. It must be closed. */
export async function openTap(engine: Pick<BenchEngine, 'listen' | 'watchersIn'>, serverPort: number): Promise<Tap> {
  const records: Records = { heard: [], moment: 0, notUnderstood: [] };
  let sessions = 0;
  const server = createServer({ noDelay: true }, (client) => {
    const session = sessions++;
    const { diary, ...ends } = openDiary(records, session);
    const ears = engine.listen(session, diary);
    relay(client, connect({ port: serverPort, host: '127.0.0.1', noDelay: true }), ears, ends);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      const { heard, notUnderstood } = records;
      if (notUnderstood.length > 0) throw deaf(notUnderstood);
      const watchers = engine.watchersIn(heard.map(({ move }) => move));
      const kept = heard.filter(({ move }) => !watchers.has(move.session));
      return kept.map(({ move, begunAt }) => ({ ...move, after: predecessors(kept, begunAt) }));
    },
  };
}

interface Ends {
  /** The client says no more. */
  hungUp(): void;
  /** The server does: what had no answer has ended with it. */
  ended(): void;
}

function openDiary(records: Records, session: number): Ends & { diary: Diary } {
  let now: Heard | null = null;
  const diary: Diary = {
    begin(move) {
      now = { move, begunAt: records.moment++, endedAt: Number.POSITIVE_INFINITY };
      records.heard.push(now);
    },
    answer() {
      if (now) now.endedAt = records.moment++;
    },
    refuse(code) {
      if (now?.move.kind === 'open') now.move.refusal = code;
    },
    giveUp: (why) => void records.notUnderstood.push(why),
  };
  const ended = () => {
    if (now) now.endedAt = Math.min(now.endedAt, records.moment++);
  };
  // mysql2 ends the socket before its word of goodbye is out: hanging up is one as well
  const hungUp = () => {
    if (now === null || now.move.kind === 'close' || (now.move.kind === 'open' && now.move.refusal !== null)) return;
    diary.begin({ kind: 'close', session });
  };
  return { diary, ended, hungUp };
}

function relay(client: Socket, server: Socket, ears: Ears, { ended, hungUp }: Ends): void {
  client.on('data', ears.fromClient);
  client.once('end', hungUp);
  server.on('data', ears.fromServer);
  server.once('close', ended);
  client.pipe(server);
  server.pipe(client);
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on('error', () => other.destroy()); // whoever was refused hangs up without a goodbye
    one.once('close', () => other.end());
  }
}

/** The moves that had ended by then, less those that had ended before another of them began. */
function predecessors(heard: Heard[], begunAt: number): number[] {
  const before = heard.map((_, index) => index).filter((index) => (heard[index]?.endedAt ?? begunAt) < begunAt);
  const lastBegunAt = Math.max(-1, ...before.map((index) => heard[index]?.begunAt ?? -1));
  return before.filter((index) => (heard[index]?.endedAt ?? 0) > lastBegunAt);
}

function deaf(notUnderstood: string[]): LaunchError {
  return new LaunchError(
    'bench_failed',
    `The benchmark could not follow what was said to the server: ${[...new Set(notUnderstood)].join('; ')}`,
    'Teach it to apps/launcher/src/bench/, in the folder of the engine.',
  );
}
