// Listens in on the connections to a PostgreSQL server: a relay on a port of its own that writes down what clients send.
import { connect, createServer, type Socket } from 'node:net';
import { type HeardMove, type Tape, watchersIn } from './tape';
import { messageReader, readBind, readStartup, readText } from './wire';

export interface Tap {
  /** Connect here, on 127.0.0.1, without TLS. */
  port: number;
  /** Ends it, once every connection has ended, and returns what was heard, without watchers. */
  close(): Promise<Tape>;
}

interface Heard {
  move: HeardMove;
  begunAt: number;
  endedAt: number;
}

/** Opens a relay to `port`. It must be closed. */
export async function openTap(serverPort: number): Promise<Tap> {
  const heard: Heard[] = [];
  let moment = 0;
  let sessions = 0;
  const begin = (move: Heard['move']): Heard => {
    const one = { move, begunAt: moment++, endedAt: Number.POSITIVE_INFINITY };
    heard.push(one);
    return one;
  };
  const end = (one: Heard) => {
    one.endedAt = Math.min(one.endedAt, moment++);
  };
  const server = createServer({ noDelay: true }, (client) => {
    relay(client, connect({ port: serverPort, host: '127.0.0.1', noDelay: true }), listenTo(sessions++, begin, end));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    close: async () => {
      await new Promise((resolve) => server.close(resolve));
      const watchers = watchersIn(heard.map(({ move }) => move));
      const kept = heard.filter(({ move }) => !watchers.has(move.session));
      return kept.map(({ move, begunAt }) => ({ ...move, after: predecessors(kept, begunAt) }));
    },
  };
}

interface Ears {
  fromClient(chunk: Buffer): void;
  fromServer(chunk: Buffer): void;
  ended(): void;
}

function listenTo(session: number, begin: (move: Heard['move']) => Heard, end: (one: Heard) => void): Ears {
  let now: Heard | null = null;
  let sql = '';
  const ended = () => {
    if (now) end(now);
    now = null;
  };
  const fromClient = messageReader(true, (type, body) => {
    if (type === 'startup') now = begin({ kind: 'open', session, startup: readStartup(body), isRefused: false });
    if (type === 'Q') now = begin({ kind: 'query', session, sql: readText(body, 0), values: null });
    if (type === 'P') sql = readText(body, 1);
    if (type === 'B') now = begin({ kind: 'query', session, sql, values: readBind(body) });
    if (type === 'X') now = begin({ kind: 'close', session });
  });
  const fromServer = messageReader(false, (type) => {
    if (type === 'E' && now?.move.kind === 'open') now.move.isRefused = true;
    if (type === 'Z' || (type === 'E' && now?.move.kind === 'open')) ended();
  });
  return { fromClient, fromServer, ended };
}

function relay(client: Socket, server: Socket, ears: Ears): void {
  client.on('data', ears.fromClient);
  server.on('data', ears.fromServer);
  server.once('close', ears.ended);
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
