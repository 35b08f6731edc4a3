// The one writer of an action's state. Each function is one arrow of the drawing in core/src/action.ts, a
// compare-and-set with its event in the same statement. (id, claim) is the key to every write of a holder.
import {
  type ActionKind,
  type EngineName,
  type ErrorCode,
  type EventType,
  HOLD_MS,
  NUDGE_LOST_MS,
  newId,
  PlatformError,
} from '@berth/core';
import { ACTION_REFERENCES, columnsOf, type Db, raise, violatedIndex } from './db';
import { type Action, Prisma } from './generated/client';
import { HOLD_CREDENTIALS, IS_ITS_TURN, IS_NOT_CROWDED_OUT, isNextAfter, LET_CREDENTIALS_GO } from './line';

export type { Action };

/** What a worker that claimed an action must show to write anything about it. */
export interface ClaimKey {
  id: string;
  claim: number;
}

/** What the queue is told: the action's id, and how many nudges it makes, so that no job id is ever used twice. */
export interface Nudge {
  id: string;
  engine: string;
  nudges: number;
}

/** An attempt that is given up for now. */
export interface Postponement {
  code: ErrorCode;
  /** To be read by people: what `code` does not say. */
  message: string;
  /** It takes one of the failures that the action is allowed. */
  isCounted: boolean;
  /** There was no session on the server: nothing was begun. */
  isUnreached: boolean;
}

export interface NewAction {
  kind: ActionKind;
  engine: EngineName;
  teamId: string | null;
  databaseId: string | null;
  credentialId: string | null;
  serverId: string;
  stepNames: string[];
  requestedBy: string | null;
  /** Nobody will say a word of it after the commit: the next sweep does, at once. */
  isLeftToSweep?: true;
}

/** The channel on which the end of an action is told, with its id. */
export const ACTION_ENDED_CHANNEL = 'berth_action_ended';

/** What two claims at the same moment cannot both write. */
const LOST_RACE = /^(actions_one_running_|held_credentials_pkey)/;
const HOLD = Prisma.sql`now() + ${HOLD_MS} * interval '1 millisecond'`;
/** A server that is away for a day is tried a thousand times: what is the same as before is not told again. In one
 * statement every part but RETURNING sees the row as it was before it. */
const IS_NEWLY_TRIED = Prisma.sql`changed.postponed_code IS NULL`;
const IS_NEWLY_POSTPONED = Prisma.sql`changed.postponed_code IS DISTINCT FROM (
  SELECT before.postponed_code FROM actions before WHERE before.id = changed.id)`;
const NOT_POSTPONED = Prisma.sql`postponed_code = NULL, postponed_message = NULL`;
const postponedFor = ({ code, message, isCounted, isUnreached }: Postponement) => Prisma.sql`
  failures = failures + ${isCounted ? 1 : 0}, unreached = unreached + ${isUnreached ? 1 : 0},
  postponed_code = ${code}, postponed_message = ${message}`;
const columns = columnsOf('changed', Prisma.ActionScalarFieldEnum);
const told = Prisma.sql`SELECT ${columns}, pg_notify(${ACTION_ENDED_CHANNEL}, changed.id)::text AS told FROM changed`;

export function actionsOf(db: Db) {
  return { ...requestedOf(db), ...heldOf(db), ...inLineOf(db) };
}

/** What requests do to actions. */
function requestedOf(db: Db) {
  return {
    /** Writes a queued action, already counted as nudged once: the caller nudges after its commit, or leaves it to the sweep. */
    async insert(action: NewAction): Promise<Action> {
      const [row] = await db.$queryRaw<Action[]>`
        WITH changed AS (
          INSERT INTO actions (id, kind, engine, team_id, database_id, credential_id, server_id, step_names, requested_by,
            nudged_at)
          VALUES (${newId('action')}, ${action.kind}, ${action.engine}, ${action.teamId}, ${action.databaseId},
            ${action.credentialId}, ${action.serverId}, ${action.stepNames}, ${action.requestedBy},
            ${action.isLeftToSweep ? Prisma.sql`NULL` : Prisma.sql`now()`})
          RETURNING *
        ), raised AS (${raise('action.queued', ACTION_REFERENCES)})
        SELECT ${columns} FROM changed`;
      if (row === undefined) throw new PlatformError('internal', 'The store did not return the action it wrote.');
      return row;
    },

    /** failed -> queued, with all its tries before it. Counts a nudge, for the caller to send. Null when it was not failed. */
    async retry(id: string): Promise<Action | null> {
      const [row] = await db.$queryRaw<Action[]>`
        WITH changed AS (
          UPDATE actions SET state = 'queued', failures = 0, error_code = NULL, error_message = NULL, started_at = NULL,
            ended_at = NULL, not_before = NULL, ${NOT_POSTPONED}, cancel_requested_at = NULL, nudges = nudges + 1, nudged_at = now()
          WHERE id = ${id} AND state = 'failed' RETURNING *
        ), raised AS (${raise('action.retried', ACTION_REFERENCES)})
        SELECT ${columns} FROM changed`;
      return row ?? null;
    },

    /** queued -> cancelled. Null when it was not queued. */
    async cancel(id: string): Promise<Action | null> {
      const [row] = await db.$queryRaw<Action[]>`
        WITH changed AS (
          UPDATE actions SET state = 'cancelled', ended_at = now() WHERE id = ${id} AND state = 'queued' RETURNING *
        ), raised AS (${raise('action.cancelled', ACTION_REFERENCES)})
        ${told}`;
      return row ?? null;
    },

    /** Asks the running create of a database, if there is one, to stop before its next step. Safe to repeat. */
    async requestCancelOfCreate(databaseId: string): Promise<void> {
      await db.$executeRaw`
        UPDATE actions SET cancel_requested_at = coalesce(cancel_requested_at, now())
        WHERE database_id = ${databaseId} AND kind = 'database_create' AND state = 'running'`;
    },
  };
}

/** What the holder of an action does to it, from claim to end. */
function heldOf(db: Db) {
  const turn = turnOf(db);
  return {
    /**
     * queued -> running, for one holder. Null when it is not its turn: held, ended, put off, behind an older action of
     * the same database or credential, beside one that works on a login of it, on a server that is not in use, of another
     * engine than the holder's where that is given, or of a server that is full where such are named; a preflight is taken
     * all the same, for it may be what mends the server. Safe to race: the partial unique indexes let one through.
     */
    async claim(id: string, holder: string, engine: EngineName | null = null, full: string[] = []) {
      try {
        const [row] = await db.$queryRaw<Action[]>`
          WITH changed AS (
            UPDATE actions mine SET state = 'running', claim = claim + 1, held_until = ${HOLD}, held_by = ${holder},
              started_at = coalesce(started_at, now()), not_before = NULL, crowded_out = false
            WHERE id = ${id} AND state = 'queued' AND (not_before IS NULL OR not_before <= now())
              AND engine = coalesce(${engine}, engine)
              AND (server_id <> ALL(${full}) OR kind = 'server_preflight') AND ${IS_ITS_TURN}
            RETURNING *
          ), raised AS (${raise('action.started', ACTION_REFERENCES, IS_NEWLY_TRIED)}), held AS (${HOLD_CREDENTIALS})
          SELECT ${columns} FROM changed`;
        return row ?? null;
      } catch (error) {
        if (LOST_RACE.test(violatedIndex(error) ?? '')) return null;
        throw error;
      }
    },

    /** Prolongs the hold. Returns whether a cancel was asked for. Throws `claim_lost`. */
    async renew(key: ClaimKey): Promise<{ cancelRequested: boolean }> {
      const [row] = await db.$queryRaw<{ cancel: boolean }[]>`
        UPDATE actions SET held_until = ${HOLD}
        WHERE id = ${key.id} AND claim = ${key.claim} AND state = 'running'
        RETURNING cancel_requested_at IS NOT NULL AS cancel`;
      if (row === undefined) throw claimLost(key);
      return { cancelRequested: row.cancel };
    },

    /** running -> succeeded. Throws `claim_lost`. Belongs into the transaction that settles what the action was about. */
    finish: (key: ClaimKey): Promise<Action> =>
      turn(
        key,
        Prisma.sql`state = 'succeeded', ended_at = now(), held_until = NULL, held_by = NULL`,
        'action.succeeded',
        true,
      ),

    /** running -> failed, with a message fit for strangers. `isUnreached` as for `postpone`. Throws `claim_lost`. */
    fail: (key: ClaimKey, code: ErrorCode, message: string, isUnreached = false): Promise<Action> =>
      turn(
        key,
        Prisma.sql`state = 'failed', ended_at = now(), held_until = NULL, held_by = NULL,
          error_code = ${code}, error_message = ${message}, unreached = unreached + ${isUnreached ? 1 : 0}`,
        'action.failed',
        true,
      ),

    /** running -> cancelled, by its holder, between two steps. Throws `claim_lost`. */
    cancelHeld: (key: ClaimKey): Promise<Action> =>
      turn(
        key,
        Prisma.sql`state = 'cancelled', ended_at = now(), held_until = NULL, held_by = NULL`,
        'action.cancelled',
        true,
      ),

    /** running -> queued after `delayMs`. Throws `claim_lost`. */
    postpone: (key: ClaimKey, delayMs: number, why: Postponement): Promise<Action> =>
      turn(
        key,
        Prisma.sql`state = 'queued', held_until = NULL, held_by = NULL, nudged_at = NULL,
          not_before = now() + ${delayMs} * interval '1 millisecond', ${postponedFor(why)}`,
        'action.postponed',
        false,
        IS_NEWLY_POSTPONED,
      ),

    /** running -> queued at once, by a holder that stops in good order and nudges; a lost nudge is swept at once. Throws `claim_lost`. */
    release: (key: ClaimKey): Promise<Action> =>
      turn(
        key,
        Prisma.sql`state = 'queued', held_until = NULL, held_by = NULL, nudges = nudges + 1, nudged_at = NULL,
          ${NOT_POSTPONED}`,
        'action.released',
        false,
      ),
  };
}

/** One arrow for a holder: throws `claim_lost` when the key does not fit any more. `only` is when its event is raised. */
function turnOf(db: Db) {
  return async (
    key: ClaimKey,
    set: Prisma.Sql,
    event: EventType,
    ends: boolean,
    only?: Prisma.Sql,
  ): Promise<Action> => {
    const [row] = await db.$queryRaw<Action[]>`
      WITH changed AS (
        UPDATE actions SET ${set}
        WHERE id = ${key.id} AND claim = ${key.claim} AND state = 'running' RETURNING *
      ), raised AS (${raise(event, ACTION_REFERENCES, only)}), let_go AS (${LET_CREDENTIALS_GO})
      ${ends ? told : Prisma.sql`SELECT ${columns} FROM changed`}`;
    if (row === undefined) throw claimLost(key);
    return row;
  };
}

/** What the line is moved on by: holds that ran out, and nudges. */
function inLineOf(db: Db) {
  return {
    /** running -> queued for an action whose holder let its hold run out; that counts as a failure. Null when it did not. */
    async releaseExpired(id: string): Promise<Action | null> {
      const [row] = await db.$queryRaw<Action[]>`
        WITH changed AS (
          UPDATE actions SET state = 'queued', held_until = NULL, held_by = NULL, failures = failures + 1, nudged_at = NULL,
            ${NOT_POSTPONED}
          WHERE id = ${id} AND state = 'running' AND held_until < now() RETURNING *
        ), raised AS (${raise('action.released', ACTION_REFERENCES)}), let_go AS (${LET_CREDENTIALS_GO})
        SELECT ${columns} FROM changed`;
      return row ?? null;
    },

    /** Lets go of logins that are held for an action which nobody runs: an older version, or a hand, ended it. */
    async letStaleCredentialsGo(): Promise<void> {
      await db.$executeRaw`
        DELETE FROM held_credentials USING actions WHERE actions.id = action_id AND actions.state <> 'running'`;
    },

    /** Counts a nudge for whoever is next in the lines that this one stood in, and returns them: a few at most. */
    async nudgeNext(done: Pick<Action, 'database_id' | 'credential_id'>): Promise<Nudge[]> {
      if (done.database_id === null && done.credential_id === null) return [];
      return db.$queryRaw<Nudge[]>`
        UPDATE actions SET nudges = nudges + 1, nudged_at = now()
        WHERE id IN (SELECT id FROM actions mine WHERE state = 'queued' AND (not_before IS NULL OR not_before <= now())
          AND ${isNextAfter(done)} AND ${IS_ITS_TURN})
        RETURNING id, engine, nudges`;
    },

    /**
     * Counts a nudge for every due action whose last one led to nothing, oldest first, and returns them. Of each line
     * only the head, and none for whom there is no room at their server: they cannot be claimed, and a long line must not keep
     * the others from their turn.
     */
    async nudgeOverdue(limit: number): Promise<Nudge[]> {
      return db.$queryRaw<Nudge[]>`
        UPDATE actions SET nudges = nudges + 1, nudged_at = now()
        WHERE id IN (SELECT id FROM actions mine WHERE state = 'queued' AND (not_before IS NULL OR not_before <= now())
          AND (nudged_at IS NULL OR nudged_at < now() - ${NUDGE_LOST_MS} * interval '1 millisecond')
          AND ${IS_NOT_CROWDED_OUT} AND ${IS_ITS_TURN} ORDER BY number LIMIT ${limit} FOR UPDATE SKIP LOCKED)
        RETURNING id, engine, nudges`;
    },
  };
}

function claimLost(key: ClaimKey): PlatformError {
  return new PlatformError('claim_lost', `Claim ${key.claim} on ${key.id} is not good any more.`);
}
