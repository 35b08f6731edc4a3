// What a team changes about its databases: labels, protection, project, and the plan that it asks for.
import { isDeepStrictEqual } from 'node:util';
import { fieldError, PlatformError } from '@berth/core';
import type { Access, DatabaseView, Nouns, PlanView } from '@berth/store';
import type { Context } from '../context';
import type { Caller, Change } from '../kind';
import { describeDatabase } from '../kinds/change';
import { closedReason, mayReach, noDatabase, wasDeleted } from '../kinds/subjects';
import { findFirst, type Once } from '../once';
import { judge } from '../placement';
import { findProject, fitPlan } from '../resolve';
import { audited, held } from './audited';

export interface ChangeInput {
  databaseId: string;
  /** All of them; those that are not named are gone. */
  labels?: Record<string, string> | undefined;
  protected?: boolean | undefined;
  /** Name or id. */
  project?: string | undefined;
  /** Name or id. Another one than it has takes an action of its own. */
  plan?: string | undefined;
}

/**
 * Whether the change takes an action: it names another plan than the database has. A repeated request goes the way of the
 * first one with its key. Throws `key_reused`.
 */
export async function needsAction(
  context: Context,
  input: ChangeInput,
  access: Access,
  once: Once | null,
): Promise<boolean> {
  // in this order: while no request with the key has committed, nothing that it asked for can show in the database
  const isOther = await isOtherPlan(context, input);
  const first = once === null ? null : await findFirst(context, access, once);
  return first === null ? isOther : first.actionId !== null;
}

async function isOtherPlan({ store }: Context, input: ChangeInput): Promise<boolean> {
  if (input.plan === undefined) return false;
  const database = await store.databases.find(input.databaseId);
  const plan = database === null ? null : await store.catalog.findPlan(input.plan, database.engine);
  return database === null || plan?.id !== database.plan_id || database.pending_plan_id !== null;
}

/**
 * Changes what needs no server, in one commit with its audit entry. Returns the database. Throws `not_found`; `contradicts`
 * while it is being deleted; `unknown_reference` on the field `project`.
 */
export async function updateDatabase(context: Context, input: ChangeInput, caller: Caller): Promise<DatabaseView> {
  const { database } = await audited(context, caller, 'database_update', async (tx) => {
    const { database, change } = await changeDatabase(tx, caller, { ...input, plan: undefined });
    return { database, teamId: database.team_id, subjectId: database.id, ...change };
  });
  return database;
}

/** The same inside a transaction; a plan is noted as the one that is asked for. Returns the database as it is then. */
export async function changeDatabase(
  tx: Nouns,
  access: Access,
  input: ChangeInput,
): Promise<{ database: DatabaseView; change: Change }> {
  await tx.databases.lock(input.databaseId);
  const before = await getChangeable(tx, access, input);
  const project = input.project === undefined ? null : await getProject(tx, access, input.project);
  const plan = input.plan === undefined ? null : await getPlan(tx, before, input.plan);
  if (plan === null && changesNothing(before, input, project?.id)) {
    return { database: before, change: { before: describeDatabase(before), after: describeDatabase(before) } };
  }
  await tx.databases.update(before.id, {
    labels: input.labels,
    isProtected: input.protected,
    projectId: project?.id,
    pendingPlanId: plan?.id,
  });
  const database = await tx.databases.find(before.id);
  if (database === null) throw new PlatformError('internal', 'The database that was changed is not in the store.');
  const after = { ...describeDatabase(database), ...(plan !== null && { plan: plan.name }) };
  return { database, change: { before: describeDatabase(before), after } };
}

/** Then it is no event and no entry of the audit: a client may say the same as often as it likes. */
function changesNothing(
  { labels, protected: isProtected, project_id }: DatabaseView,
  input: ChangeInput,
  projectId?: string,
) {
  return (
    (input.labels === undefined || isDeepStrictEqual({ ...input.labels }, labels ?? {})) &&
    (input.protected ?? isProtected) === isProtected &&
    (projectId ?? project_id) === project_id
  );
}

/** In quarantine a database keeps its place and its plan; its labels and its protection are Berth's own to change. */
async function getChangeable(tx: Nouns, access: Access, input: ChangeInput): Promise<DatabaseView> {
  const database = await tx.databases.find(input.databaseId);
  if (database === null || !mayReach(access, database)) throw noDatabase(input.databaseId);
  if (database.state === 'deleted') throw wasDeleted(database.id);
  const reason = await closedReason(tx, database);
  const isLight = input.project === undefined && input.plan === undefined;
  const mayStill = isLight && database.state === 'quarantined' && reason?.actionId === null;
  if (reason !== null && !mayStill) throw reason;
  if (database.delete_accepted_at === null) return database;
  throw new PlatformError('contradicts', `The delete of the database ${database.id} was accepted; it is not changed.`);
}

async function getProject(tx: Nouns, access: Access, asked: string) {
  return held(tx.projects, 'project', asked, await findProject(tx, access, asked));
}

/** A plan that the database can be held to. */
async function getPlan(tx: Nouns, database: DatabaseView, asked: string): Promise<PlanView> {
  if (database.state !== 'available') {
    throw new PlatformError(
      'contradicts',
      `The database ${database.id} is ${database.state}; its plan is not changed.`,
    );
  }
  if (database.pending_plan_id !== null) {
    throw new PlatformError('contradicts', `The database ${database.id} is being changed to another plan already.`);
  }
  const plan = await held(tx.plans, 'plan', asked, await fitPlan(tx, database, asked));
  await demandRoom(tx, database, plan);
  return plan;
}

/** What a larger plan promises beyond the present one has to be free on the server, whatever state that is in. */
async function demandRoom(tx: Nouns, { plan_id, server_id }: DatabaseView, plan: PlanView): Promise<void> {
  const present = await tx.catalog.findPlan(plan_id);
  const more = {
    size_bytes_max: plan.size_bytes_max - (present?.size_bytes_max ?? 0n),
    connections_max: plan.connections_max - (present?.connections_max ?? 0),
  };
  if (more.size_bytes_max <= 0n && more.connections_max <= 0) return;
  await tx.servers.lockRooms({ serverId: server_id });
  const [room] = await tx.servers.listRooms({ serverId: server_id });
  const judged = room === undefined ? null : judge({ ...room, state: 'active' }, more);
  if (judged === null || judged.fits) return;
  const message = `The server ${judged.name} has no room for the plan ${plan.name} (${judged.reasons.join(', ')}).`;
  throw fieldError('no_room', 'plan', message);
}
