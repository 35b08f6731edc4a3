// What is called quarantined is shut: where that may not be so, because something failed or was called off, Berth asks a
// quarantine of itself, which is tried until it is done (`isOwed` of database-quarantine.ts).
import type { ActionKind } from '@berth/core';
import type { Action, CredentialView, DatabaseView, GrantView, Nouns } from '@berth/store';
import { CREDENTIAL_DELETE_STEPS } from './credential-delete';
import { engineOf, getCredential, getDatabase } from './subjects';

export const QUARANTINE_STEPS = ['shut_out', 'end_sessions', 'forget_passwords', 'check_refused'];

/** What leaves a database shut when it ends, or asks for that itself when it fails or is called off. */
const SEES_TO_IT: ActionKind[] = ['database_quarantine', 'database_restore', 'database_delete'];

/** Has a database shut again. Does nothing while an action that sees to it is on its way: safe to repeat. */
export async function requestShut(tx: Nouns, database: DatabaseView): Promise<void> {
  if ((await tx.actions.findOpenOfDatabase(database.id, SEES_TO_IT)) !== null) return;
  await tx.actions.insert({
    kind: 'database_quarantine',
    engine: engineOf(database),
    teamId: database.team_id,
    databaseId: database.id,
    credentialId: null,
    serverId: database.server_id,
    stepNames: QUARANTINE_STEPS,
    requestedBy: null,
    isLeftToSweep: true,
  });
}

/** After a restore or a drop that gave up, or was called off: whatever it took the place of or relied on is seen to. */
export async function resumeShut(tx: Nouns, database: DatabaseView): Promise<void> {
  if (isOwedShut(database)) await requestShut(tx, database);
}

/** Whether somebody was told already that nobody can enter: by its state, or by a delete that keeps it unseen. */
export function isOwedShut({ hidden, state }: Pick<DatabaseView, 'hidden' | 'state'>): boolean {
  return state === 'quarantined' || (hidden && state === 'available');
}

/** Whether a grant is on a database that is let into. A login works as long as it has one of these. */
export function isOpen({ database }: GrantView): boolean {
  return database.state === 'creating' || database.state === 'available';
}

/** After a login lost a database: without any left it is deleted, with none but quarantined ones it is shut. */
export async function settleLogin(tx: Nouns, { credential_id, engine }: Pick<Action, 'credential_id' | 'engine'>) {
  const credential = await getCredential(tx, credential_id);
  const { grants, id } = credential;
  if (credential.state === 'deleted' || (await tx.actions.findOpenDelete({ credentialId: id })) !== null) return;
  if (grants.length === 0) return requestDelete(tx, engine, credential);
  const kept = grants.find(({ database }) => database.state === 'quarantined');
  if (kept !== undefined && !grants.some(isOpen)) await requestShut(tx, await getDatabase(tx, kept.database_id));
}

async function requestDelete(tx: Nouns, engine: string, { id, server_id, team_id }: CredentialView): Promise<void> {
  await tx.credentials.acceptDelete(id);
  await tx.actions.insert({
    kind: 'credential_delete',
    engine: engineOf({ engine }),
    teamId: team_id,
    databaseId: null,
    credentialId: id,
    serverId: server_id,
    stepNames: CREDENTIAL_DELETE_STEPS,
    requestedBy: null,
    isLeftToSweep: true,
  });
}
