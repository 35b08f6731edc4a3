// Makes logins and sets passwords, always by ALTER where the login is there: dropping and making it anew would lose grants.
import type { Secret } from '@berth/core';
import type { LimitEvidence, LoginEvidence, LoginRef, LoginSpec, PasswordEvidence } from '../contract';
import type { Admin } from './admin';
import { demandCleanLogin } from './clean-names';
import { demandOurs, observeLoginRow, refuseForeign } from './ownership';
import { quoteLogin } from './quote';
import { writeThing } from './store';
import { identifiedBy } from './verifier';

/** Makes the login, or sets its password and unlocks it. Safe to repeat. Throws `taken_on_server` when the name is foreign, or still means something on this server. */
export async function ensureLogin(admin: Admin, login: LoginSpec, password: Secret): Promise<LoginEvidence> {
  const account = quoteLogin(login.name);
  const identified = identifiedBy(admin.plugin, password);
  const { ownership, thing } = await observeLoginRow(admin, login);
  refuseForeign(ownership, `The login "${login.name}"`);
  const limit = login.connectionsMax === undefined ? '' : limitOf(login.connectionsMax);
  const isMade = ownership === 'free';
  if (isMade) {
    await demandCleanLogin(admin, login);
    await writeThing(admin, 'login', login.name, { id: login.id, state: 'making' });
  }
  const verb = isMade ? 'CREATE' : 'ALTER';
  await admin.main.query(`${verb} USER ${account} ${identified} ${limit} ACCOUNT UNLOCK PASSWORD EXPIRE NEVER`);
  if (isMade || thing?.state !== 'open') {
    await writeThing(admin, 'login', login.name, { id: login.id, state: 'open' });
  }
  return { login: login.name, made: isMade };
}

/** Sets the password of a login that exists; a locked one stays locked, grants stay. */
export async function ensurePassword(admin: Admin, login: LoginRef, password: Secret): Promise<PasswordEvidence> {
  const identified = identifiedBy(admin.plugin, password);
  const { ownership } = await observeLoginRow(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  await admin.main.query(`ALTER USER ${quoteLogin(login.name)} ${identified}`);
  return { login: login.name };
}

/** Lets the login have this many connections, in all its databases together; what is open stays open. */
export async function ensureLoginLimit(admin: Admin, login: LoginRef, connectionsMax: number): Promise<LimitEvidence> {
  const { ownership } = await observeLoginRow(admin, login);
  demandOurs(ownership, `The login "${login.name}"`);
  await admin.main.query(`ALTER USER ${quoteLogin(login.name)} ${limitOf(connectionsMax)}`);
  return { login: login.name, connections_max: allowed(connectionsMax) };
}

function limitOf(connectionsMax: number): string {
  return `WITH MAX_USER_CONNECTIONS ${allowed(connectionsMax)}`;
}

/** Zero would be no limit at all here; who is to have no connection is locked. */
function allowed(connectionsMax: number): number {
  return Math.max(1, Math.trunc(connectionsMax));
}
