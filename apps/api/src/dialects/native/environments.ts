// Environments: run by operators, seen by all who may ask for a database in them.
import { createEnvironment, deleteEnvironment, showEnvironment, updateEnvironment } from '@berth/actions';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { changeOf, newName, nothing, pageOf, pageQuery, quarantineDays, reference, showPage } from './fields';
import { environmentLimitOf, getById, idOfPath, noSuch } from './reach';

const newEnvironment = z.strictObject({ name: newName, quarantine_days: quarantineDays.default(null) });
const environmentChange = changeOf({ name: newName.exactOptional(), quarantine_days: quarantineDays.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, name: reference.exactOptional() });

export function environmentRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/environments', handle: (call) => listEnvironments(api, call) },
    { method: 'post', path: '/environments', handle: (call) => makeEnvironment(api, call) },
    { method: 'get', path: '/environments/:id', handle: (call) => getEnvironment(api, call) },
    { method: 'patch', path: '/environments/:id', handle: (call) => changeEnvironment(api, call) },
    { method: 'delete', path: '/environments/:id', handle: (call) => removeEnvironment(api, call) },
  ];
}

async function listEnvironments(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const { cursor, limit, ...asked } = parse(listQuery, call.request.query);
  const onlyId = environmentLimitOf(access);
  const filter = { ...asked, ...(onlyId !== null && { id: onlyId }) };
  call.response.json(showPage(await api.store.environments.list(filter, pageOf({ cursor, limit })), showEnvironment));
}

async function makeEnvironment(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newEnvironment, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const environment = await createEnvironment(api, asked, fields);
    return created(call, `/environments/${environment.id}`, showEnvironment(environment));
  });
}

async function getEnvironment(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  const { id } = call.request.params;
  const environment = await getById('environment', id, api.store.environments.find);
  if ((environmentLimitOf(access) ?? environment.id) !== environment.id) throw noSuch('environment', id);
  call.response.json(showEnvironment(environment));
}

async function changeEnvironment(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const change = parse(environmentChange, (await readBody(call)) ?? {});
  const id = idOfPath('environment', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) =>
    changed(showEnvironment(await updateEnvironment(api, asked, id, change))),
  );
}

async function removeEnvironment(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('environment', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deleteEnvironment(api, asked, id);
    return GONE;
  });
}
