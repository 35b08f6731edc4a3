// A double of MongoDB for machines that have none: a TCP server that speaks to the real driver the commands that Berth and its
// tests send, and refuses every other. It stands in for a server; it is none, and is called a double everywhere.
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createSecureContext, TLSSocket } from 'node:tls';
import { UUID } from 'bson';
import { runCommand } from './run-command';
import { makeVerifier } from './scram';
import { type Connection, newState, type State, userKey } from './state';
import { cutMessages, readRequest, writeReply } from './wire';

export interface DoubleOptions {
  /** The first user, with the role `root`, in `admin`. */
  username: string;
  password: string;
  /** Left out: as with --auth. */
  hasAuthorization?: boolean;
  connectionsMax?: number;
  /** Left out: it offers logical sessions. */
  hasSessions?: boolean;
  /** What one answer holds; left out: as much as MongoDB's. */
  answerBytesMax?: number;
  /** The key and certificate of now, as with tlsMode=requireTLS. Left out: no TLS is spoken. */
  tls?: () => { key: string; cert: string };
}

export interface MongodbDouble {
  port: number;
  /** Ends all connections and takes no more; it forgets nothing. */
  stop(): Promise<void>;
  /** After `stop`, on the same port. */
  restart(): Promise<void>;
  /** It takes connections and requests and answers none, until `thaw`. */
  freeze(): void;
  thaw(): void;
  /** Ends all connections and forgets everything. Safe after `stop`. */
  close(): Promise<void>;
}

const CONNECTIONS_MAX = 1_000;
/** https://www.mongodb.com/docs/manual/reference/limits/#mongodb-limit-BSON-Document-Size */
const ANSWER_BYTES_MAX = 16 * 1024 * 1024;

/** Starts one on a free port of 127.0.0.1. Must be closed. */
export async function startMongodbDouble(options: DoubleOptions): Promise<MongodbDouble> {
  const {
    username,
    password,
    hasAuthorization = true,
    connectionsMax = CONNECTIONS_MAX,
    hasSessions = true,
    answerBytesMax = ANSWER_BYTES_MAX,
    tls,
  } = options;
  const state = newState({ hasAuthorization, connectionsMax, hasSessions, answerBytesMax });
  const [db, roles] = ['admin', [{ role: 'root', db: 'admin' }]];
  const verifier = await makeVerifier(password);
  state.users.set(userKey(db, username), { userId: new UUID(), name: username, db, roles, customData: {}, verifier });
  const sockets = new Set<Socket>();
  let connections = 0;
  const ice = openIce();
  const server = createServer((socket) => {
    connections += 1;
    sockets.add(socket);
    const id = connections;
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    settleTls(socket, tls, (settled) => serve(state, settled, id, ice.melted));
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const stop = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  await listen(0);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port, stop, restart: () => listen(port), freeze: ice.freeze, thaw: ice.thaw, close: stop };
}

/** What answers wait for: nothing, until `freeze`. */
function openIce() {
  let melted: Promise<void> = Promise.resolve();
  let melt = () => {};
  return {
    melted: () => melted,
    freeze() {
      melted = new Promise((resolve) => {
        melt = resolve;
      });
    },
    thaw: () => melt(),
  };
}

/** The first byte of a TLS handshake, which begins no message of less than 22 bytes. */
const HANDSHAKE = 0x16;

/** By the first byte, as MongoDB does: whoever speaks TLS where none is, or none where it is demanded, is hung up on. */
function settleTls(socket: Socket, tls: DoubleOptions['tls'], settled: (socket: Socket) => void): void {
  socket.once('data', (first) => {
    if ((first[0] === HANDSHAKE) !== (tls !== undefined)) return void socket.destroy();
    if (tls === undefined) {
      settled(socket);
      return void socket.emit('data', first);
    }
    socket.pause();
    socket.unshift(first);
    settled(new TLSSocket(socket, { isServer: true, secureContext: createSecureContext(tls()) }));
  });
}

/** One connection from its first byte to its last. Requests are answered one after the other, as a driver sends them. */
function serve(state: State, socket: Socket, id: number, melted: () => Promise<void>): void {
  const connection: Connection = {
    id,
    appName: '',
    login: null,
    claimed: null,
    conversation: null,
    skipsEmptyExchange: false,
    operation: null,
  };
  state.connections.add(connection);
  let received: Buffer = Buffer.alloc(0);
  let replies = 0;
  let answered: Promise<void> = Promise.resolve();
  const answer = async (message: Buffer) => {
    const request = readRequest(message);
    await melted();
    if (socket.destroyed) return; // its client has given up
    const reply = await runCommand(state, connection, request.body);
    replies += 1;
    if (!socket.destroyed) socket.write(writeReply(request, replies, reply));
  };
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    connection.operation?.kill();
    state.connections.delete(connection);
  });
  socket.on('data', (bytes) => {
    try {
      const { messages, rest } = cutMessages(Buffer.concat([received, bytes]));
      received = rest;
      // what cannot be read ends the connection: to answer it would be a guess
      for (const message of messages)
        answered = answered.then(() => answer(message)).catch(() => void socket.destroy());
    } catch {
      socket.destroy();
    }
  });
}
