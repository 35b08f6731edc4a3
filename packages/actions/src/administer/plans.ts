// Plans: made, changed and deleted by operators. New limits hold for what is made or moved to the plan afterwards.
import type { NamedPlan, Nouns, PlanFields } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { readEngine } from '../resolve';
import { audited, existing, held, refuseUses } from './audited';
import { showPlan } from './show';

/** Names or ids; none means all. */
interface Environments {
  environments: string[];
}

/** Throws `unknown_reference`, `name_taken`. */
export async function createPlan(
  context: Context,
  caller: Caller,
  { engine, environments, ...fields }: PlanFields & Environments & { engine: string },
): Promise<NamedPlan> {
  const { plan } = await audited(context, caller, 'plan_create', async (tx) => {
    const ids = await holdEnvironments(tx, environments);
    const plan = await tx.plans.insert({ ...fields, engine: readEngine(engine) }, ids);
    return { plan, teamId: null, subjectId: plan.id, before: null, after: showPlan(plan) };
  });
  return plan;
}

/** Throws `not_found`, `unknown_reference`, `name_taken`. */
export async function updatePlan(
  context: Context,
  caller: Caller,
  id: string,
  { environments, ...change }: Partial<PlanFields & Environments>,
): Promise<NamedPlan> {
  const { plan } = await audited(context, caller, 'plan_update', async (tx) => {
    await tx.plans.lock(id);
    const before = showPlan(existing('plan', id, await tx.plans.find(id)));
    const ids = environments === undefined ? undefined : await holdEnvironments(tx, environments);
    const plan = await tx.plans.update(id, change, ids);
    return { plan, teamId: null, subjectId: id, before, after: showPlan(plan) };
  });
  return plan;
}

/** Throws `not_found`; `in_use` while databases have it. */
export async function deletePlan(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'plan_delete', async (tx) => {
    await tx.plans.lock(id);
    const plan = existing('plan', id, await tx.plans.find(id));
    refuseUses(`plan ${plan.name}`, await tx.plans.listUses(id), 'Give these another plan, or delete them, first.');
    await tx.plans.dropDefaults(id);
    await tx.plans.retire(id);
    return { teamId: null, subjectId: id, before: showPlan(plan), after: null };
  });
}

async function holdEnvironments(tx: Nouns, asked: string[]): Promise<string[]> {
  const ids = new Set<string>();
  for (const each of asked) {
    const environment = await tx.catalog.findEnvironment(each);
    ids.add((await held(tx.environments, 'environments', each, environment)).id);
  }
  return [...ids];
}
