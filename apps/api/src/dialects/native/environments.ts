// Environments: run by operators, seen by all who may ask for a database in them.
import { createEnvironment, deleteEnvironment, showEnvironment, updateEnvironment } from '@berth/actions';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import { changeOf, newName, ofName, pageOf, pageQuery, quarantineDays, showPage } from './fields';
import { environmentLimitOf, getById, idOfPath, noSuch } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { environmentShape } from './shapes/operated';

const newEnvironment = z.strictObject({ name: newName, quarantine_days: quarantineDays.default(null) });
const environmentChange = changeOf({ name: newName.exactOptional(), quarantine_days: quarantineDays.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, name: ofName });

const about = { tag: 'Environments', noun: 'environment' } as const;

export const environmentEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/environments',
    id: 'listEnvironments',
    summary: 'List environments',
    scopes: READ,
    query: listQuery,
    answers: lists(environmentShape),
    handle: listEnvironments,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/environments',
    id: 'createEnvironment',
    summary: 'Make an environment',
    scopes: OPERATE,
    body: newEnvironment,
    answers: makes(environmentShape),
    errors: ['name_taken'],
    examples: { 'two weeks of quarantine': { body: { name: 'staging', quarantine_days: 14 } } },
    handle: makeEnvironment,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/environments/:id',
    id: 'getEnvironment',
    summary: 'Show an environment',
    scopes: READ,
    answers: shows(environmentShape),
    handle: getEnvironment,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/environments/:id',
    id: 'updateEnvironment',
    summary: 'Change an environment',
    scopes: OPERATE,
    body: environmentChange,
    answers: shows(environmentShape),
    errors: ['name_taken'],
    examples: { 'without quarantine': { body: { quarantine_days: 0 } } },
    handle: changeEnvironment,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/environments/:id',
    id: 'deleteEnvironment',
    summary: 'Delete an environment that nothing uses',
    scopes: OPERATE,
    answers: isGone,
    errors: ['in_use'],
    handle: removeEnvironment,
  }),
];

async function listEnvironments(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, ...asked } = call.query;
  const onlyId = environmentLimitOf(call.caller);
  const filter = { ...asked, ...(onlyId !== null && { id: onlyId }) };
  call.response.json(showPage(await api.store.environments.list(filter, pageOf({ cursor, limit })), showEnvironment));
}

async function makeEnvironment(api: ApiContext, call: AskedWith<typeof newEnvironment>): Promise<void> {
  const fields = call.body;
  await answerOnce(api, call, call.caller, async (asked) => {
    const environment = await createEnvironment(api, asked, fields);
    return created(call, `/environments/${environment.id}`, showEnvironment(environment));
  });
}

async function getEnvironment(api: ApiContext, call: Asked): Promise<void> {
  const { id } = call.request.params;
  const environment = await getById('environment', id, api.store.environments.find);
  if ((environmentLimitOf(call.caller) ?? environment.id) !== environment.id) throw noSuch('environment', id);
  call.response.json(showEnvironment(environment));
}

async function changeEnvironment(api: ApiContext, call: AskedWith<typeof environmentChange>): Promise<void> {
  const change = call.body;
  const id = idOfPath('environment', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showEnvironment(await updateEnvironment(api, asked, id, change))),
  );
}

async function removeEnvironment(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('environment', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await deleteEnvironment(api, asked, id);
    return GONE;
  });
}
