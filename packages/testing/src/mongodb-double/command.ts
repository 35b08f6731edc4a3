// What a command is here: the fields it takes, and what it does for a caller who may.
import type { Document } from 'bson';
import { CommandError } from './command-error';
import { allows, type RoleRef, type Target } from './roles';
import { type Connection, currentUser, type State, type User } from './state';

export interface Call {
  state: State;
  connection: Connection;
  db: string;
  name: string;
  body: Document;
}

export interface Command {
  /** Fields it takes beside its own name and those that every command takes. Any other is an error. */
  fields: readonly string[];
  /** Whether it is answered before a login. */
  isForStrangers?: boolean;
  /** Whether it is known in `admin` alone. */
  isAdminOnly?: boolean;
  run(call: Call): Document | Promise<Document>;
}

/** The roles of whoever calls, as they are at this moment; null on a server without authorization. */
export function rolesOf({ state, connection }: Call): RoleRef[] | null {
  return state.hasAuthorization ? (currentUser(state, connection)?.roles ?? []) : null;
}

/** Whether the caller may do this, here and now. */
export function may(call: Call, action: string, target: Target): boolean {
  const roles = rolesOf(call);
  return roles === null || allows(roles, action, target, call.state.roles);
}

/** Throws `Unauthorized` unless the caller may do one of these. */
export function demand(call: Call, actions: string | string[], target: Target): void {
  if (![actions].flat().some((action) => may(call, action, target))) throw unauthorized(call);
}

export function unauthorized({ db, name }: Call): CommandError {
  return new CommandError('Unauthorized', `not authorized on ${db} to execute command ${name}`);
}

/** Whether the caller is this very user. */
export function isSelf({ state, connection }: Call, user: Pick<User, 'name' | 'db'>): boolean {
  const self = currentUser(state, connection);
  return self?.name === user.name && self.db === user.db;
}
