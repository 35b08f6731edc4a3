// One connection to a MongoDB server, with a deadline on everything. Once it is lost it stays lost, although the driver would
// come back: whoever lost a connection does not know what became of its last command.
import { HOLD_MS, PlatformError, type Secret, traced } from '@berth/core';
import { type Document, MongoClient, type MongoClientOptions } from 'mongodb';
import type { ServerAddress } from '../contract';
import { verificationOf } from '../tls';
import { errorOf, type Fault, faultOf } from './errors';
import { USERS_DATABASE } from './names';

/** A server that does not shake hands within this time is called unreachable. */
const CONNECT_MS_MAX = 10_000;
/** No command of ours takes longer on a healthy server; the slowest is a drop that waits for its majority. */
const COMMAND_MS_MAX = 20_000;
/** How much longer than the server's own limit we wait for its answer before the socket is given up. */
const ANSWER_GRACE_MS = 1_000;
/** How long a polite goodbye may take. */
const CLOSE_MS_MAX = 1_000;

export interface Target {
  address: ServerAddress;
  /** Null for a stranger, who says no name. */
  login: { username: string; password: Secret } | null;
  applicationName: string;
}

export interface Connection {
  /** Sends one command, unless nothing is left of the claim (`claim_lost`). Throws for a write of which a part failed too. */
  command(database: string, command: Document): Promise<Document>;
  close(): Promise<void>;
}

/** What came of knocking: a connection, or why there is none. */
export type Attempt = { connection: Connection; fault: null } | { connection: null; fault: Fault };

/** Opens a connection, or throws what an admin is to be told. Must be closed. */
export async function openConnection(target: Target, leftMs: () => number): Promise<Connection> {
  const { connection, fault } = await attemptConnection(target, leftMs);
  if (fault) throw errorOf(fault);
  return connection;
}

/** Opens a connection or says why not. Throws before anything is sent: `claim_lost`, `admin_refused` for no password. */
export function attemptConnection(target: Target, leftMs: () => number): Promise<Attempt> {
  return tracedAs('connect', () => attempt(target, leftMs));
}

/** No address and no name: whose database it is stands with the action. */
function tracedAs<T>(operation: string, work: () => Promise<T>): Promise<T> {
  const attributes = { 'db.system.name': 'mongodb', 'db.operation.name': operation };
  return traced(operation, { kind: 'client', attributes }, work);
}

async function attempt(target: Target, leftMs: () => number): Promise<Attempt> {
  const timeoutMs = Math.ceil(Math.min(demandLeft(leftMs), CONNECT_MS_MAX));
  const { host, port } = target.address;
  const client = new MongoClient(
    `mongodb://${host.includes(':') ? `[${host}]` : host}:${port}/`,
    clientOptions(target, timeoutMs),
  );
  // the driver would try again for as long as it has time; one refusal is an answer
  const refused = new Promise<never>((_, reject) => {
    client.once('serverHeartbeatFailed', ({ failure }) => reject(failure));
  });
  refused.catch(() => undefined);
  try {
    await Promise.race([client.connect(), refused]);
  } catch (error) {
    await closeClient(client);
    return { connection: null, fault: hinting(target.address, faultOf(error)) };
  }
  return { connection: connectionOver(client, leftMs), fault: null };
}

/** A server that wants TLS, or speaks none, says nothing and hangs up. */
function hinting({ tls }: ServerAddress, fault: Fault): Fault {
  const isHungUp = fault.network === 'ECONNRESET' || (fault.network === 'lost' && /closed/i.test(fault.message));
  if (!isHungUp) return fault;
  const hint =
    tls === 'disable'
      ? '. It hung up, as one does that demands TLS; admin_url asks for none'
      : '. It hung up in the TLS handshake, as one does that offers none';
  return { ...fault, hint };
}

function clientOptions({ address, login, applicationName }: Target, timeoutMs: number): MongoClientOptions {
  if (login?.password.reveal() === '') {
    throw new PlatformError('admin_refused', 'A login without a password is not tried');
  }
  return {
    ...(login !== null && {
      auth: { username: login.username, password: login.password.reveal() },
      authSource: USERS_DATABASE,
      authMechanism: 'SCRAM-SHA-256',
    }),
    appName: applicationName,
    directConnection: true, // this server and no other of its set
    maxPoolSize: 1,
    minPoolSize: 0,
    maxIdleTimeMS: 2 * HOLD_MS,
    serverMonitoringMode: 'poll',
    retryReads: false,
    retryWrites: false,
    connectTimeoutMS: timeoutMs,
    serverSelectionTimeoutMS: timeoutMs,
    socketTimeoutMS: COMMAND_MS_MAX + ANSWER_GRACE_MS,
    ...tlsOptions(address),
  };
}

function tlsOptions(address: ServerAddress): MongoClientOptions {
  const verification = verificationOf(address);
  if (verification === null) return { tls: false };
  const { rejectUnauthorized, ca } = verification;
  const isLoose = !rejectUnauthorized;
  return {
    tls: true,
    ...(isLoose && { tlsAllowInvalidCertificates: true, tlsAllowInvalidHostnames: true }),
    ...(ca !== undefined && { ca }),
  };
}

function connectionOver(client: MongoClient, leftMs: () => number): Connection {
  let lost: PlatformError | null = null;

  async function send(database: string, command: Document, limitMs: number): Promise<Document> {
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<never>((_, reject) => {
      const silent = Object.assign(new Error('No answer in time'), { name: 'MongoNetworkTimeoutError' });
      timer = setTimeout(() => reject(silent), limitMs + ANSWER_GRACE_MS);
    });
    try {
      const answer = await Promise.race([client.db(database).command({ ...command, maxTimeMS: limitMs }), passed]);
      return demandWhole(answer);
    } catch (error) {
      const fault = faultOf(error);
      const ours = errorOf(fault);
      if (fault.network !== null) {
        lost = ours;
        await closeClient(client);
      }
      throw ours;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    command: async (database, command) => {
      const limitMs = Math.ceil(Math.min(demandLeft(leftMs), COMMAND_MS_MAX));
      if (lost !== null) throw lost;
      return tracedAs(Object.keys(command)[0] ?? 'other', () => send(database, command, limitMs));
    },
    close: () => closeClient(client),
  };
}

/** The server says ok to a write of which single documents failed, or which is not on a majority yet. */
function demandWhole(answer: Document): Document {
  const failed: unknown = answer.writeErrors?.[0] ?? answer.writeConcernError;
  if (failed !== undefined && failed !== null) throw failed;
  return answer;
}

/** The driver says goodbye to the server first; who is silent is left after a second. */
async function closeClient(client: MongoClient): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS_MAX);
  });
  await Promise.race([client.close().catch(() => undefined), passed]); // gone either way: nothing is left to be told
  clearTimeout(timer);
}

function demandLeft(leftMs: () => number): number {
  const left = leftMs();
  if (left <= 0) {
    throw new PlatformError('claim_lost', 'Nothing is left of the claim, so nothing more is sent to the server');
  }
  return left;
}
