// Raw statements go to pg itself, on the connection of the transaction that they belong to: Prisma's way to one costs two and a
// half times the CPU of pg's (docs/decisions/0015). Rows hold what Prisma would put into them, for the types that the store asks
// for: numbers, bigint as BigInt, texts and lists of them, booleans, times with a zone as Date, JSON parsed.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Pool, type PoolClient, type QueryConfig, type QueryResult, types } from 'pg';
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

/** A statement came too late, and was not sent. */
export class TransactionOver extends Error {}

/** The connection of one transaction, from Prisma's BEGIN until its COMMIT or ROLLBACK is sent. */
interface Held {
  client: PoolClient | null;
  /** Its transaction has not been given one yet. */
  isWaiting: boolean;
}

/**
 * Says which transaction a connection is for. While an AsyncLocalStorage is in use, each promise of the process costs twice as
 * much (Node 20), so it is in use only while somebody waits for a connection.
 */
class Handover {
  #storage = new AsyncLocalStorage<Held>();
  #waiting = 0;

  async begin<Result>(held: Held, work: () => Promise<Result>): Promise<Result> {
    held.isWaiting = true;
    this.#waiting += 1;
    try {
      return await this.#storage.run(held, work);
    } finally {
      this.#end(held);
    }
  }

  /** Who asked for the connection that has come, once; undefined where no transaction did. */
  take(): Held | undefined {
    const held = this.#storage.getStore();
    if (held?.isWaiting !== true) return undefined;
    this.#end(held);
    return held;
  }

  #end(held: Held): void {
    if (!held.isWaiting) return;
    held.isWaiting = false;
    this.#waiting -= 1;
    if (this.#waiting === 0) this.#storage.disable();
  }
}

const handover = new Handover();

/** A pool that tells whoever begins a transaction on it by Prisma which connection it was given, and when that is over. */
export class TransactionPool extends Pool {
  override connect(): Promise<PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<PoolClient> | undefined {
    if (callback === undefined) {
      return super.connect().then((client) => {
        const held = handover.take();
        if (held !== undefined) hold(client, held);
        return client;
      });
    }
    super.connect(callback);
    return undefined;
  }
}

/**
 * Prisma ends a transaction of its own accord too, when it takes too long or the store is closed, and then beside a statement
 * that still runs: what is sent after its ROLLBACK would be committed by itself, on a connection that is soon somebody else's.
 */
function hold(client: PoolClient, held: Held): void {
  const { query } = client;
  const watched = (...asked: unknown[]): unknown => {
    const [config] = asked;
    const text = typeof config === 'object' && config !== null && 'text' in config ? config.text : config;
    if (text === 'COMMIT' || text === 'ROLLBACK') {
      held.client = null;
      client.query = query;
    }
    return Reflect.apply(query, client, asked);
  };
  held.client = Object.assign(client, { query: watched });
}

/**
 * Runs `begin`, which begins a transaction by Prisma on a `TransactionPool` and works in it with `raw`. After its end, also by
 * Prisma's own time limit, a statement throws `TransactionOver`.
 */
export function withRaw<Result>(options: RawOptions, begin: (raw: Raw) => Promise<Result>): Promise<Result> {
  const held: Held = { client: null, isWaiting: false };
  return handover.begin(held, () => begin(rawOver(() => connectionOf(held), options)));
}

function connectionOf({ client }: Held): Connection {
  if (client !== null) return client;
  throw new TransactionOver('A statement was sent to a transaction that is over.');
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
