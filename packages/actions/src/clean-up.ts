// What a create failed to make is deleted, after a while or, where its caller could not delete it, at once: its name and its
// room are free again, and what it left on the server is gone. Until then it can be looked at and tried again.
import { codeOf } from '@berth/core';
import type { Action } from '@berth/store';
import type { Context } from './context';
import { credentialDelete, databaseDelete } from './kinds';
import { request } from './request';

/** One run asks for this many deletes; what is left waits for the next one. */
const CLEAN_UP_MAX = 100;

/**
 * Requests a delete for each create that ended without its thing more than `keepMs` ago, and for those whose thing is not to be
 * kept. Safe to repeat and to race.
 */
export async function cleanUp(context: Context, keepMs: number): Promise<void> {
  const before = new Date(context.clock.now().getTime() - keepMs);
  const creates = await context.store.actions.listNeverMade(before, CLEAN_UP_MAX);
  for (const create of creates) await cleanUpAfter(context, create);
}

/**
 * Requests the delete of what this create did not make, before its time: for callers who were told that there is nothing. What
 * was made, tried again, deleted or protected meanwhile is left as it is. Safe to repeat and to race.
 */
export async function cleanUpAfter(context: Context, create: FailedCreate): Promise<void> {
  try {
    const { id } = await requestDelete(context, create);
    context.log.info({ actionId: id }, 'Deleting what a create did not make');
  } catch (error) {
    if (!['contradicts', 'protected', 'not_found'].includes(codeOf(error))) throw error;
  }
}

type FailedCreate = Pick<Action, 'kind' | 'database_id' | 'credential_id'>;

function requestDelete(context: Context, create: FailedCreate) {
  if (create.kind === 'credential_create') {
    return request(context, credentialDelete, { credentialId: create.credential_id ?? '', onlyIn: 'failed' }, null);
  }
  return request(context, databaseDelete, { databaseId: create.database_id ?? '', onlyIn: 'failed' }, null);
}
