// Reading the log of events. It is read in the order (xid, number), and only below the oldest transaction that is still
// open: one that commits later can then only come after what was read, so that no reader misses it.
// See docs/decisions/0012-a-log-that-nobody-misses.md.
import { eventForTeam, PlatformError } from '@berth/core';
import type { Db } from './db';
import { BEGINNING, type Cursor, cursorOf, type Place, placeOf } from './event-cursor';
import { Prisma } from './generated/client';

export interface EventFilter {
  /** Only what this team may read. Without it: everything, as operators do. */
  teamId?: string;
  /** Only what is about databases of this project, and logins on them. */
  projectId?: string;
  environmentId?: string;
  types?: string[];
  databaseId?: string;
  credentialId?: string;
  serverId?: string;
  actionId?: string;
}

/** An event as it is told to whoever reads. */
export interface ToldEvent {
  id: string;
  type: string;
  team_id: string | null;
  database_id: string | null;
  credential_id: string | null;
  server_id: string | null;
  action_id: string | null;
  data: Record<string, unknown>;
  created_at: Date;
  /** Where to go on after it. */
  cursor: string;
}

/** An event as it is kept, and where it belongs. */
export interface StoredEvent extends ToldEvent {
  place: Place;
  /** Project and environment of each database that it is about. */
  places: { project_id: string; environment_id: string }[];
}

export interface EventBatch {
  /** In the order of the log. */
  events: StoredEvent[];
  /** Everything of this filter up to here has been read. */
  head: Cursor;
  /** There may be more that can be read at once. */
  isFull: boolean;
  /** Something was raised that cannot be read yet: an older transaction is still open. */
  isPending: boolean;
}

export function eventsOf(db: Db) {
  return { ...placesOf(db), ...readsOf(db) };
}

function placesOf(db: Db) {
  return {
    /**
     * Where to go on for who sends this cursor: null is the beginning of what is kept, `now` is behind everything that
     * can be read. Throws `invalid_cursor`; `cursor_expired` where some of what followed is gone, or is of another store.
     */
    async findPlace(cursor: string | null): Promise<Cursor> {
      if (cursor === null) return beginning(db);
      if (cursor === 'now') return (await head(db)).head;
      const { xid, number, origin } = placeOf(cursor);
      const [row] = await db.$queryRaw<{ strange: boolean; lost: boolean }[]>`
        SELECT ${origin} <> ${ORIGIN} OR ${xid.toString()}::xid8 > pg_snapshot_xmax(pg_current_snapshot()) AS strange,
          EXISTS (SELECT FROM forgotten_events WHERE (xid, number) > (${xid.toString()}::xid8, ${number}::int)) AS lost`;
      if (row?.strange)
        throw expired('This cursor is of another store than this one, or of one that was restored since.');
      if (row?.lost) throw expired('Events that followed this cursor have been deleted by retention.');
      return { xid, number, origin };
    },

    /** Whether the action has ended and nothing of it is to be told after this place. */
    async isToldToItsEnd(actionId: string, { xid, number }: Place): Promise<boolean> {
      const [row] = await db.$queryRaw<{ ended: boolean }[]>`
        SELECT ended_at IS NOT NULL AND NOT EXISTS (SELECT FROM events
          WHERE action_id = ${actionId} AND (xid, number) > (${xid.toString()}::xid8, ${number})) AS ended
        FROM actions WHERE id = ${actionId}`;
      return row?.ended ?? true;
    },

    /**
     * After the store was put on another server from a dump its events may bear transactions that this server has yet to
     * come to: they would be read late, and after newer ones. Puts all that are there before everything to come, in the
     * order of their numbers, and lets the log begin with them. Changes nothing elsewhere. Safe to repeat; not in two processes at once.
     */
    async settleRestored(): Promise<void> {
      const [row] = await db.$queryRaw<{ strange: boolean }[]>`
        SELECT EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))
          OR EXISTS (SELECT FROM forgotten_events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot())) AS strange`;
      if (row?.strange !== true) return;
      await db.$executeRaw`UPDATE events SET xid = '1'`;
      await db.$executeRaw`DELETE FROM forgotten_events`; // cursors from before are refused by their origin
    },

    /** For how long the first event that cannot be read yet has been there, in ms; 0 when all can be read. */
    async findLagMs(): Promise<number> {
      const [row] = await db.$queryRaw<{ ms: number }[]>`
        SELECT (extract(epoch FROM clock_timestamp() - created_at) * 1000)::float8 AS ms FROM events
        WHERE xid >= pg_snapshot_xmin(pg_current_snapshot()) ORDER BY xid, number LIMIT 1`;
      return Math.max(0, row?.ms ?? 0);
    },
  };
}

/** Rows of the log that one read looks at, a few milliseconds of work: else who asks for what is rare would read all of it. */
const LOOKED_MAX = 2_000;

function readsOf(db: Db) {
  /**
   * What follows a place, oldest first, at most `limit` of it. Looks at a bounded piece of the log, however little of it
   * passes the filter: nothing in a batch that `isFull` means that reading goes on behind its head.
   */
  async function listAfter({ xid, number }: Place, filter: EventFilter, limit: number): Promise<EventBatch> {
    const lookedMax = Math.max(LOOKED_MAX, limit);
    const follows = Prisma.sql`(xid, number) > (${xid.toString()}::xid8, ${number}::int)
      AND xid < pg_snapshot_xmin(pg_current_snapshot()) ${stretchOf(filter)}`;
    // who names a thing of another team is not told that there is much of it: all that names a thing is of one team
    const isOwn = filter.teamId === undefined ? Prisma.empty : Prisma.sql`WHERE team_id = ${filter.teamId}`;
    // one snapshot for the bound and the rows: a bound that was read later would let rows through that are not seen
    const rows = await db.$queryRaw<Row[]>`
      WITH found AS MATERIALIZED (
        SELECT xid::text AS xid, number, id, type, team_id, database_id, credential_id, server_id, action_id, data,
          created_at, ${PLACES} AS places
        FROM (SELECT * FROM events WHERE ${follows} ORDER BY events.xid, events.number LIMIT ${lookedMax}) AS events
        ${conditions(filter)} ORDER BY events.xid, events.number LIMIT ${limit})
      SELECT ${HEAD}, CASE WHEN (SELECT count(*) FROM found) < ${limit} THEN (
          SELECT jsonb_build_object('xid', xid::text, 'number', number) FROM (SELECT * FROM events WHERE ${follows}
            ORDER BY events.xid, events.number LIMIT 1 OFFSET ${lookedMax - 1}) AS last ${isOwn}) END AS looked, found.*
      FROM (VALUES (1)) AS one LEFT JOIN found ON true ORDER BY found.xid::xid8, found.number`;
    return batchOf(rows, limit);
  }

  return {
    listAfter,

    /** What follows a cursor, as this filter tells it. `nextCursor` is where to go on, now or later. Throws as `findPlace`. */
    async listTold(cursor: string | null, filter: EventFilter, limit: number) {
      const { findPlace } = placesOf(db);
      const isPlace = cursor !== null && cursor !== 'now';
      const batch = await listAfter(isPlace ? placeOf(cursor) : await findPlace(cursor), filter, limit);
      if (isPlace) await findPlace(cursor); // after it was read: what was removed until then was not
      const events = batch.events.flatMap((event) => tellTo(filter, event) ?? []);
      return { events, nextCursor: cursorOf(batch.head), hasMore: batch.isFull };
    },
  };
}

/** The server that holds the store, as a cursor names it: its tail is enough to tell two apart. */
const ORIGIN = Prisma.sql`(SELECT right(system_identifier::text, 9) FROM pg_control_system())`;

const HEAD = Prisma.sql`pg_snapshot_xmin(pg_current_snapshot())::text AS head, ${ORIGIN} AS origin,
  EXISTS (SELECT FROM events WHERE xid >= pg_snapshot_xmin(pg_current_snapshot())) AS pending`;

/** The databases that an event is about: one, or those of a login. */
const databasesOf = (columns: Prisma.Sql, only: Prisma.Sql) => Prisma.sql`
  SELECT ${columns} FROM databases WHERE databases.id = events.database_id AND ${only}
  UNION ALL SELECT ${columns} FROM grants JOIN databases ON databases.id = grants.database_id
  WHERE events.database_id IS NULL AND grants.credential_id = events.credential_id AND revoked_at IS NULL AND ${only}`;

const PLACES = Prisma.sql`coalesce((SELECT jsonb_agg(jsonb_build_object('project_id', project_id, 'environment_id',
  environment_id)) FROM (${databasesOf(Prisma.sql`project_id, environment_id`, Prisma.sql`true`)}) AS about), '[]')`;

/** The type as a team reads it, which `eventForTeam` of core tells: null where it may not. */
const TYPE_FOR_TEAM = Prisma.sql`CASE WHEN data->'hidden' IS DISTINCT FROM 'true'::jsonb THEN type
  WHEN type = 'database.quarantined' THEN 'database.deleted' END`;

interface Row extends Omit<ToldEvent, 'cursor' | 'id'> {
  head: string;
  origin: string;
  pending: boolean;
  /** The last row that was looked at, where more follow it and the batch has room; else null. */
  looked: { xid: string; number: number } | null;
  /** Null, as all that follows, where nothing was found. */
  id: string | null;
  xid: string;
  number: number;
  places: StoredEvent['places'];
}

/** Behind the last one that was removed. What is older and there stays for its deliveries alone. */
async function beginning(db: Db): Promise<Cursor> {
  const [row] = await db.$queryRaw<{ xid: string | null; number: number | null; origin: string }[]>`
    SELECT xid::text, number, ${ORIGIN} AS origin FROM (VALUES (1)) AS one LEFT JOIN forgotten_events ON true`;
  if (row === undefined) throw new PlatformError('internal', 'The store did not say where its log of events begins.');
  const { xid, number, origin } = row;
  return xid === null || number === null ? { ...BEGINNING, origin } : { xid: BigInt(xid), number, origin };
}

async function head(db: Db): Promise<EventBatch> {
  return batchOf(await db.$queryRaw<Row[]>`SELECT ${HEAD}, NULL AS looked, NULL AS id`, 1);
}

function batchOf(rows: Row[], limit: number): EventBatch {
  const [first] = rows;
  if (first === undefined) throw new PlatformError('internal', 'The store did not say where its log of events ends.');
  const { origin, pending, looked } = first;
  const events = rows.flatMap(({ id, ...row }) => (id === null ? [] : [storedEvent({ ...row, id })]));
  const isCut = events.length === limit;
  const last = events.at(-1);
  const lookedPlace = looked === null ? null : { ...looked, xid: BigInt(looked.xid) };
  const place = (isCut ? last?.place : lookedPlace) ?? { xid: BigInt(first.head), number: 0 };
  return { events, head: { ...place, origin }, isFull: isCut || looked !== null, isPending: pending };
}

function storedEvent({ xid, number, origin, head: _, pending: __, looked: ___, ...event }: Row & { id: string }) {
  const place = { xid: BigInt(xid), number };
  return { ...event, place, cursor: cursorOf({ ...place, origin }) };
}

/** Of all that is asked the one thing that has an index in the order of the log: what is looked at is read from it. */
function stretchOf({ actionId, databaseId, teamId }: EventFilter): Prisma.Sql {
  if (actionId !== undefined) return Prisma.sql`AND action_id = ${actionId}`;
  if (databaseId !== undefined) return Prisma.sql`AND database_id = ${databaseId}`;
  return teamId === undefined ? Prisma.empty : Prisma.sql`AND team_id = ${teamId}`;
}

function conditions(filter: EventFilter): Prisma.Sql {
  const { teamId, projectId, environmentId, types, databaseId, credentialId, serverId, actionId } = filter;
  const type = teamId === undefined ? Prisma.sql`type` : TYPE_FOR_TEAM;
  const inside = [
    ...(projectId === undefined ? [] : [Prisma.sql`project_id = ${projectId}`]),
    ...(environmentId === undefined ? [] : [Prisma.sql`environment_id = ${environmentId}`]),
  ];
  const all = [
    ...(teamId === undefined ? [] : [Prisma.sql`team_id = ${teamId} AND ${type} IS NOT NULL`]),
    ...(inside.length === 0 ? [] : [Prisma.sql`EXISTS (${databasesOf(Prisma.sql`1`, Prisma.join(inside, ' AND '))})`]),
    ...(types === undefined ? [] : [Prisma.sql`${type} = ANY(${types})`]),
    ...(databaseId === undefined ? [] : [Prisma.sql`database_id = ${databaseId}`]),
    ...(credentialId === undefined ? [] : [Prisma.sql`credential_id = ${credentialId}`]),
    ...(serverId === undefined ? [] : [Prisma.sql`server_id = ${serverId}`]),
    ...(actionId === undefined ? [] : [Prisma.sql`action_id = ${actionId}`]),
  ];
  return all.length === 0 ? Prisma.empty : Prisma.sql`WHERE ${Prisma.join(all, ' AND ')}`;
}

/** The event as this filter lets it through; null where it does not. The same as `listAfter` does in SQL. */
export function tellTo(filter: EventFilter, stored: StoredEvent): ToldEvent | null {
  const { place: _, places, ...event } = stored;
  if (filter.teamId !== undefined && event.team_id !== filter.teamId) return null;
  const told = filter.teamId === undefined ? event : eventForTeam(event);
  if (told === null) return null;
  const isInside = places.some(
    ({ project_id, environment_id }) =>
      (filter.projectId ?? project_id) === project_id && (filter.environmentId ?? environment_id) === environment_id,
  );
  const isLimited = filter.projectId !== undefined || filter.environmentId !== undefined;
  const isAsked =
    (!isLimited || isInside) &&
    (filter.types === undefined || filter.types.includes(told.type)) &&
    (filter.databaseId ?? told.database_id) === told.database_id &&
    (filter.credentialId ?? told.credential_id) === told.credential_id &&
    (filter.serverId ?? told.server_id) === told.server_id &&
    (filter.actionId ?? told.action_id) === told.action_id;
  return isAsked ? told : null;
}

function expired(what: string): PlatformError {
  return new PlatformError(
    'cursor_expired',
    `${what} Look at what there is now, and begin anew: without a cursor at the oldest event that is kept, or with "now".`,
  );
}
