// Plans: run by operators, seen by all who may ask for a database of one.
import { createPlan, deletePlan, showPlan, updatePlan } from '@berth/actions';
import type { PlanFilter } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import {
  changeOf,
  fixed,
  newName,
  nothing,
  pageOf,
  pageQuery,
  quarantineDays,
  reference,
  showPage,
  sizeBytes,
  wholeNumber,
} from './fields';
import { environmentIdOf, environmentLimitOf, getById, idOfPath, noSuch } from './reach';

/** Of one database. No server of any engine takes more. */
const CONNECTIONS_MAX = 100_000;
const ENVIRONMENTS_MAX = 64;

const connections = wholeNumber(1, CONNECTIONS_MAX);
const environments = z.array(reference).max(ENVIRONMENTS_MAX, `may have ${ENVIRONMENTS_MAX} entries`);

const newPlan = z.strictObject({
  name: newName,
  engine: reference,
  size_bytes_max: sizeBytes,
  connections_max: connections,
  quarantine_days: quarantineDays.default(null),
  environments: environments.default([]),
});
const planChange = changeOf({
  name: newName.exactOptional(),
  engine: fixed('make another plan'),
  size_bytes_max: sizeBytes.exactOptional(),
  connections_max: connections.exactOptional(),
  quarantine_days: quarantineDays.exactOptional(),
  environments: environments.exactOptional(),
});
const listQuery = z.strictObject({
  ...pageQuery,
  engine: reference.exactOptional(),
  name: reference.exactOptional(),
  environment: reference.exactOptional(),
});

export function planRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/plans', handle: (call) => listPlans(api, call) },
    { method: 'post', path: '/plans', handle: (call) => makePlan(api, call) },
    { method: 'get', path: '/plans/:id', handle: (call) => getPlan(api, call) },
    { method: 'patch', path: '/plans/:id', handle: (call) => changePlan(api, call) },
    { method: 'delete', path: '/plans/:id', handle: (call) => removePlan(api, call) },
  ];
}

async function listPlans(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const { cursor, limit, environment, ...asked } = parse(listQuery, call.request.query);
  const environmentId =
    environment === undefined ? environmentLimitOf(access) : await environmentIdOf(api.store, access, environment);
  const filter: PlanFilter = { ...asked, ...(environmentId !== null && { environmentId }) };
  call.response.json(showPage(await api.store.plans.list(filter, pageOf({ cursor, limit })), showPlan));
}

async function makePlan(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newPlan, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const plan = await createPlan(api, asked, fields);
    return created(call, `/plans/${plan.id}`, showPlan(plan));
  });
}

async function getPlan(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  const { id } = call.request.params;
  const plan = await getById('plan', id, api.store.plans.find);
  const onlyId = environmentLimitOf(access);
  const isOpen = plan.environments.length === 0 || plan.environments.some((row) => row.environment.id === onlyId);
  if (onlyId !== null && !isOpen) throw noSuch('plan', id);
  call.response.json(showPlan(plan));
}

async function changePlan(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const { engine: _, ...change } = parse(planChange, (await readBody(call)) ?? {});
  const id = idOfPath('plan', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => changed(showPlan(await updatePlan(api, asked, id, change))));
}

async function removePlan(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('plan', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deletePlan(api, asked, id);
    return GONE;
  });
}
