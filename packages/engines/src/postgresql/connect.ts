// One connection to a PostgreSQL server, with a deadline on everything. It never reconnects: whoever lost a connection
// may have lost its lock as well.
import { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import { HOLD_MS, PlatformError, type Secret, type SpanOptions, traced } from '@berth/core';
import { Client, type ClientConfig, type QueryResultRow } from 'pg';
import type { ServerAddress } from '../contract';
import { operationOf } from '../operation';
import { verificationOf } from '../tls';
import { errorOf, type Fault, faultOf } from './errors';

/** A server that does not shake hands within this time is called unreachable. */
const CONNECT_MS_MAX = 10_000;
/** No statement of ours takes longer on a healthy server; the slowest is the checkpoint within DROP DATABASE. */
const STATEMENT_MS_MAX = 20_000;
/** How much longer than the server's own timeout we wait for its answer before the socket is given up. */
const ANSWER_GRACE_MS = 1_000;
/** Twice a hold: the session of a worker that was frozen or lost its network ends by itself, and its locks with it. */
const IDLE_MS_MAX = 2 * HOLD_MS;
/** How long a polite goodbye may take. */
const CLOSE_MS_MAX = 1_000;

/** Whatever role and database are set to. A tenant sets its own role, an operator a database. */
const SETTINGS = [
  'search_path=pg_catalog', // tenants' schemas may hold functions that look like the server's own (CVE-2018-1058)
  'default_transaction_read_only=off',
  'exit_on_error=off',
  'lock_timeout=0',
  `idle_session_timeout=${IDLE_MS_MAX}`,
];

export interface Target {
  address: ServerAddress;
  username: string;
  password: Secret;
  database: string;
  applicationName: string;
  /** Settings of the session beside ours, `name=value`; they win over those of role and database. */
  settings?: string[];
}

export interface Connection {
  /** The server's process behind it. */
  pid: number;
  database: string;
  /** Sends one statement, unless nothing is left of the claim (`claim_lost`). Rows are trusted to be what the SQL says. */
  query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** Sends statements without parameters as one message, which the server runs as one transaction: all or none. */
  atomically(statements: string[]): Promise<void>;
  close(): Promise<void>;
}

/** What came of knocking: a connection, or why there is none, and whether the password was accepted before that. */
export type Attempt =
  | { connection: Connection; fault: null }
  | { connection: null; fault: Fault; isAuthenticated: boolean };

/** Opens a connection, or throws what an admin is to be told. Must be closed. */
export async function openConnection(target: Target, leftMs: () => number): Promise<Connection> {
  const { connection, fault } = await attemptConnection(target, leftMs);
  if (fault) throw errorOf(fault);
  return connection;
}

/** Opens a connection or says why not. Throws before anything is sent: `claim_lost`, `admin_refused` for no password. */
export function attemptConnection(target: Target, leftMs: () => number): Promise<Attempt> {
  return traced('connect', spanOf('connect'), () => attempt(target, leftMs));
}

/** No address and no name: whose database it is stands with the action. */
function spanOf(operation: string): SpanOptions {
  return { kind: 'client', attributes: { 'db.system.name': 'postgresql', 'db.operation.name': operation } };
}

async function attempt(target: Target, leftMs: () => number): Promise<Attempt> {
  const timeoutMs = Math.min(demandLeft(leftMs), CONNECT_MS_MAX);
  const statementMs = Math.ceil(Math.min(demandLeft(leftMs), STATEMENT_MS_MAX));
  const socket = new Socket();
  const client = new Client({
    ...clientConfig(target, statementMs),
    connectionTimeoutMillis: timeoutMs,
    stream: () => socket,
  });
  client.on('error', () => socket.destroy()); // unheard, it would end the process; the next query reports the loss
  let isAuthenticated = false;
  const messages: unknown = Reflect.get(client, 'connection'); // of pg, but not of its types
  if (messages instanceof EventEmitter) {
    messages.once('authenticationOk', () => {
      isAuthenticated = true;
    });
  }
  try {
    await client.connect();
  } catch (error) {
    socket.destroy();
    return { connection: null, fault: faultOf(error), isAuthenticated };
  }
  return { connection: connectionOver(client, socket, target.database, leftMs, statementMs), fault: null };
}

function clientConfig(
  { address, username, password, database, applicationName, settings = [] }: Target,
  statementMs: number,
): ClientConfig {
  // an empty password would make the driver look for one in the environment and in ~/.pgpass
  if (password.reveal() === '') throw new PlatformError('admin_refused', 'A login without a password is not tried');
  return {
    host: address.host,
    port: address.port,
    ssl: verificationOf(address) ?? false,
    user: username,
    password: password.reveal(),
    database,
    application_name: applicationName,
    options: [...SETTINGS, ...settings].map((setting) => `-c ${setting}`).join(' '),
    statement_timeout: statementMs,
    // a frozen worker inside a transaction must not hold locks for ever
    idle_in_transaction_session_timeout: STATEMENT_MS_MAX,
    keepAlive: true,
  };
}

function connectionOver(
  client: Client,
  socket: Socket,
  database: string,
  leftMs: () => number,
  statementMs: number,
): Connection {
  let limitMs = statementMs; // the server's statement_timeout as it stands

  async function send<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    const passed = setTimeout(() => socket.destroy(), limitMs + ANSWER_GRACE_MS);
    try {
      const result = await client.query<Row>(sql, values);
      return result.rows;
    } catch (error) {
      throw errorOf(faultOf(error));
    } finally {
      clearTimeout(passed);
    }
  }

  async function query<Row extends QueryResultRow>(sql: string, values?: unknown[]): Promise<Row[]> {
    const wishMs = Math.ceil(Math.min(demandLeft(leftMs), STATEMENT_MS_MAX));
    if (wishMs < limitMs || (limitMs < STATEMENT_MS_MAX && wishMs === STATEMENT_MS_MAX)) {
      await send(`SET statement_timeout = ${wishMs}`);
      limitMs = wishMs;
      demandLeft(leftMs);
    }
    const operation = operationOf(sql);
    return traced(operation, spanOf(operation), () => send<Row>(sql, values));
  }

  const pid: unknown = Reflect.get(client, 'processID'); // of pg, but not of its types
  return {
    pid: Number(pid),
    database,
    query,
    atomically: async (statements) => {
      if (statements.length > 0) await query(statements.join(';\n'));
    },
    close: async () => {
      const passed = setTimeout(() => socket.destroy(), CLOSE_MS_MAX);
      await client.end();
      clearTimeout(passed);
    },
  };
}

function demandLeft(leftMs: () => number): number {
  const left = leftMs();
  if (left <= 0)
    throw new PlatformError('claim_lost', 'Nothing is left of the claim, so nothing more is sent to the server');
  return left;
}
