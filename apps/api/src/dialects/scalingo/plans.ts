// Plans as the product's catalogue has them. They are the operators' to make; those that the access cannot use are not there.
import type { EngineName } from '@berth/core';
import type { Access, PlanView, Store } from '@berth/store';
import { objectIdOf } from './ids';

/** The environment that new databases are in: the access's default one, or the only one that it reaches; null when it has neither. */
export function placeOf({ default_environment_id, limit_environment_id }: Access): string | null {
  return default_environment_id ?? limit_environment_id;
}

/** Those of an engine that a new database of this access may have, the smallest first; of null, all of the engine. */
export async function listPlans({ catalog }: Store, access: Access | null, engine: EngineName): Promise<PlanView[]> {
  const plans = await catalog.listPlans(engine);
  if (access === null) return plans;
  const place = placeOf(access);
  return plans.filter(({ environments }) => {
    return environments.length === 0 || environments.some((each) => each.environment_id === place);
  });
}

/** By its name or its id; null when there is none among those. */
export async function findPlan(store: Store, access: Access, engine: EngineName, asked: string) {
  const plans = await listPlans(store, access, engine);
  return plans.find(({ name }) => name === asked) ?? plans.find((plan) => objectIdOf(plan) === asked) ?? null;
}

/** `position` is its place among the others. */
export function showPlan(plan: PlanView, position: number) {
  const { connections_max, name, size_bytes_max } = plan;
  return {
    id: objectIdOf(plan),
    name,
    display_name: name,
    description: `${size_bytes_max} bytes, ${connections_max} connections`,
    position,
    on_demand: false,
    disabled: false,
    disabled_alternative_plan_id: null,
    sku: '',
    hds_available: false,
  };
}
