// Accesses, written: of what opens one there is a hash, or for what Berth computes with a sealed text; a secret itself is never here.
import { fieldError, newId, type Scope } from '@berth/core';
import { accessReadsOf, columns } from './access-reads';
import { type Db, refusing } from './db';
import { type Access, Prisma } from './generated/client';

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

/** The last use is written no more often than this. */
const USE_EVERY_MS = 60_000;

export function accessesOf(db: Db) {
  return { ...accessReadsOf(db), ...writesOf(db), ...usesOf(db) };
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

    /**
     * Its secrets, the one before too, open nothing from now on, and the sessions that it opened end. Null when it was
     * revoked before.
     */
    async revoke(id: string): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        WITH ${sessionsEnded(id)}
        UPDATE accesses SET revoked_at = now(), previous_secret_hash = NULL, previous_until = NULL
        WHERE id = ${id} AND revoked_at IS NULL RETURNING ${columns}`;
      return row ?? null;
    },

    /** Ends the sessions of this login but for the `kept` that were used last. Lock the login before. Safe to repeat. */
    async endOldSessions(loginId: string, kept: number): Promise<void> {
      await db.$executeRaw`
        UPDATE accesses SET revoked_at = now() WHERE id = ANY(ARRAY(
          SELECT id FROM accesses WHERE parent_id = ${loginId} AND revoked_at IS NULL
          ORDER BY coalesce(last_used_at, created_at) DESC, number DESC OFFSET ${kept}))`;
    },

    /**
     * Another token or password. The one it had stays good for `graceS` seconds more (0 for a password, of which only one
     * is looked at), the one before that ends now; sessions that a login opened by the password before end. Null when it
     * was revoked.
     */
    async rotate(id: string, secretHash: string, graceS: number): Promise<Access | null> {
      const [row] = await db.$queryRaw<Access[]>`
        WITH ${sessionsEnded(id)}
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

/** Part of a statement about a login: it ends what the login opened. Whoever ends a session at this moment is waited for. */
function sessionsEnded(id: string): Prisma.Sql {
  return Prisma.sql`ended AS (UPDATE accesses SET revoked_at = now() WHERE parent_id = ${id} AND revoked_at IS NULL)`;
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
