// Plans: run by operators, seen by all who may ask for a database of one.
import { createPlan, deletePlan, showPlan, updatePlan } from '@berth/actions';
import type { PlanFilter } from '@berth/store';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import {
  changeOf,
  fixed,
  newName,
  ofName,
  ofThe,
  pageOf,
  pageQuery,
  quarantineDays,
  reference,
  showPage,
  sizeBytes,
  wholeNumber,
} from './fields';
import { environmentIdOf, environmentLimitOf, getById, idOfPath, noSuch } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { planShape } from './shapes/operated';

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
  engine: ofThe('engine'),
  name: ofName,
  environment: ofThe('environment'),
});

const about = { tag: 'Plans', noun: 'plan' } as const;

export const planEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/plans',
    id: 'listPlans',
    summary: 'List plans',
    scopes: READ,
    query: listQuery,
    answers: lists(planShape),
    errors: ['unknown_reference'],
    handle: listPlans,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/plans',
    id: 'createPlan',
    summary: 'Make a plan',
    scopes: OPERATE,
    body: newPlan,
    answers: makes(planShape),
    errors: ['name_taken', 'unknown_reference'],
    examples: {
      'ten gibibytes': {
        body: { name: 'medium', engine: 'postgresql', size_bytes_max: 10_737_418_240, connections_max: 20 },
      },
    },
    handle: makePlan,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/plans/:id',
    id: 'getPlan',
    summary: 'Show a plan',
    scopes: READ,
    answers: shows(planShape),
    handle: getPlan,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/plans/:id',
    id: 'updatePlan',
    summary: 'Change a plan',
    scopes: OPERATE,
    body: planChange,
    answers: shows(planShape),
    errors: ['name_taken', 'unknown_reference'],
    examples: { 'more connections': { body: { connections_max: 40 } } },
    handle: changePlan,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/plans/:id',
    id: 'deletePlan',
    summary: 'Delete a plan that nothing uses',
    scopes: OPERATE,
    answers: isGone,
    errors: ['in_use'],
    handle: removePlan,
  }),
];

async function listPlans(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, environment, ...asked } = call.query;
  const environmentId =
    environment === undefined
      ? environmentLimitOf(call.caller)
      : await environmentIdOf(api.store, call.caller, environment);
  const filter: PlanFilter = { ...asked, ...(environmentId !== null && { environmentId }) };
  call.response.json(showPage(await api.store.plans.list(filter, pageOf({ cursor, limit })), showPlan));
}

async function makePlan(api: ApiContext, call: AskedWith<typeof newPlan>): Promise<void> {
  const fields = call.body;
  await answerOnce(api, call, call.caller, async (asked) => {
    const plan = await createPlan(api, asked, fields);
    return created(call, `/plans/${plan.id}`, showPlan(plan));
  });
}

async function getPlan(api: ApiContext, call: Asked): Promise<void> {
  const { id } = call.request.params;
  const plan = await getById('plan', id, api.store.plans.find);
  const onlyId = environmentLimitOf(call.caller);
  const isOpen = plan.environments.length === 0 || plan.environments.some((row) => row.environment.id === onlyId);
  if (onlyId !== null && !isOpen) throw noSuch('plan', id);
  call.response.json(showPlan(plan));
}

async function changePlan(api: ApiContext, call: AskedWith<typeof planChange>): Promise<void> {
  const { engine: _, ...change } = call.body;
  const id = idOfPath('plan', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showPlan(await updatePlan(api, asked, id, change))),
  );
}

async function removePlan(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('plan', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await deletePlan(api, asked, id);
    return GONE;
  });
}
