// Pools: made, changed and deleted by operators.
import type { PoolFields, PoolView } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { readEngine } from '../resolve';
import { audited, existing, held, refuseUses } from './audited';
import { showPool } from './show';

/** Throws `unknown_reference`, `name_taken`. */
export async function createPool(
  context: Context,
  caller: Caller,
  {
    engine,
    environment: asked,
    ...fields
  }: { name: string; engine: string; environment: string } & Partial<PoolFields>,
): Promise<PoolView> {
  const { pool } = await audited(context, caller, 'pool_create', async (tx) => {
    const found = await tx.catalog.findEnvironment(asked);
    const environment = await held(tx.environments, 'environment', asked, found);
    const pool = await tx.pools.insert({ ...fields, engine: readEngine(engine), environment_id: environment.id });
    return { pool, teamId: null, subjectId: pool.id, before: null, after: showPool(pool) };
  });
  return pool;
}

/** Throws `not_found`, `name_taken`. */
export async function updatePool(
  context: Context,
  caller: Caller,
  id: string,
  change: Partial<PoolFields>,
): Promise<PoolView> {
  const { pool } = await audited(context, caller, 'pool_update', async (tx) => {
    await tx.pools.lock(id);
    const before = showPool(existing('pool', id, await tx.pools.find(id)));
    const pool = await tx.pools.update(id, change);
    return { pool, teamId: null, subjectId: id, before, after: showPool(pool) };
  });
  return pool;
}

/** Throws `not_found`; `in_use` while it has servers. */
export async function deletePool(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'pool_delete', async (tx) => {
    await tx.pools.lock(id);
    const pool = existing('pool', id, await tx.pools.find(id));
    refuseUses(`pool ${pool.name}`, await tx.pools.listUses(id), 'Move these to another pool, or delete them, first.');
    await tx.pools.dropDefaults(id);
    await tx.pools.retire(id);
    return { teamId: null, subjectId: id, before: showPool(pool), after: null };
  });
}
