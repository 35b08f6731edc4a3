// Plans, as links in requests name them. They are the operators' to make.
import { ENGINES, PlatformError } from '@berth/core';
import type { Access, Environment, PlanView, Store } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { engineTypeUrl } from './engine-kinds';
import { listEnvironments } from './environments';
import { askedPage, readPage, slice } from './pages';

export function planRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/plan/', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/plan/:id/', handle: (call) => answerOne(api, call) },
  ];
}

/** The plan of this number among those that can be used inside the limits of the access; null when there is none. */
export async function findPlan(store: Store, access: Access, number: number): Promise<PlanView | null> {
  return (await listPlans(store, await listEnvironments(store, access))).find((plan) => plan.number === number) ?? null;
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const environments = await listEnvironments(api.store, access);
  const page = askedPage(call);
  const { data, total } = await readPage(page, slice(await listPlans(api.store, environments)));
  const shown = data.map((plan) => ({
    _links: { self: linkTo(call, `/plan/${plan.number}/`) },
    ...show(call, plan, access, environments),
  }));
  sendPage(call, 'plan', page, { data: shown, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const plan = await findPlan(api.store, access, wholeNumberOf(call.request.params.id) ?? 0);
  if (plan === null) throw new PlatformError('not_found', 'There is no plan of this id.');
  const environments = await listEnvironments(api.store, access);
  sendOne(call, `/plan/${plan.number}/`, show(call, plan, access, environments));
}

/** Oldest first. */
async function listPlans(store: Store, environments: Environment[]): Promise<PlanView[]> {
  const plans: PlanView[] = [];
  for (const engine of ENGINES) plans.push(...(await store.catalog.listPlans(engine)));
  const usable = plans.filter((plan) => environmentsOf(plan, environments).length > 0);
  return usable.sort((one, other) => one.number - other.number);
}

/** A plan with none may be used in all. */
function environmentsOf(plan: PlanView, environments: Environment[]): Environment[] {
  const allowed = plan.environments.map((row) => row.environment_id);
  return environments.filter(({ id }) => allowed.length === 0 || allowed.includes(id));
}

function show(call: Call, plan: PlanView, access: Access, environments: Environment[]) {
  const { connections_max, engine, id, name, number, size_bytes_max } = plan;
  return {
    id: number,
    name,
    description: `${engine}: ${size_bytes_max} bytes, ${connections_max} connections`,
    is_active: true,
    is_default: id === access.default_plan_id,
    engine_type: engineTypeUrl(call, engine),
    environments: environmentsOf(plan, environments).map((each) => linkTo(call, `/environment/${each.number}/`)),
  };
}
