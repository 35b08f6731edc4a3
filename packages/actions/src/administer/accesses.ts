// Accesses: made, changed, rotated and revoked by operators. A token, a password or a key is shown to whoever asked for it, once,
// and forgotten.
import { ACCESS_KINDS, type AccessKind, newId, PlatformError, type Scope, type Secret } from '@berth/core';
import type { Access, AccessView, Nouns, Store } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { type AskedAccess, resolveAccess } from './access-fields';
import { makeAccessSecret } from './access-secrets';
import { audited, existing, held, invalid } from './audited';
import { showAccess } from './show';

export interface NewAccessInput extends AskedAccess {
  /** Name or id; without it, the caller's own. */
  team?: string;
  name: string;
  person: string;
  scopes: Scope[];
  /** How it is opened. */
  kind: AccessKind;
  /** For a Basic one. Default: its name. */
  login?: string;
  /** For a Basic one, whose owner chose it. Default: one is made. */
  password?: Secret;
}

/** An access, and what was made for it to be opened with; null for a password that was chosen. */
export interface Issued {
  access: AccessView;
  made: Secret | null;
}

/** Throws `unknown_reference`, `disagree`, `invalid_request`, and `name_taken` for a login; each names the field. */
export async function createAccess(context: Context, caller: Caller, input: NewAccessInput): Promise<Issued> {
  refusePast(context, input.expires_at);
  const { kind, login, password } = input;
  if (kind !== 'basic' && login !== undefined) throw invalid('login', 'is for accesses of kind basic');
  if (kind !== 'basic' && password !== undefined) throw invalid('password', 'is for accesses of kind basic');
  refuseOperator(kind, input.scopes);
  const id = newId('access');
  const { kept, made } = await makeAccessSecret(context.keyRing, id, kind, password);
  const opened = kept.kind === 'basic' ? { ...kept, login: login ?? input.name } : kept;
  const { access } = await audited(context, caller, 'access_create', async (tx) => {
    const asked = input.team ?? caller.team_id;
    const team = await held(tx.teams, 'team', asked, await tx.catalog.findTeam(asked));
    const fields = await resolveAccess(tx, team.id, input, null);
    const owner = { ...opened, id, teamId: team.id, person: input.person };
    await tx.accesses.insert(owner, { ...fields, name: input.name, scopes: input.scopes });
    const access = await getView(tx, id);
    return { access, teamId: team.id, subjectId: id, before: null, after: showAccess(access) };
  });
  return { access, made };
}

/**
 * Throws `not_found`; `contradicts` when it was revoked, or is a session that a login opened; `in_use` when the caller would
 * take `operator` from itself; and what `createAccess` throws.
 */
export async function updateAccess(
  context: Context,
  caller: Caller,
  id: string,
  input: AskedAccess,
): Promise<AccessView> {
  refusePast(context, input.expires_at);
  const { access } = await audited(context, caller, 'access_update', async (tx) => {
    const { before, row } = await lockAccess(tx, id);
    if (row.parent_id !== null) throw borrowed(row.parent_id);
    refuseOperator(readKind(row.kind), input.scopes);
    if (id === caller.id && input.scopes?.includes('operator') === false) {
      throw ownAccess('Its scope operator can be taken away only with another token of an operator');
    }
    const fields = await resolveAccess(tx, row.team_id, input, row);
    if ((await tx.accesses.update(id, fields)) === null) throw revoked(id);
    const access = await getView(tx, id);
    return { access, teamId: row.team_id, subjectId: id, before, after: showAccess(access) };
  });
  return access;
}

export interface Rotation {
  /** How long the token of a bearer access works beside the new one; all else ends at once. */
  graceS: number;
  /** For a Basic access. Default: one is made. */
  password?: Secret;
}

/**
 * Another token, password or key. Throws `not_found`; `invalid_request` for what is of another kind; `contradicts` when it
 * was revoked, or is a session.
 */
export async function rotateAccess(
  context: Context,
  caller: Caller,
  id: string,
  { graceS, password }: Rotation,
): Promise<Issued> {
  const kind = readKind(existing('access', id, await context.store.accesses.find(id)).kind); // for good
  if (kind === 'session') {
    throw new PlatformError('contradicts', `The access ${id} is a session. Revoke it and make another.`);
  }
  if (kind !== 'bearer' && graceS > 0)
    throw invalid('grace_seconds', 'is for accesses of kind bearer: what opened others before ends at once');
  if (kind !== 'basic' && password !== undefined) throw invalid('password', 'is for accesses of kind basic');
  const { kept, made } = await makeAccessSecret(context.keyRing, id, kind, password);
  const { access } = await audited(context, caller, 'access_rotate', async (tx) => {
    const { before, row } = await lockAccess(tx, id);
    const rotated =
      'secretHash' in kept
        ? await tx.accesses.rotate(id, kept.secretHash, graceS)
        : await tx.accesses.rotateKey(id, kept.secretSealed);
    if (rotated === null) throw revoked(id);
    const access = await getView(tx, id);
    return { access, teamId: row.team_id, subjectId: id, before, after: showAccess(access) };
  });
  return { access, made };
}

/** It opens nothing any more, nor do the sessions of a login. Throws `not_found`; `contradicts` when it was revoked; `in_use` for the caller's own. */
export async function revokeAccess(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'access_revoke', async (tx) => {
    const { before, row } = await lockAccess(tx, id);
    if (id === caller.id) throw ownAccess('Revoke it with another token of an operator');
    if ((await tx.accesses.revoke(id)) === null) throw revoked(id);
    return { teamId: row.team_id, subjectId: id, before, after: showAccess(await getView(tx, id)) };
  });
}

/** Notes, in the background, that the access was used. Never throws, and nobody waits for it. */
export function noteUse({ accesses }: Store, access: Access, now: Date): void {
  void accesses.noteUse(access, now);
}

/**
 * Sessions and keys are for programs in which people sign in, or that sign requests: whoever takes one there must not get the
 * servers with it.
 */
function refuseOperator(kind: AccessKind, scopes: Scope[] | undefined): void {
  if (kind === 'bearer' || kind === 'basic' || !scopes?.includes('operator')) return;
  throw invalid('scopes', `must not name operator for an access of kind ${kind}`);
}

/** The store forbids others. */
function readKind(kind: string): AccessKind {
  const known = ACCESS_KINDS.find((each) => each === kind);
  if (known === undefined) throw new PlatformError('internal', `There is an access of kind ${kind}.`);
  return known;
}

/** In the order in which a team is deleted: first the team is held, then the access is locked. */
async function lockAccess(tx: Nouns, id: string) {
  const { team_id } = existing('access', id, await tx.accesses.find(id));
  await tx.teams.hold(team_id);
  await tx.accesses.lock(id);
  const row = await getView(tx, id);
  if (row.revoked_at !== null) throw revoked(id);
  return { row, before: showAccess(row) };
}

async function getView(tx: Nouns, id: string): Promise<AccessView> {
  return existing('access', id, await tx.accesses.findView(id));
}

function refusePast({ clock }: Context, expiresAt: Date | null | undefined): void {
  if (expiresAt != null && expiresAt <= clock.now()) throw invalid('expires_at', 'must be in the future');
}

function revoked(id: string): PlatformError {
  return new PlatformError('contradicts', `The access ${id} was revoked, for good. Make another.`);
}

function borrowed(loginId: string): PlatformError {
  return new PlatformError(
    'contradicts',
    `It is a session of the login ${loginId}, whose rights it has. Change those.`,
  );
}

function ownAccess(message: string): PlatformError {
  return new PlatformError('in_use', `This is the access that you are calling with. ${message}.`);
}
