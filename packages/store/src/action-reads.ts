// Reading actions and writing their steps. Nothing here touches the column `state`.
import { type ActionKind, HOLD_MS, PlatformError } from '@berth/core';
import type { Action, ClaimKey } from './actions';
import { columnsOf, type Db } from './db';
import { Prisma, type Step } from './generated/client';
import { type Page, type PageRequest, type Placed, page } from './page';

export type { Step };

export interface EndedStep {
  name: string;
  state: 'succeeded' | 'failed';
  durationMs: number;
  evidence: Prisma.InputJsonObject;
}

export interface ActionFilter {
  /** Without those about databases that are kept unseen by their clients. */
  withoutHidden?: true;
  teamId?: string;
  /** Only actions about databases of this project. */
  projectId?: string;
  /** Only actions about databases of this environment. */
  environmentId?: string;
  databaseId?: string;
  state?: string;
}

/** Actions about the databases of one team in one project and environment. */
export interface ActionPlace {
  teamId: string;
  projectId: string;
  environmentId: string;
}

/** With who asked for it and what its database and its login are called, as lists and single answers of dialects show it. */
export type ActionView = ActionWithSteps & {
  access: { person: string } | null;
  database: { name: string; engine_name: string } | null;
  credential: { username: string; engine_username: string } | null;
};

export type ActionWithSteps = Action & { steps: Step[] };

const VIEW = {
  access: { select: { person: true } },
  database: { select: { name: true, engine_name: true } },
  credential: { select: { username: true, engine_username: true } },
  steps: { orderBy: { ended_at: 'asc' } },
} as const;

export function actionReadsOf(db: Db) {
  return { ...shownOf(db), ...lineOf(db), ...meantOf(db), ...stepsOf(db) };
}

/** What is shown to people. */
function shownOf(db: Db) {
  return {
    /** The action with all steps that ended so far, in the order in which they ended; null when there is none. */
    find: (id: string): Promise<ActionWithSteps | null> =>
      db.action.findUnique({ where: { id }, include: { steps: { orderBy: { ended_at: 'asc' } } } }),

    /** The same by its number, for dialects whose ids are integers. */
    findByNumber: (number: number): Promise<ActionWithSteps | null> =>
      db.action.findUnique({ where: { number }, include: { steps: { orderBy: { ended_at: 'asc' } } } }),

    /** Newest first. */
    list: (filter: ActionFilter, request: PageRequest): Promise<Page<ActionWithSteps>> =>
      page(request, (window) =>
        db.action.findMany({
          where: { ...whereOf(filter), ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
          include: { steps: { orderBy: { ended_at: 'asc' } } },
        }),
      ),

    /** By its number, if it is of this place; null when there is none. */
    findInPlace: (place: ActionPlace, number: number): Promise<ActionView | null> =>
      db.action.findFirst({ where: { ...whereOf(place), number }, include: VIEW }),

    /** Newest first. */
    async listByPlace(place: ActionPlace, skip: number, take: number): Promise<Placed<ActionView>> {
      const where = whereOf(place);
      const [data, total] = await Promise.all([
        db.action.findMany({ where, orderBy: { number: 'desc' }, skip, take, include: VIEW }),
        db.action.count({ where }),
      ]);
      return { data, total };
    },
  };
}

const MADE = Prisma.sql`actions.id, kind, database_id, credential_id, ended_at, actions.state`;

/** What stands in a line, and what stands against it. */
function lineOf(db: Db) {
  return {
    /** The queued or running action of this kind on this server, which a second request joins; null when there is none. */
    findOpenOfServer: (serverId: string, kind: string): Promise<Action | null> =>
      db.action.findFirst({ where: { server_id: serverId, kind, state: { in: ['queued', 'running'] } } }),

    /** Queued and running actions on this server, oldest first. */
    listOpenOfServer: (serverId: string): Promise<Action[]> =>
      db.action.findMany({
        where: { server_id: serverId, state: { in: ['queued', 'running'] } },
        orderBy: { number: 'asc' },
      }),

    /** The queued or running delete that stands against a request; null when there is none. */
    findOpenDelete: (subject: { databaseId?: string; credentialId?: string }): Promise<Action | null> =>
      db.action.findFirst({
        where: {
          ...(subject.databaseId !== undefined && { database_id: subject.databaseId, kind: 'database_delete' }),
          ...(subject.credentialId !== undefined && { credential_id: subject.credentialId, kind: 'credential_delete' }),
          state: { in: ['queued', 'running'] },
        },
      }),

    /**
     * The first later action about the same thing that is open or was done: trying again would undo it. About the same
     * thing: the credential if it is about one, the database itself, or the server and of the same kind. Null when there
     * is none.
     */
    async findLater(action: Action): Promise<Action | null> {
      const { number, kind, credential_id, database_id, server_id } = action;
      const things: Prisma.ActionWhereInput[] = [
        ...(credential_id === null ? [] : [{ credential_id }]),
        ...(database_id === null ? [] : [{ database_id, credential_id: null }]),
        ...(credential_id === null && database_id === null ? [{ server_id, kind }] : []),
      ];
      const state = { in: ['queued', 'running', 'succeeded'] };
      return db.action.findFirst({
        where: { number: { gt: number }, state, OR: things },
        orderBy: { number: 'asc' },
      });
    },

    /** The newest queued or running action of these kinds about a database; null when there is none. */
    findOpenOfDatabase: (databaseId: string, kinds: ActionKind[]): Promise<Action | null> =>
      db.action.findFirst({
        where: { database_id: databaseId, kind: { in: kinds }, state: { in: ['queued', 'running'] } },
        orderBy: { number: 'desc' },
      }),

    /** The newest action of these kinds about a database, ended or not; null when there is none. */
    findLastOfDatabase: (databaseId: string, kinds: ActionKind[]): Promise<Action | null> =>
      db.action.findFirst({ where: { database_id: databaseId, kind: { in: kinds } }, orderBy: { number: 'desc' } }),

    /**
     * Ids of queued actions of a database that may be called off, oldest first: those that nobody has begun, a create, and a
     * quarantine that whoever calls it off sees to. Others that were begun and put off have done part of their work, also
     * on logins that live elsewhere; they run first. So does a login's delete, which nobody else would ask for again.
     */
    async listQueued(databaseId: string): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM actions WHERE database_id = ${databaseId} AND state = 'queued' AND kind <> 'credential_delete'
          AND (claim = unreached OR kind = 'database_create' OR (kind = 'database_quarantine' AND EXISTS (
            SELECT FROM databases WHERE databases.id = database_id AND (hidden OR databases.state = 'quarantined'))))
        ORDER BY number`;
      return rows.map((row) => row.id);
    },

    /**
     * Creates that ended without making what they were for, before `before` or with a database that is not kept when it
     * failed, and whose database or credential nobody has deleted, tried again or protected since; oldest first.
     */
    listNeverMade: (
      before: Date,
      limit: number,
    ): Promise<Pick<Action, 'id' | 'kind' | 'database_id' | 'credential_id'>[]> =>
      db.$queryRaw`
        SELECT id, kind, database_id, credential_id FROM (
          SELECT ${MADE}, drop_when_failed FROM databases JOIN actions ON actions.database_id = databases.id
          WHERE databases.state = 'failed' AND databases.delete_accepted_at IS NULL AND NOT databases.protected
            AND actions.kind = 'database_create'
          UNION ALL
          SELECT ${MADE}, false FROM credentials JOIN actions ON actions.credential_id = credentials.id
          WHERE credentials.state = 'failed' AND credentials.delete_accepted_at IS NULL
            AND actions.kind = 'credential_create') made
        WHERE (ended_at < ${before} OR drop_when_failed) AND state IN ('failed', 'cancelled')
        ORDER BY ended_at LIMIT ${limit}`,

    /** Ids of running actions whose hold is over by the store's clock, longest over first. */
    async listExpired(limit: number): Promise<string[]> {
      const rows = await db.$queryRaw<{ id: string }[]>`
        SELECT id FROM actions WHERE state = 'running' AND held_until < now() ORDER BY held_until LIMIT ${limit}`;
      return rows.map((row) => row.id);
    },
  };
}

/** What a request that is made again may mean. */
function meantOf(db: Db) {
  return {
    /** The queued or running action of this kind about a credential, which a second request may join; null when there is none. */
    findOpenOfCredential: (credentialId: string, kind: ActionKind): Promise<Action | null> =>
      db.action.findFirst({
        where: { credential_id: credentialId, kind, state: { in: ['queued', 'running'] } },
        orderBy: { number: 'desc' },
      }),

    /**
     * The newest action of this kind about a credential, if this access asked for it, it ended well at most `withinMs` ago, and
     * the access was not shown the password since: its answer was never heard. Null otherwise.
     */
    async findUnheard(
      credentialId: string,
      kind: ActionKind,
      accessId: string,
      withinMs: number,
    ): Promise<Action | null> {
      const [row] = await db.$queryRaw<Action[]>`
        SELECT ${columnsOf('newest', Prisma.ActionScalarFieldEnum)} FROM (
          SELECT * FROM actions WHERE credential_id = ${credentialId} AND kind = ${kind} ORDER BY number DESC LIMIT 1) newest
        WHERE state = 'succeeded' AND requested_by = ${accessId}
          AND ended_at > now() - ${withinMs} * interval '1 millisecond'
          AND NOT EXISTS (SELECT FROM audit WHERE subject_id = ${credentialId} AND deed = 'credential_reveal'
            AND access_id = ${accessId} AND audit.created_at >= newest.ended_at)`;
      return row ?? null;
    },
  };
}

/** The steps of who works on an action. */
function stepsOf(db: Db) {
  return {
    /**
     * Writes a step that ended, once, and prolongs the hold, in one statement. Returns whether a cancel was asked for.
     * Throws `claim_lost`, and then nothing was written.
     */
    async recordStep(key: ClaimKey, step: EndedStep): Promise<{ cancelRequested: boolean }> {
      const [row] = await db.$queryRaw<{ cancel: boolean }[]>`
        WITH held AS (
          UPDATE actions SET held_until = now() + ${HOLD_MS} * interval '1 millisecond'
          WHERE id = ${key.id} AND claim = ${key.claim} AND state = 'running'
          RETURNING id, claim, cancel_requested_at
        ), written AS (
          INSERT INTO steps (action_id, attempt, name, state, started_at, ended_at, evidence)
          SELECT id, claim, ${step.name}, ${step.state}, clock_timestamp() - ${step.durationMs} * interval '1 millisecond',
            clock_timestamp(), ${JSON.stringify(step.evidence)}::jsonb FROM held
        )
        SELECT cancel_requested_at IS NOT NULL AS cancel FROM held`;
      if (row === undefined)
        throw new PlatformError('claim_lost', `Claim ${key.claim} on ${key.id} is not good any more.`);
      return { cancelRequested: row.cancel };
    },
  };
}

const HIDDEN = { database: { is: { hidden: true, state: 'quarantined' } } };

function whereOf(filter: ActionFilter): Prisma.ActionWhereInput {
  const database: Prisma.DatabaseWhereInput = {
    ...(filter.projectId !== undefined && { project_id: filter.projectId }),
    ...(filter.environmentId !== undefined && { environment_id: filter.environmentId }),
  };
  return {
    ...(filter.teamId !== undefined && { team_id: filter.teamId }),
    ...(filter.databaseId !== undefined && { database_id: filter.databaseId }),
    ...(filter.state !== undefined && { state: filter.state }),
    ...(Object.keys(database).length > 0 && { database }),
    ...(filter.withoutHidden && { NOT: HIDDEN }),
  };
}
