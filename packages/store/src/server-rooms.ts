// How much of each server is spoken for: what placement chooses by. Databases count with what their plans allow them, from
// the moment they are asked for until they are really deleted.
import type { Db } from './db';
import { Prisma } from './generated/client';

/** What may take a database: servers of one engine in one environment, perhaps of one pool of it; or one that is named. */
export type RoomQuery = { engine: string; environmentId: string; poolId: string | null } | { serverId: string };

/** A server and what is spoken for on it. */
export interface ServerRoom {
  id: string;
  name: string;
  state: string;
  pool: string;
  /** This part of size and connections is left free. */
  headroomPercent: number;
  /** The connection limits of its databases may sum to this many times its own. */
  connectionsOvercommit: number;
  /** Null: nobody said how large it is, so size does not count. */
  sizeBytesMax: bigint | null;
  /** Null until a preflight succeeded. */
  connectionsMax: number | null;
  reservedBytes: bigint;
  reservedConnections: number;
  databases: number;
}

interface Row extends Omit<ServerRoom, 'reservedBytes'> {
  reservedBytes: string;
}

/** Of one server, how many databases have which plan: read from an index alone (databases_spoken_for). */
const COUNTED = Prisma.sql`
  SELECT plan_id, pending_plan_id, count(*) AS count FROM databases
  WHERE databases.server_id = servers.id AND databases.state <> 'deleted' GROUP BY plan_id, pending_plan_id`;

export function serverRoomsOf(db: Db) {
  return {
    /** Locks the rows of the pools until commit, so that two requests cannot both take the last place. */
    async lockRooms(query: RoomQuery): Promise<void> {
      for (;;) {
        const locked = await db.$queryRaw<{ id: string }[]>`
          SELECT id FROM pools WHERE deleted_at IS NULL AND ${poolsOf(query)} ORDER BY id FOR NO KEY UPDATE`;
        if (!('serverId' in query)) return;
        const [now] = await db.$queryRaw<
          { pool_id: string }[]
        >`SELECT pool_id FROM servers WHERE id = ${query.serverId}`;
        const wasMoved = now !== undefined && locked.length > 0 && locked.every(({ id }) => id !== now.pool_id);
        if (!wasMoved) return; // else to another pool, while this waited
      }
    },

    /** Every registered server of these, in whatever state, the oldest first. */
    async listRooms(query: RoomQuery): Promise<ServerRoom[]> {
      const rows = await db.$queryRaw<Row[]>`
        SELECT servers.id, servers.name, servers.state, pools.name AS pool, pools.headroom_percent AS "headroomPercent",
          pools.connections_overcommit AS "connectionsOvercommit", servers.size_bytes_max AS "sizeBytesMax",
          servers.connections_max AS "connectionsMax",
          coalesce(sum(count * greatest(plans.size_bytes_max, pending.size_bytes_max)), 0)::text AS "reservedBytes",
          coalesce(sum(count * greatest(plans.connections_max, pending.connections_max)), 0)::float8 AS "reservedConnections",
          coalesce(sum(count), 0)::int AS databases
        FROM servers JOIN pools ON pools.id = servers.pool_id
          LEFT JOIN LATERAL (${COUNTED}) counted ON true
          LEFT JOIN plans ON plans.id = counted.plan_id
          LEFT JOIN plans pending ON pending.id = counted.pending_plan_id
        WHERE servers.deleted_at IS NULL AND ${poolsOf(query)}
          AND ${'serverId' in query ? Prisma.sql`servers.id = ${query.serverId}` : Prisma.sql`true`}
        GROUP BY servers.id, pools.id ORDER BY servers.number`;
      return rows.map((row) => ({ ...row, reservedBytes: BigInt(row.reservedBytes) }));
    },
  };
}

function poolsOf(query: RoomQuery): Prisma.Sql {
  if ('serverId' in query) return Prisma.sql`pools.id = (SELECT pool_id FROM servers WHERE id = ${query.serverId})`;
  const { engine, environmentId, poolId } = query;
  const ofPool = poolId === null ? Prisma.sql`true` : Prisma.sql`pools.id = ${poolId}`;
  return Prisma.sql`pools.engine = ${engine} AND pools.environment_id = ${environmentId} AND ${ofPool}`;
}
