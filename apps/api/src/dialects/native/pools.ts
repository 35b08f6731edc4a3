// Pools: run by operators, seen by all who may ask for a database in one.
import { createPool, deletePool, showPool, updatePool } from '@berth/actions';
import type { PoolFilter } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { changeOf, fixed, newName, nothing, pageOf, pageQuery, reference, showPage, wholeNumber } from './fields';
import { environmentIdOf, environmentLimitOf, getById, idOfPath, noSuch } from './reach';

const HEADROOM_PERCENT_MAX = 90;
const OVERCOMMIT_MAX = 1_000;

const headroom = wholeNumber(0, HEADROOM_PERCENT_MAX).exactOptional();
const overcommit = wholeNumber(1, OVERCOMMIT_MAX).exactOptional();

const newPool = z.strictObject({
  name: newName,
  engine: reference,
  environment: reference,
  headroom_percent: headroom,
  connections_overcommit: overcommit,
});
const poolChange = changeOf({
  name: newName.exactOptional(),
  engine: fixed('make another pool'),
  environment: fixed('make another pool, and move the servers'),
  headroom_percent: headroom,
  connections_overcommit: overcommit,
});
const listQuery = z.strictObject({
  ...pageQuery,
  engine: reference.exactOptional(),
  name: reference.exactOptional(),
  environment: reference.exactOptional(),
});

export function poolRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/pools', handle: (call) => listPools(api, call) },
    { method: 'post', path: '/pools', handle: (call) => makePool(api, call) },
    { method: 'get', path: '/pools/:id', handle: (call) => getPool(api, call) },
    { method: 'patch', path: '/pools/:id', handle: (call) => changePool(api, call) },
    { method: 'delete', path: '/pools/:id', handle: (call) => removePool(api, call) },
  ];
}

async function listPools(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const { cursor, limit, environment, ...asked } = parse(listQuery, call.request.query);
  const environmentId =
    environment === undefined ? environmentLimitOf(access) : await environmentIdOf(api.store, access, environment);
  const filter: PoolFilter = { ...asked, ...(environmentId !== null && { environment_id: environmentId }) };
  call.response.json(showPage(await api.store.pools.list(filter, pageOf({ cursor, limit })), showPool));
}

async function makePool(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newPool, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const pool = await createPool(api, asked, fields);
    return created(call, `/pools/${pool.id}`, showPool(pool));
  });
}

async function getPool(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  const { id } = call.request.params;
  const pool = await getById('pool', id, api.store.pools.find);
  if ((environmentLimitOf(access) ?? pool.environment_id) !== pool.environment_id) throw noSuch('pool', id);
  call.response.json(showPool(pool));
}

async function changePool(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const { engine: _engine, environment: _environment, ...change } = parse(poolChange, (await readBody(call)) ?? {});
  const id = idOfPath('pool', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => changed(showPool(await updatePool(api, asked, id, change))));
}

async function removePool(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('pool', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deletePool(api, asked, id);
    return GONE;
  });
}
