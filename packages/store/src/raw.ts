// Raw statements go to pg itself, on the connection of the transaction that they belong to: Prisma's way to one costs two and a
// half times the CPU of pg's (0.56 and 0.22 ms, one row by its id, on a busy machine), and the store says nothing but such on
// every hot path. What Prisma makes of rows it makes of these too: bigint as BigInt, times as Date, JSON parsed.
import { AsyncLocalStorage } from 'node:async_hooks';
import { PlatformError } from '@berth/core';
import { Pool, type PoolClient, type PoolConfig, type QueryConfig, type QueryResult, types } from 'pg';
import { Prisma } from './generated/client';

/** As Prisma's functions of these names, but for one thing: a statement is sent at once, not when it is awaited. */
export interface Raw {
  $queryRaw<Rows = unknown>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<Rows>;
  /** How many rows it changed. */
  $executeRaw(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]): Promise<number>;
}

type Connection = Pick<PoolClient, 'query'>;
type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void;

/** The connection of one transaction, from Prisma's BEGIN until it is given back. */
interface Held {
  client: PoolClient | null;
}

const holding = new AsyncLocalStorage<Held>();

/** A pool that tells whoever begins a transaction on it by Prisma which connection it was given, and when it was given back. */
export class TransactionPool extends Pool {
  private readonly holders = new Map<PoolClient, Held>();

  constructor(config: PoolConfig) {
    super(config);
    this.on('release', (_, client) => this.letGo(client));
  }

  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    if (callback === undefined) return super.connect().then((client) => this.hold(client));
    super.connect(callback);
    return undefined;
  }

  private hold(client: PoolClient): PoolClient {
    const held = holding.getStore();
    if (held !== undefined) {
      held.client = client;
      this.holders.set(client, held);
    }
    return client;
  }

  private letGo(client: PoolClient): void {
    const held = this.holders.get(client);
    if (held !== undefined) held.client = null;
    this.holders.delete(client);
  }
}

/**
 * Runs `begin`, which begins a transaction by Prisma on a `TransactionPool` and works in it with `raw`. After its end, also by
 * Prisma's own time limit, a statement throws `internal`: it would be said outside, or inside somebody else's.
 */
export function withRaw<Result>(options: RawOptions, begin: (raw: Raw) => Promise<Result>): Promise<Result> {
  const held: Held = { client: null };
  return holding.run(held, () => begin(rawOver(() => connectionOf(held), options)));
}

function connectionOf({ client }: Held): Connection {
  if (client !== null) return client;
  throw new PlatformError('internal', 'A statement was sent to a transaction that is over.');
}

export interface RawOptions {
  nameOf(statement: { sql: string }): string;
  /** Called with each text when it was done. */
  onDone(text: string): void;
}

/** Statements on whatever connection there is by then. */
export function rawOver(connection: () => Connection, { nameOf, onDone }: RawOptions): Raw {
  async function send(statement: TemplateStringsArray | Prisma.Sql, values: unknown[]): Promise<QueryResult> {
    const { text, values: all } = statement instanceof Prisma.Sql ? statement : Prisma.sql(statement, ...values);
    const config: QueryConfig = { name: nameOf({ sql: text }), text, values: all, types: TYPES };
    const result = await connection().query(config);
    onDone(text);
    return result;
  }
  return {
    $queryRaw: async <Rows>(statement: TemplateStringsArray | Prisma.Sql, ...values: unknown[]) =>
      (await send(statement, values)).rows as Rows, // the caller says what it asked for, as with Prisma
    $executeRaw: async (statement, ...values) => (await send(statement, values)).rowCount ?? 0,
  };
}

const INT8 = types.builtins.INT8;
const TYPES: QueryConfig['types'] = {
  getTypeParser: (oid: number, format?: 'text' | 'binary') =>
    oid === INT8 ? BigInt : types.getTypeParser(oid, format),
};
