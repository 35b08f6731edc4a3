// One connection to a MySQL or MariaDB server, with a deadline on everything. It never reconnects: whoever lost a
// connection may have lost its lock as well.
import { isIP, Socket } from 'node:net';
import { HOLD_MS, PlatformError, type Secret, type SpanOptions, traced } from '@berth/core';
import { type Connection as Client, type ConnectionOptions, createConnection, type RowDataPacket } from 'mysql2';
import type { ServerAddress } from '../contract';
import { operationOf } from '../operation';
import { verificationOf } from '../tls';
import { ERRNO, errorOf, type Fault, faultOf } from './errors';

/** A server that does not shake hands within this time is called unreachable. */
const CONNECT_MS_MAX = 10_000;
/** No statement of ours takes longer on a healthy server; the slowest is the DROP DATABASE of many tables. */
const STATEMENT_MS_MAX = 20_000;
/** How much longer than the server's own limit we wait for its answer before the socket is given up. */
const ANSWER_GRACE_MS = 1_000;
/** Twice a hold: the session of a worker that was frozen or lost its network ends by itself, and its lock with it. */
const IDLE_MS_MAX = 2 * HOLD_MS;
/** How long a polite goodbye may take. */
const CLOSE_MS_MAX = 1_000;
/** Who holds what a statement waits for is ended by the deed itself; longer than this nothing waits. */
const LOCK_MS_MAX = 3_000;

/** What backslashes, quotes and strictness mean is not the server's choice. */
const SQL_MODE = 'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION';

/** MySQL 8 and later would tell sizes as they were up to a day ago. */
const SIZES_AS_THEY_ARE = '/*!80000 , SESSION information_schema_stats_expiry = 0 */';

export interface Target {
  address: ServerAddress;
  username: string;
  password: Secret;
  /** Left out: in none. */
  database?: string;
  /** As servers with performance_schema tell it of a session. */
  programName: string;
}

export interface Connection {
  /** The server's number for it, by which it is killed. */
  id: number;
  /** Sends one statement, unless nothing is left of the claim (`claim_lost`). Rows are trusted to be what the SQL says. */
  query<Row extends object>(sql: string): Promise<Row[]>;
  /** The same, with the numbers of what the server warned of meanwhile: it tells them of the last statement alone. */
  queryWarned<Row extends object>(sql: string): Promise<{ rows: Row[]; warnings: number[] }>;
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
  return traced('connect', spanOf('connect'), () => attempt(target, leftMs));
}

/** No address and no name: whose database it is stands with the action. */
function spanOf(operation: string): SpanOptions {
  return { kind: 'client', attributes: { 'db.system.name': 'mysql', 'db.operation.name': operation } };
}

async function attempt(target: Target, leftMs: () => number): Promise<Attempt> {
  const timeoutMs = Math.min(demandLeft(leftMs), CONNECT_MS_MAX);
  const { host, port } = target.address;
  const config = clientConfig(target);
  const socket = new Socket().setNoDelay(true).setKeepAlive(true);
  socket.connect(port, host);
  const client = createConnection({ ...config, stream: () => socket });
  client.on('error', () => socket.destroy()); // unheard, it would end the process; the next query reports the loss
  const passed = setTimeout(() => socket.destroy(timedOut()), timeoutMs);
  try {
    await new Promise<void>((resolve, reject) => {
      client.connect((error) => (error ? reject(error) : resolve()));
    });
    const connection = connectionOver(client, socket, leftMs);
    await connection.begin();
    return { connection, fault: null };
  } catch (error) {
    socket.destroy();
    if (error instanceof PlatformError) throw error;
    return { connection: null, fault: hinting(target.address, client, faultOf(error)) };
  } finally {
    clearTimeout(passed);
  }
}

/** CLIENT_SSL among the capabilities that a server offers. */
const OFFERS_TLS = 0x800;

/** MariaDB calls a password wrong where it is TLS that is missing (seen on 10.11, with require_secure_transport). */
function hinting({ tls }: ServerAddress, client: Client, fault: Fault): Fault {
  const offered: unknown = Reflect.get(client, 'serverCapabilityFlags'); // of mysql2, but not of its types
  const mayDemand = tls === 'disable' && fault.errno === ERRNO.passwordRefused && (Number(offered) & OFFERS_TLS) !== 0;
  return mayDemand ? { ...fault, message: `${fault.message}, or it demands TLS, and admin_url asks for none` } : fault;
}

function timedOut(): Error {
  return Object.assign(new Error('The server did not shake hands in time'), { code: 'ETIMEDOUT' });
}

function clientConfig({ address, username, password, database, programName }: Target): ConnectionOptions {
  if (password.reveal() === '') throw new PlatformError('admin_refused', 'A login without a password is not tried');
  return {
    host: address.host, // what a certificate is held against; the socket is ours
    ...sslOf(address),
    user: username,
    password: password.reveal(),
    ...(database !== undefined && { database }),
    charset: 'utf8mb4',
    connectTimeout: 0,
    multipleStatements: false,
    connectAttributes: { program_name: programName },
    // the driver would hand the password to whoever asks for it in clear
    authPlugins: {
      mysql_clear_password: () => () => Promise.reject<string>(new Error('a password in clear is not sent')),
    },
  };
}

function sslOf(address: ServerAddress): Pick<ConnectionOptions, 'ssl'> {
  const verification = verificationOf(address);
  if (verification === null) return {};
  const verifyIdentity = verification.rejectUnauthorized;
  // the driver holds the certificate of an address against the name `localhost`
  if (verifyIdentity && isIP(address.host) !== 0) {
    throw new PlatformError(
      'tls_failed',
      'The certificate is verified against a name: name the host in admin_url, not its address',
    );
  }
  return { ssl: { ...verification, verifyIdentity } };
}

function connectionOver(client: Client, socket: Socket, leftMs: () => number) {
  let limitMs = 0; // the server's own limit as it stands

  async function send<Row extends object>(sql: string, timeoutMs: number): Promise<Row[]> {
    const passed = setTimeout(() => socket.destroy(), timeoutMs + ANSWER_GRACE_MS);
    try {
      return await new Promise<Row[]>((resolve, reject) => {
        client.query<(Row & RowDataPacket)[]>(sql, (error, rows) => {
          if (error) reject(error);
          else resolve(Array.isArray(rows) ? rows : []);
        });
      });
    } finally {
      clearTimeout(passed);
    }
  }

  const wishedMs = () => Math.ceil(Math.min(demandLeft(leftMs), STATEMENT_MS_MAX));

  async function keepLimit(): Promise<void> {
    const wishMs = wishedMs();
    if (wishMs >= limitMs && (limitMs === STATEMENT_MS_MAX || wishMs < STATEMENT_MS_MAX)) return;
    await send(`SET SESSION ${limitsOf(wishMs)}`, wishMs);
    limitMs = wishMs;
    demandLeft(leftMs);
  }

  async function query<Row extends object>(sql: string): Promise<Row[]> {
    const operation = operationOf(sql);
    try {
      await keepLimit();
      return await traced(operation, spanOf(operation), () => send<Row>(sql, limitMs));
    } catch (error) {
      throw error instanceof PlatformError ? error : errorOf(faultOf(error));
    }
  }

  async function queryWarned<Row extends object>(sql: string) {
    const rows = await query<Row>(sql);
    try {
      const told = await send<{ Code: number }>('SHOW WARNINGS', limitMs); // at once: a limit set before would clear them
      return { rows, warnings: told.map(({ Code }) => Number(Code)) };
    } catch (error) {
      throw errorOf(faultOf(error));
    }
  }

  return {
    id: client.threadId ?? 0,
    /** Settles what statements of ours mean. Rejects with the driver's own error. */
    begin: async () => {
      const wishMs = wishedMs();
      const idle = `wait_timeout = ${IDLE_MS_MAX / 1_000}`;
      const sql = `SET NAMES utf8mb4, SESSION sql_mode = '${SQL_MODE}', SESSION ${idle}, SESSION autocommit = 1`;
      await send(`${sql}, SESSION ${limitsOf(wishMs)} ${SIZES_AS_THEY_ARE}`, wishMs);
      limitMs = wishMs;
    },
    query,
    queryWarned,
    close: () => goodbye(client, socket),
  };
}

/**
 * MariaDB bounds every statement, MySQL reads alone: there a lock's wait is bounded, and a statement that changes something
 * runs to its end or to that of its session, which a newer holder of the lock ends. Each reads its own kind of comment.
 */
function limitsOf(limitMs: number): string {
  const lockSeconds = Math.ceil(Math.min(limitMs, LOCK_MS_MAX) / 1_000);
  return (
    `lock_wait_timeout = ${lockSeconds}, SESSION innodb_lock_wait_timeout = ${lockSeconds}` +
    ` /*M!100100 , SESSION max_statement_time = ${limitMs / 1_000} */ /*!80000 , SESSION max_execution_time = ${limitMs} */`
  );
}

function goodbye(client: Client, socket: Socket): Promise<void> {
  if (socket.destroyed) return Promise.resolve();
  return new Promise<void>((resolve) => {
    const passed = setTimeout(() => socket.destroy(), CLOSE_MS_MAX);
    socket.once('close', () => {
      clearTimeout(passed);
      resolve();
    });
    client.end(); // the server hangs up when it has read that; who hangs up first stands in its log as aborted
  });
}

function demandLeft(leftMs: () => number): number {
  const left = leftMs();
  if (left <= 0)
    throw new PlatformError('claim_lost', 'Nothing is left of the claim, so nothing more is sent to the server');
  return left;
}
