// Accesses: tokens, found by their hash, and logins with what is kept of a password. A secret itself is never here.
import { type AccessKind, fieldError, newId, type Scope } from '@berth/core';
import { columnsOf, type Db, refusing } from './db';
import { type Access, Prisma } from './generated/client';
import { type Page, type PageRequest, page } from './page';

export type { Access };

export interface NewAccess {
  teamId: string;
  name: string;
  person: string;
  secretHash: string;
  scopes: Scope[];
  defaults: { engine?: string; planId?: string; environmentId?: string; projectId?: string; poolId?: string };
  expiresAt: Date | null;
}

/** What operators set, as columns. Ids are of living things of the access's own team: hold them before. */
export interface AccessFields {
  name: string;
  scopes: Scope[];
  limit_project_id: string | null;
  limit_environment_id: string | null;
  default_engine: string | null;
  default_plan_id: string | null;
  default_environment_id: string | null;
  default_project_id: string | null;
  default_pool_id: string | null;
  sees_quarantine: boolean;
  expires_at: Date | null;
}

/**
 * Whose it is and how it is opened: by a token, by a login and a password, or by a session's secret, of which only a hash is
 * kept; or by a key that Berth computes with, sealed. A session that a login opened names that login as its parent.
 */
export type AccessOwner = { id: string; teamId: string; person: string } & (
  | { kind: 'bearer'; secretHash: string }
  | { kind: 'basic'; login: string; secretHash: string }
  | { kind: 'session'; secretHash: string; parentId: string | null }
  | { kind: 'cosmos_key' | 'jwt_signer'; secretSealed: string }
);

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
  /** Those that were revoked; otherwise those that were not. */
  isRevoked: boolean;
}

/** A session that a login opened ends when it was not used for so long. */
const SESSION_IDLE_DAYS = 30;

/** The last use is written no more often than this. */
const USE_EVERY_MS = 60_000;

const FIELDS = Prisma.AccessScalarFieldEnum;
const columns = columnsOf('accesses', FIELDS);

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

export function accessesOf(db: Db) {
  return { ...readsOf(db), ...writesOf(db), ...usesOf(db) };
}

function readsOf(db: Db) {
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
      const access = await readsOf(db).findLiving(session.parent_id, 'basic');
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

    /** Newest first. */
    list: ({ teamId, name, isRevoked }: AccessFilter, request: PageRequest): Promise<Page<AccessView>> =>
      page(request, ({ where, take }) => {
        const { lt = null } = where.number ?? {};
        return db.$queryRaw<AccessView[]>`${VIEW_SQL}
          WHERE (accesses.revoked_at IS NOT NULL) = ${isRevoked} AND (${lt}::int IS NULL OR accesses.number < ${lt})
            AND (${teamId ?? null}::text IS NULL OR accesses.team_id = ${teamId ?? null})
            AND (${name ?? null}::text IS NULL OR accesses.name = ${name ?? null})
          ORDER BY accesses.number DESC LIMIT ${take}`;
      }),

    /** Locks its row until commit: changes come one after another. */
    async lock(id: string): Promise<void> {
      await db.$queryRaw`SELECT id FROM accesses WHERE id = ${id} FOR NO KEY UPDATE`;
    },
  };
}

function asItself(session: Access | undefined): OpenedSession | null {
  return session === undefined ? null : { session, access: session };
}

function writesOf(db: Db) {
  return {
    /** Whether an access with this secret was ever made, revoked or not. */
    async isKnown(secretHash: string): Promise<boolean> {
      return (await db.access.count({ where: { secret_hash: secretHash } })) > 0;
    },

    /** A bearer access; if one with this secret exists, that one, unchanged. Safe to repeat. */
    ensureBearer: (access: NewAccess): Promise<Access> =>
      db.access.upsert({
        where: { secret_hash: access.secretHash },
        update: {},
        create: {
          id: newId('access'),
          kind: 'bearer',
          team_id: access.teamId,
          name: access.name,
          person: access.person,
          secret_hash: access.secretHash,
          scopes: access.scopes,
          default_engine: access.defaults.engine ?? null,
          default_plan_id: access.defaults.planId ?? null,
          default_environment_id: access.defaults.environmentId ?? null,
          default_project_id: access.defaults.projectId ?? null,
          default_pool_id: access.defaults.poolId ?? null,
          expires_at: access.expiresAt,
        },
      }),

    /** Hold its team before. Throws `name_taken` when a living access has the login. */
    insert: ({ id, teamId, person, ...opened }: AccessOwner, fields: AccessFields): Promise<Access> => {
      const login = 'login' in opened ? opened.login : null;
      const owner = {
        id,
        team_id: teamId,
        person,
        kind: opened.kind,
        login,
        parent_id: 'parentId' in opened ? opened.parentId : null,
        secret_hash: 'secretHash' in opened ? opened.secretHash : null,
        secret_sealed: 'secretSealed' in opened ? opened.secretSealed : null,
      };
      return refusing(db.access.create({ data: { ...owner, ...fields } }), {
        accesses_login_free: () => fieldError('name_taken', 'login', `There is an access with the login "${login}".`),
      });
    },

    /** Null when it was revoked. */
    async update(id: string, change: Partial<AccessFields>): Promise<Access | null> {
      const [row] = await db.access.updateManyAndReturn({ where: { id, revoked_at: null }, data: change });
      return row ?? null;
    },

    /** Its secrets, the one before too, open nothing from now on. Null when it was revoked before. */
    async revoke(id: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        UPDATE accesses SET revoked_at = now(), previous_secret_hash = NULL, previous_until = NULL
        WHERE id = ${id} AND revoked_at IS NULL RETURNING ${columns}`;
      return row ?? null;
    },

    /**
     * Another token or password. The one it had stays good for `graceS` seconds more (0 for a password, of which only one
     * is looked at), the one before that ends now. Null when it was revoked.
     */
    async rotate(id: string, secretHash: string, graceS: number): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        UPDATE accesses SET secret_hash = ${secretHash},
          previous_secret_hash = CASE WHEN ${graceS}::int > 0 THEN secret_hash END,
          previous_until = CASE WHEN ${graceS}::int > 0 THEN now() + ${graceS}::int * interval '1 second' END
        WHERE id = ${id} AND kind IN ('bearer', 'basic') AND revoked_at IS NULL RETURNING ${columns}`;
      return row ?? null;
    },

    /** Another key; the one it had opens nothing from now on. Null when it was revoked. */
    async rotateKey(id: string, secretSealed: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        UPDATE accesses SET secret_sealed = ${secretSealed}
        WHERE id = ${id} AND secret_sealed IS NOT NULL AND revoked_at IS NULL RETURNING ${columns}`;
      return row ?? null;
    },
  };
}

function usesOf(db: Db) {
  let isWriting = false;
  return {
    /**
     * Notes the last use, at most once a minute. Best effort: it waits for no lock, one is written at a time and the
     * others are left out, so that a slow store hears of none; what cannot be written is lost. Never throws.
     */
    async noteUse({ id, last_used_at }: Access, now: Date): Promise<void> {
      const isDue = last_used_at === null || now.getTime() - last_used_at.getTime() >= USE_EVERY_MS;
      if (isWriting || !isDue) return;
      isWriting = true;
      try {
        await db.$executeRaw`
          UPDATE accesses SET last_used_at = now() WHERE id = (
            SELECT id FROM accesses WHERE id = ${id}
              AND (last_used_at IS NULL OR last_used_at <= now() - ${USE_EVERY_MS} * interval '1 millisecond')
            FOR NO KEY UPDATE SKIP LOCKED)`;
      } catch {
        // a store that is down is told by the request itself
      } finally {
        isWriting = false;
      }
    },
  };
}
