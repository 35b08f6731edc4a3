// The one writer of a server's state. Drawn in core/src/server.ts.
import { newId, PlatformError, type ServerState } from '@berth/core';
import { columnsOf, type Db, raise, refusing, SERVER_REFERENCES } from './db';
import { Prisma, type Server } from './generated/client';
import { LIVING, type Use, usesOf } from './living';
import { type Page, type PageRequest, type Placed, page } from './page';

export type { Server };

export interface NewServer {
  id: string;
  name: string;
  engine: string;
  poolId: string;
  host: string;
  port: number;
  tls: string;
  /** PEM; left out: none of its own. */
  caCertificate?: string | null;
  adminSealed: string;
  /** System databases that stay open to every login there; left out: none. */
  openDatabases?: string[];
  sizeBytesMax: bigint | null;
}

export interface CheckedServer {
  identity: string;
  version: string;
  connectionsMax: number;
  cannot: string[];
}

export type ServerView = Server & { pool: { name: string; environment_id: string; environment: { name: string } } };

const VIEW = {
  pool: { select: { name: true, environment_id: true, environment: { select: { name: true } } } },
} as const;

const FIELDS = Prisma.ServerScalarFieldEnum;

/** The same in one statement: the two relations of an `include` are two more. */
const VIEW_SQL = Prisma.sql`
  SELECT ${columnsOf('servers', FIELDS)}, json_build_object('name', pools.name, 'environment_id', pools.environment_id,
    'environment', json_build_object('name', environments.name)) AS pool
  FROM servers JOIN pools ON pools.id = servers.pool_id JOIN environments ON environments.id = pools.environment_id`;

/** What operators put a server in. */
export type OperatedState = Exclude<ServerState, 'unchecked'>;

export interface ServerFilter {
  environmentId?: string;
  poolId?: string;
  engine?: string;
  state?: string;
  name?: string;
}

export function serversOf(db: Db) {
  return { ...readsOf(db), ...writesOf(db), ...operatedOf(db) };
}

function writesOf(db: Db) {
  return {
    newId: (): string => newId('server'),

    /** Registered, `unchecked`. Throws `name_taken` when its name or its address is registered. */
    async insert(server: NewServer): Promise<Server> {
      await refuseAddress(db, server);
      const write = db.$queryRaw<Server[]>`
        WITH changed AS (
          INSERT INTO servers (id, name, engine, pool_id, host, port, tls, ca_certificate, admin_sealed,
            open_databases, size_bytes_max)
          VALUES (${server.id}, ${server.name}, ${server.engine}, ${server.poolId}, ${server.host}, ${server.port},
            ${server.tls}, ${server.caCertificate ?? null}, ${server.adminSealed}, ${server.openDatabases ?? []},
            ${server.sizeBytesMax})
          RETURNING *
        ), raised AS (${raise('server.registered', SERVER_REFERENCES)})
        SELECT ${columnsOf('changed', FIELDS)} FROM changed`;
      const [row] = await refusing(write, {
        servers_name_free: () => taken('name', `A server named "${server.name}" is registered.`),
        servers_address_free: () => addressTaken(server),
      });
      if (row === undefined) throw new PlatformError('internal', 'The store did not return the server it wrote.');
      return row;
    },

    /**
     * What a preflight saw; an unchecked server becomes active, which alone is an event. Throws `name_taken` when it is
     * registered already.
     */
    async becomeChecked(id: string, facts: CheckedServer): Promise<void> {
      // in one statement every part but RETURNING sees the rows as they were before it
      const write = db.$queryRaw`
        WITH checked AS (
          UPDATE servers SET state = CASE state WHEN 'unchecked' THEN 'active' ELSE state END, identity = ${facts.identity},
            version = ${facts.version}, connections_max = ${facts.connectionsMax}, cannot = ${facts.cannot},
            checked_at = now()
          WHERE id = ${id} AND deleted_at IS NULL RETURNING *
        ), changed AS (
          SELECT checked.* FROM checked JOIN servers before USING (id) WHERE before.state = 'unchecked'
        ), raised AS (${raise('server.active', SERVER_REFERENCES)})
        SELECT id FROM checked`;
      await refusing(write, {
        servers_identity_free: () =>
          new PlatformError('name_taken', 'This address leads to a server that is registered under another address.'),
      });
    },
  };
}

function readsOf(db: Db) {
  return {
    /** Null when there is none, or none any more. */
    async find(id: string): Promise<ServerView | null> {
      const [row] = await db.$queryRaw<
        ServerView[]
      >`${VIEW_SQL} WHERE servers.id = ${id} AND servers.deleted_at IS NULL`;
      return row ?? null;
    },

    /** The server that was first registered at this address, taken out or renamed since or not; null when none ever was. */
    findEverAt: (address: { host: string; port: number }): Promise<Server | null> =>
      db.server.findFirst({ where: address, orderBy: { number: 'asc' } }),

    /** Locks its row until commit, but for those who refer to it. Null when there is none any more. */
    async lock(id: string): Promise<Server | null> {
      const [row] = await db.$queryRaw<Server[]>`
        SELECT ${columnsOf('servers', FIELDS)} FROM servers WHERE id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      return row ?? null;
    },

    /** By its number, for dialects whose ids are integers. Null when there is none. */
    findByNumber: (number: number): Promise<ServerView | null> =>
      db.server.findFirst({ where: { number, ...LIVING }, include: VIEW }),

    /** Newest first. */
    list: ({ environmentId, poolId, ...filter }: ServerFilter, request: PageRequest): Promise<Page<ServerView>> =>
      page(request, (window) =>
        db.server.findMany({
          where: {
            ...(environmentId !== undefined && { pool: { environment_id: environmentId } }),
            ...(poolId !== undefined && { pool_id: poolId }),
            ...filter,
            ...LIVING,
            ...window.where,
          },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Oldest first, of one environment. */
    async listByPlace(environmentId: string, skip: number, take: number): Promise<Placed<ServerView>> {
      const where = { pool: { environment_id: environmentId }, ...LIVING };
      const [data, total] = await Promise.all([
        db.server.findMany({ where, orderBy: { number: 'asc' }, skip, take, include: VIEW }),
        db.server.count({ where }),
      ]);
      return { data, total };
    },
  };
}

/** What operators do to a server that is registered. */
function operatedOf(db: Db) {
  return {
    /**
     * Locks the rows of its pool and of the pool it moves to, then its own, until commit. A database that is on its way to it has
     * not confirmed its room and meets the change there. Null when there is none any more. Nothing stronger than NO KEY: such a
     * database refers to the server already, and waits for the pool.
     */
    async lockWithPool(id: string, otherPoolId: string | null): Promise<Server | null> {
      await db.$queryRaw`
        SELECT id FROM pools WHERE id = ${otherPoolId} OR id = (SELECT pool_id FROM servers WHERE id = ${id})
        ORDER BY id FOR NO KEY UPDATE`;
      const [row] = await db.$queryRaw<Server[]>`
        SELECT ${columnsOf('servers', FIELDS)} FROM servers WHERE id = ${id} AND deleted_at IS NULL FOR NO KEY UPDATE`;
      return row ?? null;
    },

    /** Throws `name_taken`. */
    async update(
      id: string,
      change: { name?: string; pool_id?: string; size_bytes_max?: bigint | null },
    ): Promise<void> {
      await refusing(db.server.update({ where: { id }, data: change }), {
        servers_name_free: () => taken('name', `A server named "${change.name}" is registered.`),
      });
    },

    /** active, draining and offline into each other, unchecked into offline. Null when it is so already. */
    async turn(id: string, state: OperatedState): Promise<Server | null> {
      const [row] = await db.$queryRaw<Server[]>`
        WITH changed AS (
          UPDATE servers SET state = ${state} WHERE id = ${id} AND deleted_at IS NULL AND state <> ${state}
            AND (${state} = 'offline' OR checked_at IS NOT NULL) RETURNING *
        ), raised AS (${raise(`server.${state}`, SERVER_REFERENCES)})
        SELECT ${columnsOf('changed', FIELDS)} FROM changed`;
      return row ?? null;
    },

    /**
     * Another address, login, CA or choice of what stays open, not looked at yet: an active server is unchecked until a preflight
     * succeeds. Throws `name_taken` when another server has the address.
     */
    async changeAdmin(
      id: string,
      admin: Required<Pick<NewServer, 'host' | 'port' | 'tls' | 'caCertificate' | 'adminSealed' | 'openDatabases'>>,
    ): Promise<void> {
      await refuseAddress(db, admin, id);
      // in one statement every part but RETURNING sees the rows as they were before it
      const write = db.$queryRaw`
        WITH written AS (
          UPDATE servers SET host = ${admin.host}, port = ${admin.port}, tls = ${admin.tls},
            ca_certificate = ${admin.caCertificate}, admin_sealed = ${admin.adminSealed}, open_databases = ${admin.openDatabases}, checked_at = NULL,
            state = CASE state WHEN 'active' THEN 'unchecked' ELSE state END
          WHERE id = ${id} AND deleted_at IS NULL RETURNING *
        ), changed AS (
          SELECT written.* FROM written JOIN servers before USING (id) WHERE before.state = 'active'
        ), raised AS (${raise('server.unchecked', SERVER_REFERENCES)})
        SELECT id FROM written`;
      await refusing(write, {
        servers_address_free: () => addressTaken(admin),
      });
    },

    /** What keeps it: databases and logins that are not gone yet. */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({
        database: () => db.database.count({ where: { server_id: id, state: { not: 'deleted' } } }),
        login: () => db.credential.count({ where: { server_id: id, state: { not: 'deleted' } } }),
      }),

    /** Not registered any more, its admin login wiped. */
    async remove(id: string): Promise<void> {
      await db.$queryRaw`
        WITH changed AS (
          UPDATE servers SET deleted_at = now(), admin_sealed = '' WHERE id = ${id} AND deleted_at IS NULL RETURNING *
        ), raised AS (${raise('server.removed', SERVER_REFERENCES)})
        SELECT id FROM changed`;
    },
  };
}

type Address = Pick<NewServer, 'host' | 'port'>;

/** Who has an address is read before it is asked for: after a refusal by the index a transaction reads nothing more. */
async function refuseAddress(db: Db, { host, port }: Address, exceptId = ''): Promise<void> {
  const other = await db.server.findFirst({ where: { host, port, id: { not: exceptId }, ...LIVING } });
  if (other === null) return;
  const { id, name, state } = other;
  const remedy = `Correct its login: PATCH /v1/servers/${id} {"admin_url": …}, or DELETE it.`;
  throw taken('admin_url', `The address ${host}:${port} is server ${name} (${id}), ${state}.`, remedy);
}

/** Where two take it at once. */
function addressTaken({ host, port }: Address): PlatformError {
  return taken('admin_url', `A server at ${host}:${port} is registered.`);
}

function taken(field: string, message: string, remedy = 'choose another, or use that server'): PlatformError {
  return new PlatformError('name_taken', message, { fields: [{ field, message: remedy }] });
}
