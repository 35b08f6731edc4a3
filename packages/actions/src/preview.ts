// What a database_create would do, without doing it: it is planned in a transaction that is rolled back.
import { PlatformError } from '@berth/core';
import type { Nouns } from '@berth/store';
import type { Context } from './context';
import type { Caller } from './kind';
import { type DatabaseCreateInput, databaseCreate } from './kinds/database-create';
import { untilNotOvertaken } from './overtaken';
import { type Candidate, listCandidates } from './placement';
import { planningOf } from './request';
import { resolve } from './resolve';

export interface Preview {
  /** Every server that was looked at, with the reasons of those that do not fit. */
  candidates: Candidate[];
  /** Null when none of them fits. */
  planned: { serverId: string; engineName: string; stepNames: string[] } | null;
}

/** Throws what the request itself would throw (a taken name, a quota that is used up), but for `no_room`. Writes nothing. */
export async function previewDatabase(context: Context, input: DatabaseCreateInput, caller: Caller): Promise<Preview> {
  const planned = untilNotOvertaken(() => look(context, input, caller));
  return planned.catch((error: unknown) => {
    if (error instanceof Unmeant) return error.preview;
    throw error;
  });
}

/** Locks no pool: nothing is kept of it, and others wait for its names already. */
function look(context: Context, input: DatabaseCreateInput, caller: Caller): Promise<Preview> {
  return context.store.transaction<Preview>(async (tx) => {
    const resolved = await resolve(tx, caller, input);
    const candidates = await listCandidates(tx, resolved, input.serverId);
    if (!candidates.some(({ fits }) => fits)) return { candidates, planned: null };
    throw new Unmeant({ candidates, planned: await planCreate(context, tx, input, caller) });
  });
}

/** Rolls back the transaction whose outcome it carries. */
class Unmeant extends Error {
  readonly preview: Preview;

  constructor(preview: Preview) {
    super('This transaction was never meant to be committed.');
    this.preview = preview;
  }
}

async function planCreate(context: Context, tx: Nouns, input: DatabaseCreateInput, requester: Caller) {
  const plan = await databaseCreate.plan(planningOf(context, tx, requester, false), input);
  const database = 'joins' in plan ? null : await tx.databases.find(plan.databaseId ?? '');
  if ('joins' in plan || database === null) throw new PlatformError('internal', 'A planned create has no database.');
  return { serverId: plan.serverId, engineName: database.engine_name, stepNames: plan.stepNames };
}
