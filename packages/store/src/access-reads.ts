// Accesses as they are read: by what opens them, while it does, and as operators see them. A secret itself is never here.
import type { AccessKind } from '@berth/core';
import { columnsOf, type Db } from './db';
import { type Access, Prisma } from './generated/client';
import { type Page, type PageRequest, page } from './page';

/** A session, and the access whose rights it has: its login, or itself. */
export interface OpenedSession {
  session: Access;
  access: Access;
}

/** With the names of what it refers to; null for what it does not. */
export type AccessView = Access & {
  names: Record<
    'limit_project' | 'limit_environment' | 'default_plan' | 'default_environment' | 'default_project' | 'default_pool',
    string | null
  > & { team: string };
};

export interface AccessFilter {
  teamId?: string;
  name?: string;
  kind?: AccessKind;
  /** The sessions that this login opened. */
  parentId?: string;
  /** Those that were revoked; otherwise those that were not. */
  isRevoked: boolean;
}

/** A session that a login opened ends when it was not used for so long. */
export const SESSION_IDLE_DAYS = 30;

/** Its columns, in SQL. */
export const columns = columnsOf('accesses', Prisma.AccessScalarFieldEnum);

const VIEW_SQL = Prisma.sql`
  SELECT ${columns}, json_build_object('team', teams.name, 'limit_project', limit_project.name,
    'limit_environment', limit_environment.name, 'default_plan', default_plan.name,
    'default_environment', default_environment.name, 'default_project', default_project.name,
    'default_pool', default_pool.name) AS names
  FROM accesses JOIN teams ON teams.id = accesses.team_id
    LEFT JOIN projects limit_project ON limit_project.id = limit_project_id
    LEFT JOIN environments limit_environment ON limit_environment.id = limit_environment_id
    LEFT JOIN plans default_plan ON default_plan.id = default_plan_id
    LEFT JOIN environments default_environment ON default_environment.id = default_environment_id
    LEFT JOIN projects default_project ON default_project.id = default_project_id
    LEFT JOIN pools default_pool ON default_pool.id = default_pool_id`;

/** Of an access: it opens something, by the store's clock. */
const IS_LIVING = Prisma.sql`
  (accesses.revoked_at IS NULL AND (accesses.expires_at IS NULL OR accesses.expires_at > now()))`;

/** Of a session: a login that opened it has not forgotten it. */
const IS_USED = Prisma.sql`(accesses.parent_id IS NULL
  OR coalesce(accesses.last_used_at, accesses.created_at) > now() - ${SESSION_IDLE_DAYS} * interval '1 day')`;

/** Of an access: it is a living bearer access of this hash. */
export const IS_GOOD_BEARER = (secretHash: string) => Prisma.sql`
  (accesses.secret_hash = ${secretHash} OR (accesses.previous_secret_hash = ${secretHash} AND accesses.previous_until > now()))
  AND accesses.kind = 'bearer' AND ${IS_LIVING}`;

export function accessReadsOf(db: Db) {
  return {
    /**
     * The living bearer access with this hash, or with it as the one before, while that is still good; null when it is
     * unknown, expired or revoked (by the store's clock). One read over two unique indexes.
     */
    async findBearer(secretHash: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        SELECT ${columns} FROM accesses
        WHERE ${IS_GOOD_BEARER(secretHash)}`;
      return row ?? null;
    },

    /**
     * The living Basic access with this login, letter by letter; null when it is unknown, expired or revoked (by the
     * store's clock). Whether the password is right is not known here.
     */
    async findBasic(login: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        SELECT ${columns} FROM accesses
        WHERE login = ${login} AND kind = 'basic' AND ${IS_LIVING}`;
      return row ?? null;
    },

    /** Whether an access ever had this login, revoked and expired ones too. */
    async isLoginKnown(login: string): Promise<boolean> {
      const rows = await db.$queryRaw<unknown[]>`SELECT 1 AS known FROM accesses WHERE login = ${login} LIMIT 1`;
      return rows.length > 0;
    },

    /** The living access of this kind; null when there is none, or it is expired or revoked (by the store's clock). */
    async findLiving(id: string, kind: AccessKind): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        SELECT ${columns} FROM accesses WHERE id = ${id} AND kind = ${kind} AND ${IS_LIVING}`;
      return row ?? null;
    },

    /**
     * The living session of this id and secret, and whose rights it has; null when there is none, and when its login is
     * revoked or expired. One that a login opened ends after thirty days without a use.
     */
    async findSession(id: string, secretHash: string): Promise<OpenedSession | null> {
      const [session] = await db.$queryRaw<Access[]>`
        SELECT ${columns} FROM accesses
        WHERE id = ${id} AND kind = 'session' AND secret_hash = ${secretHash} AND ${IS_LIVING} AND ${IS_USED}`;
      if (session === undefined || session.parent_id === null) return asItself(session);
      const access = await accessReadsOf(db).findLiving(session.parent_id, 'basic');
      return access === null ? null : { session, access };
    },

    /** Living keys that requests are signed with, by number, from after `after`. */
    listKeys: (after: number, limit: number): Promise<Access[]> =>
      db.$queryRaw`
        SELECT ${columns} FROM accesses WHERE kind = 'cosmos_key' AND ${IS_LIVING} AND number > ${after}
        ORDER BY number LIMIT ${limit}`,

    /** Null when there is none. */
    find: (id: string): Promise<Access | null> => db.access.findUnique({ where: { id } }),

    /** As operators see it, a revoked one too; null when there is none. */
    async findView(id: string): Promise<AccessView | null> {
      const [row] = await db.$queryRaw<AccessView[]>`${VIEW_SQL} WHERE accesses.id = ${id}`;
      return row ?? null;
    },

    /**
     * Newest first. Sessions that logins opened are many: they are listed where sessions, or those of one login, are asked
     * for, and not among what operators made.
     */
    list: (filter: AccessFilter, request: PageRequest): Promise<Page<AccessView>> =>
      page(request, ({ where, take }) => {
        const { lt } = where.number ?? {};
        return db.$queryRaw<AccessView[]>`${VIEW_SQL}
          WHERE ${Prisma.join([...conditionsOf(filter), ...(lt === undefined ? [] : [Prisma.sql`accesses.number < ${lt}`])], ' AND ')}
          ORDER BY accesses.number DESC LIMIT ${take}`;
      }),

    /** Locks its row until commit: changes come one after another. */
    async lock(id: string): Promise<void> {
      await db.$queryRaw`SELECT id FROM accesses WHERE id = ${id} FOR NO KEY UPDATE`;
    },
  };
}

/** Each by words of its own, so that the plan of each is one of an index. */
function conditionsOf({ teamId, name, kind, parentId, isRevoked }: AccessFilter): Prisma.Sql[] {
  const isAnySession = kind === 'session' || parentId !== undefined;
  return [
    isRevoked ? Prisma.sql`accesses.revoked_at IS NOT NULL` : Prisma.sql`accesses.revoked_at IS NULL`,
    ...(isAnySession ? [] : [Prisma.sql`accesses.parent_id IS NULL`]),
    ...(teamId === undefined ? [] : [Prisma.sql`accesses.team_id = ${teamId}`]),
    ...(name === undefined ? [] : [Prisma.sql`accesses.name = ${name}`]),
    ...(kind === undefined ? [] : [Prisma.sql`accesses.kind = ${kind}`]),
    ...(parentId === undefined ? [] : [Prisma.sql`accesses.parent_id = ${parentId}`]),
  ];
}

function asItself(session: Access | undefined): OpenedSession | null {
  return session === undefined ? null : { session, access: session };
}
