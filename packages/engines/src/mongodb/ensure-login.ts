// Makes logins, sets their passwords, and lets locked ones in again: as another user of the same name, so that a connection from
// before the lock stays nobody's. The password travels in the command, which the server's log does not show (it writes `xxx`):
// the server takes no verifier.
import { PlatformError, type Secret } from '@berth/core';
import type { LimitEvidence, LoginEvidence, LoginRef, LoginSpec, PasswordEvidence } from '../contract';
import { type Admin, MAJORITY, run, runUnless } from './admin';
import { USER_EXISTS, USER_NOT_FOUND } from './errors';
import { dropKept, findKept } from './kept-roles';
import { USERS_DATABASE } from './names';
import { customDataOf, demandOurs, observeUser, type RoleRef, refuseForeign } from './ownership';
import { isText } from './rules';

const MECHANISMS = ['SCRAM-SHA-256'];

/** Makes the login, or sets its password and unlocks it. Safe to repeat. Throws `taken_on_server` when foreign. */
export async function ensureLogin(admin: Admin, login: LoginSpec, password: Secret): Promise<LoginEvidence> {
  if (!isText(login.name)) throw new PlatformError('engine_refused', `"${login.name}" is no name for a login`);
  demandUsable(password);
  const { ownership, isLocked } = await observeUser(admin, login);
  refuseForeign(ownership, `The login "${login.name}"`);
  if (ownership === 'ours' && !isLocked) {
    await setPassword(admin, login, password);
    return { login: login.name, made: false };
  }
  const roles = (await findKept(admin, login)) ?? [];
  if (ownership === 'ours') {
    // whoever logged in before is logged out at its next command: the server compares the users' ids, not their names
    await runUnless(admin, USER_NOT_FOUND, USERS_DATABASE, { dropUser: login.name, ...MAJORITY });
  }
  await makeUser(admin, login, password, roles);
  await dropKept(admin, login.name);
  return { login: login.name, made: ownership === 'free' };
}

/** The user, its marker and its roles come into being together. */
async function makeUser(admin: Admin, login: LoginRef, password: Secret, roles: RoleRef[]): Promise<void> {
  const isThere = await runUnless(admin, USER_EXISTS, USERS_DATABASE, {
    createUser: login.name,
    pwd: password.reveal(),
    roles,
    mechanisms: MECHANISMS,
    customData: customDataOf(login),
    ...MAJORITY,
  });
  if (isThere)
    throw new PlatformError('taken_on_server', `The login "${login.name}" was made by somebody else meanwhile`);
}

/** Sets the password of a login that exists; a locked one stays locked, roles stay. */
export async function ensurePassword(admin: Admin, login: LoginRef, password: Secret): Promise<PasswordEvidence> {
  demandUsable(password);
  demandOurs((await observeUser(admin, login)).ownership, `The login "${login.name}"`);
  await setPassword(admin, login, password);
  return { login: login.name };
}

async function setPassword(admin: Admin, login: LoginRef, password: Secret): Promise<void> {
  await run(admin, USERS_DATABASE, {
    updateUser: login.name,
    pwd: password.reveal(),
    mechanisms: MECHANISMS,
    ...MAJORITY,
  });
}

/** MongoDB has no such limit: nothing is done, and the evidence says so. */
export async function ensureLoginLimit(admin: Admin, login: LoginRef): Promise<LimitEvidence> {
  demandOurs((await observeUser(admin, login)).ownership, `The login "${login.name}"`);
  return { login: login.name, connections_max: null };
}

/** What the server and every driver refuse, before it is sent. Of the rest the server decides, by SASLprep. */
function demandUsable(password: Secret): void {
  if (password.reveal() === '' || /\p{Cc}/u.test(password.reveal())) {
    throw new PlatformError('engine_refused', 'This password cannot be used to log in to MongoDB');
  }
}
