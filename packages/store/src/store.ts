// Opens the store: every noun's functions over one pool of connections, in or out of a transaction.
import { type Secret, systemClock } from '@berth/core';
import { PrismaPg } from '@prisma/adapter-pg';
import type { Pool } from 'pg';
import { accessesOf } from './accesses';
import { actionReadsOf } from './action-reads';
import { actionsOf } from './actions';
import { auditOf } from './audit';
import { catalogOf } from './catalog';
import { credentialsOf } from './credentials';
import { crowdsOf } from './crowds';
import { databaseReadsOf } from './database-reads';
import { databasesOf } from './databases';
import { type Db, isDeadlock, isRaising } from './db';
import { driftsOf } from './drifts';
import { endedActionsOf } from './ended-actions';
import { environmentsOf } from './environments';
import { type EventFeed, openEventFeed } from './event-feed';
import { eventsOf } from './events';
import { figuresOf } from './figures';
import { type Prisma, PrismaClient } from './generated/client';
import { grantsOf } from './grants';
import { idempotencyOf } from './idempotency';
import { waitsOf } from './line';
import { type Listener, openListener } from './listener';
import { oldEventsOf } from './old-events';
import { oldSessionsOf } from './old-sessions';
import { plansOf } from './plans';
import { pollsOf } from './polls';
import { poolsOf } from './pools';
import { projectsOf } from './projects';
import { type Raw, type RawOptions, rawOver, TransactionPool, withRaw } from './raw';
import { refreshesOf } from './refreshes';
import { sealedOf } from './sealed';
import { serverRoomsOf } from './server-rooms';
import { serversOf } from './servers';
import { standingOf } from './standing';
import { openStatementNames } from './statement-names';
import { teamActionsOf } from './team-actions';
import { teamsOf } from './teams';
import { tombstonesOf } from './tombstones';

/** Every noun's functions. Inside `transaction` the same functions work on that transaction. */
export type Nouns = ReturnType<typeof nounsOf>;

export interface Connections {
  inUse: number;
  idle: number;
  waiting: number;
  /** When one was last given back by who had asked the store something, by the clock's monotonic count; null before the first. */
  answeredAtMs: number | null;
}

export interface Store extends Nouns {
  /**
   * Commits when `work` returns, rolls back when it throws. Never call an engine or the queue in it: after a deadlock it is
   * run again.
   */
  transaction<T>(work: (nouns: Nouns) => Promise<T>): Promise<T>;
  /** The same for what may wait for another time: it gives up where a statement runs or waits for longer than a moment. */
  briefly<T>(work: (nouns: Nouns) => Promise<T>): Promise<T>;
  /** Runs `work` if no other process runs it now under this name; returns whether it ran. The lock ends with it. */
  exclusively(name: string, work: (nouns: Nouns) => Promise<void>): Promise<boolean>;
  /** What identifies the PostgreSQL server that holds this store, so that it is never taken for a tenants' server. */
  identity(): Promise<string>;
  /** The time of day by the store's clock. */
  now(): Promise<Date>;
  /** Throws when the store does not answer. */
  ping(): Promise<void>;
  /** Connections that are in use or idle, and how many queries wait for one, now. */
  connections(): Connections;
  polls: ReturnType<typeof pollsOf>;
  listener: Listener;
  /** Follows the events of every process. */
  feed: EventFeed;
  close(): Promise<void>;
}

/** A transaction waits this long for a connection, and may last this long: a burst of requests stands in line. */
const TRANSACTION = { maxWait: 15_000, timeout: 20_000 };

/** What may be done later is not to hold up anybody who waits for its locks. */
const BRIEF = { statement: '5s', lock: '500ms' };

export interface StoreOptions {
  url: Secret;
  connectionsMax: number;
  /** Shown in pg_stat_activity. */
  process: string;
}

/** Connects at first use. It must be closed. */
export function openStore({ url, connectionsMax, process }: StoreOptions): Store {
  const config = { connectionString: url.reveal(), max: connectionsMax, application_name: `berth ${process}` };
  const pool = new TransactionPool(config);
  pool.on('error', () => {}); // an idle connection that died is replaced at the next use
  const nameOf = openStatementNames();
  const adapter = new PrismaPg(pool, { statementNameGenerator: nameOf, onConnectionError: () => {} });
  const client = new PrismaClient({ adapter, transactionOptions: TRANSACTION });
  const listener = openListener(url);
  const onDone = (text: string) => {
    if (isRaising(text)) listener.tellEvents();
  };
  const raw = rawOver(() => pool, { nameOf, onDone });
  const outside = dbOf(client, raw);
  const nouns = nounsOf(outside);
  const feed = openEventFeed(nouns.events, listener);
  let ended: Promise<void> | null = null;
  return {
    ...nouns,
    ...transactionsOf(client, nameOf, listener.tellEvents),
    ...asksOf(outside),
    connections: connectionsOf(pool),
    polls: pollsOf(pool),
    listener,
    feed,
    async close() {
      await feed.close();
      await listener.close();
      await client.$disconnect();
      ended ??= pool.end(); // closed twice is closed
      await ended;
    },
  };
}

/** The ways to write several things at once; `tell` is called after the commit of what raised an event. */
function transactionsOf(
  client: PrismaClient,
  nameOf: RawOptions['nameOf'],
  tell: () => void,
): Pick<Store, 'transaction' | 'briefly' | 'exclusively'> {
  async function transact<T>(work: (tx: Db) => Promise<T>): Promise<T> {
    let isRaised = false;
    const onDone = (text: string) => {
      isRaised ||= isRaising(text);
    };
    const done = await withRaw({ nameOf, onDone }, (raw) => client.$transaction((tx) => work(dbOf(tx, raw))));
    if (isRaised) tell();
    return done;
  }
  return {
    transaction: (work) => onceMore(() => transact((tx) => work(nounsOf(tx)))),
    briefly: (work) =>
      onceMore(() =>
        transact(async (tx) => {
          await tx.$queryRaw`
            SELECT set_config('statement_timeout', ${BRIEF.statement}, true), set_config('lock_timeout', ${BRIEF.lock}, true)`;
          return work(nounsOf(tx));
        }),
      ),
    exclusively: (name, work) =>
      transact(async (tx) => {
        const [row] = await tx.$queryRaw<{ locked: boolean }[]>`
          SELECT pg_try_advisory_xact_lock(hashtext(${name})) AS locked`;
        if (row?.locked !== true) return false;
        await work(nounsOf(tx));
        return true;
      }),
  };
}

/** Of a pool from its beginning. */
function connectionsOf(pool: Pool): () => Connections {
  let answeredAtMs: number | null = null;
  pool.on('release', (error) => {
    if (!error) answeredAtMs = systemClock.monotonicMs();
  });
  return () => ({
    inUse: pool.totalCount - pool.idleCount,
    idle: pool.idleCount,
    waiting: pool.waitingCount,
    answeredAtMs,
  });
}

/** What the store says of itself. */
function asksOf(db: Db): Pick<Store, 'identity' | 'now' | 'ping'> {
  return {
    async identity() {
      const [row] = await db.$queryRaw<{ identity: string }[]>`
        SELECT system_identifier::text AS identity FROM pg_control_system()`;
      return row?.identity ?? '';
    },
    async now() {
      const [row] = await db.$queryRaw<[{ now: Date }]>`SELECT clock_timestamp() AS now`;
      return row.now;
    },
    async ping() {
      await db.$queryRaw`SELECT 1`;
    },
  };
}

/** Prisma for what its models say, and pg for raw statements. */
function dbOf(models: Prisma.TransactionClient, raw: Raw): Db {
  return new Proxy(models, { get: (target, key) => Reflect.get(key in raw ? raw : target, key) });
}

/** Two writers may wait for each other; the store ends one of them, and what it did is undone. */
const DEADLOCKS_MAX = 3;

/** Runs the transaction again when it was ended to let another one go on. */
async function onceMore<T>(run: () => Promise<T>): Promise<T> {
  for (let deadlocks = 0; ; deadlocks += 1) {
    try {
      return await run();
    } catch (error) {
      if (!isDeadlock(error) || deadlocks === DEADLOCKS_MAX) throw error;
    }
  }
}

function nounsOf(db: Db) {
  return {
    accesses: accessesOf(db),
    actions: {
      ...actionsOf(db),
      ...actionReadsOf(db),
      ...endedActionsOf(db),
      ...teamActionsOf(db),
      ...waitsOf(db),
      ...crowdsOf(db),
    },
    audit: auditOf(db),
    catalog: catalogOf(db),
    credentials: credentialsOf(db),
    grants: grantsOf(db),
    databases: { ...databasesOf(db), ...databaseReadsOf(db) },
    drifts: driftsOf(db),
    environments: environmentsOf(db),
    figures: figuresOf(db),
    events: eventsOf(db),
    idempotency: idempotencyOf(db),
    oldEvents: oldEventsOf(db),
    oldSessions: oldSessionsOf(db),
    plans: plansOf(db),
    pools: poolsOf(db),
    projects: projectsOf(db),
    sealed: sealedOf(db),
    standing: standingOf(db),
    teams: teamsOf(db),
    tombstones: tombstonesOf(db),
    servers: { ...serversOf(db), ...serverRoomsOf(db), ...refreshesOf(db) },
  };
}
