// Accesses: made, changed, rotated and revoked by operators. A token is shown by whoever asked for it, once, and forgotten.
import { PlatformError, type Scope, type Secret } from '@berth/core';
import { hashToken, makeToken } from '@berth/secrets';
import type { Access, AccessView, Nouns, Store } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { type AskedAccess, resolveAccess } from './access-fields';
import { audited, existing, held, invalid } from './audited';
import { showAccess } from './show';

export interface NewAccessInput extends AskedAccess {
  /** Name or id; without it, the caller's own. */
  team?: string;
  name: string;
  person: string;
  scopes: Scope[];
}

/** An access and its only token. */
export interface Issued {
  access: AccessView;
  token: Secret;
}

/** Throws `unknown_reference`, `disagree` and `invalid_request`, naming the field. */
export async function createAccess(context: Context, caller: Caller, input: NewAccessInput): Promise<Issued> {
  refusePast(context, input.expires_at);
  const token = makeToken();
  const { access } = await audited(context, caller, 'access_create', async (tx) => {
    const asked = input.team ?? caller.team_id;
    const team = await held(tx.teams, 'team', asked, await tx.catalog.findTeam(asked));
    const fields = await resolveAccess(tx, team.id, input, null);
    const owner = { teamId: team.id, person: input.person, secretHash: hashToken(token), kind: 'bearer' } as const;
    const { id } = await tx.accesses.insert(owner, { ...fields, name: input.name, scopes: input.scopes });
    const access = await getView(tx, id);
    return { access, teamId: team.id, subjectId: id, before: null, after: showAccess(access) };
  });
  return { access, token };
}

/**
 * Throws `not_found`; `contradicts` when it was revoked; `in_use` when the caller would take `operator` from itself; and
 * what `createAccess` throws.
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

/** Another token; the old one works for `graceS` seconds more. Throws `not_found`; `contradicts` when it was revoked. */
export async function rotateAccess(context: Context, caller: Caller, id: string, graceS: number): Promise<Issued> {
  const token = makeToken();
  const { access } = await audited(context, caller, 'access_rotate', async (tx) => {
    const { before, row } = await lockAccess(tx, id);
    if (row.kind !== 'bearer') {
      throw new PlatformError('contradicts', `The access ${id} has no bearer token: it is of kind ${row.kind}.`);
    }
    if ((await tx.accesses.rotate(id, hashToken(token), graceS)) === null) throw revoked(id);
    const access = await getView(tx, id);
    return { access, teamId: row.team_id, subjectId: id, before, after: showAccess(access) };
  });
  return { access, token };
}

/** Its tokens open nothing any more. Throws `not_found`; `contradicts` when it was revoked; `in_use` for the caller's own. */
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

function ownAccess(message: string): PlatformError {
  return new PlatformError('in_use', `This is the access that you are calling with. ${message}.`);
}
