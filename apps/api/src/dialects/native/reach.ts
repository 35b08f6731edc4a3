// What an access may see: its team's, inside its limits; an operator everything. What it may not see does not exist.
import { isHidden, isInsideLimits, isOperator, mayReach, mayReachCredential } from '@berth/actions';
import { type IdNoun, isId, PlatformError, unknownReference } from '@berth/core';
import type {
  Access,
  ActionWithSteps,
  CredentialView,
  DatabaseView,
  GrantView,
  Polled,
  ServerView,
  Store,
} from '@berth/store';

/** The database; a tombstone too. Throws `not_found`. */
export async function getVisibleDatabase(store: Store, access: Access, id: unknown): Promise<DatabaseView> {
  const database = await findById('database', id, store.databases.find);
  if (database === null || !(isOperator(access) || mayReach(access, database))) throw noSuch('database', id);
  return database;
}

/** The credential; a tombstone too. It is seen wherever one of its databases is. Throws `not_found`. */
export async function getVisibleCredential(store: Store, access: Access, id: unknown): Promise<CredentialView> {
  const credential = await findById('credential', id, store.credentials.find);
  if (credential === null) throw noSuch('credential', id);
  if (isOperator(access) || (await mayReachCredential(store, access, credential))) return credential;
  throw noSuch('credential', id);
}

/** Whether an access may see a database of its own team: inside its limits and not kept unseen; an operator sees all. */
export function seesDatabase(access: Access, database: GrantView['database']): boolean {
  return isOperator(access) || (!isHidden(database) && isInsideLimits(access, database));
}

/** The action. Those about servers alone are seen by operators. Throws `not_found`. */
export async function getVisibleAction(store: Store, access: Access, id: unknown): Promise<ActionWithSteps> {
  const action = await findById('action', id, store.actions.find);
  if (action === null) throw noSuch('action', id);
  if (isOperator(access) || (await mayReachDatabaseOf(store, access, action.database_id))) return action;
  throw noSuch('action', id);
}

/** The same of one that was read when the caller was let in. */
export function visibleActionOf(access: Access, { action, place }: Polled, id: unknown): ActionWithSteps {
  if (action === null) throw noSuch('action', id);
  if (isOperator(access) || (place !== null && mayReach(access, place))) return action;
  throw noSuch('action', id);
}

/** Whether `getVisibleAction` would return it. */
export async function isVisibleAction(store: Store, access: Access, id: string): Promise<boolean> {
  const action = await store.actions.find(id);
  return action !== null && (isOperator(access) || mayReachDatabaseOf(store, access, action.database_id));
}

/** The server; only operators come here. Throws `not_found`. */
export function getServer(store: Store, id: unknown): Promise<ServerView> {
  return getById('server', id, store.servers.find);
}

/** What a list is narrowed to: an operator's by nothing. */
export function limitsOf(access: Access): {
  teamId?: string;
  projectId?: string;
  environmentId?: string;
  withHidden?: true;
} {
  if (isOperator(access)) return { withHidden: true };
  return {
    teamId: access.team_id,
    ...(access.limit_project_id !== null && { projectId: access.limit_project_id }),
    ...(access.limit_environment_id !== null && { environmentId: access.limit_environment_id }),
  };
}

async function mayReachDatabaseOf(store: Store, access: Access, databaseId: string | null): Promise<boolean> {
  const database = databaseId === null ? null : await store.databases.find(databaseId);
  return database !== null && mayReach(access, database);
}

/** The only environment that an access may see; null when it sees all. */
export function environmentLimitOf(access: Access): string | null {
  return isOperator(access) ? null : access.limit_environment_id;
}

/** The environment that a query names, inside the access's limits. Throws `unknown_reference`. */
export async function environmentIdOf(store: Store, access: Access, asked: string): Promise<string> {
  const environment = await store.catalog.findEnvironment(asked);
  const onlyId = environmentLimitOf(access);
  if (environment !== null && (onlyId ?? environment.id) === environment.id) return environment.id;
  throw unknownReference('environment', asked);
}

/** The team that a query names; others than operators know their own. Throws `unknown_reference`. */
export async function teamIdOf(store: Store, access: Access, asked: string): Promise<string> {
  const team = await store.catalog.findTeam(asked);
  if (team !== null && (isOperator(access) || team.id === access.team_id)) return team.id;
  throw unknownReference('team', asked);
}

/** The row of that id. Throws `not_found`. */
export async function getById<Row>(noun: IdNoun, id: unknown, find: (id: string) => Promise<Row | null>): Promise<Row> {
  const row = await findById(noun, id, find);
  if (row === null) throw noSuch(noun, id);
  return row;
}

/** An id of this noun, from a path. Throws `not_found` for what has not its form. */
export function idOfPath(noun: IdNoun, id: unknown): string {
  if (typeof id === 'string' && isId(noun, id)) return id;
  throw noSuch(noun, id);
}

/** Null for what has not the form of an id, without asking the store. */
async function findById<Row>(
  noun: IdNoun,
  id: unknown,
  find: (id: string) => Promise<Row | null>,
): Promise<Row | null> {
  return typeof id === 'string' && isId(noun, id) ? find(id) : null;
}

/** Repeats the id only where it has the form of one. */
export function noSuch(noun: IdNoun, id: unknown): PlatformError {
  const name = typeof id === 'string' && isId(noun, id) ? ` ${id}` : ' of this id';
  return new PlatformError('not_found', `There is no ${noun}${name}.`);
}
