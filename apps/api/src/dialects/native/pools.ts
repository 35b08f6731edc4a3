// Pools: run by operators, seen by all who may ask for a database in one.
import { createPool, deletePool, showPool, updatePool } from '@berth/actions';
import type { PoolFilter } from '@berth/store';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import { changeOf, fixed, newName, ofName, ofThe, pageOf, pageQuery, reference, showPage, wholeNumber } from './fields';
import { environmentIdOf, environmentLimitOf, getById, idOfPath, noSuch } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { poolShape } from './shapes/operated';

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
  engine: ofThe('engine'),
  name: ofName,
  environment: ofThe('environment'),
});

const about = { tag: 'Pools', noun: 'pool' } as const;

export const poolEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/pools',
    id: 'listPools',
    summary: 'List pools',
    scopes: READ,
    query: listQuery,
    answers: lists(poolShape),
    errors: ['unknown_reference'],
    handle: listPools,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/pools',
    id: 'createPool',
    summary: 'Make a pool',
    scopes: OPERATE,
    body: newPool,
    answers: makes(poolShape),
    errors: ['name_taken', 'unknown_reference'],
    examples: {
      'a fifth left free': {
        body: { name: 'postgresql-reserve', engine: 'postgresql', environment: 'production', headroom_percent: 20 },
      },
    },
    handle: makePool,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/pools/:id',
    id: 'getPool',
    summary: 'Show a pool',
    scopes: READ,
    answers: shows(poolShape),
    handle: getPool,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/pools/:id',
    id: 'updatePool',
    summary: 'Change a pool',
    scopes: OPERATE,
    body: poolChange,
    answers: shows(poolShape),
    errors: ['name_taken'],
    examples: { 'more left free': { body: { headroom_percent: 30 } } },
    handle: changePool,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/pools/:id',
    id: 'deletePool',
    summary: 'Delete a pool that nothing uses',
    scopes: OPERATE,
    answers: isGone,
    errors: ['in_use'],
    handle: removePool,
  }),
];

async function listPools(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, environment, ...asked } = call.query;
  const environmentId =
    environment === undefined
      ? environmentLimitOf(call.caller)
      : await environmentIdOf(api.store, call.caller, environment);
  const filter: PoolFilter = { ...asked, ...(environmentId !== null && { environment_id: environmentId }) };
  call.response.json(showPage(await api.store.pools.list(filter, pageOf({ cursor, limit })), showPool));
}

async function makePool(api: ApiContext, call: AskedWith<typeof newPool>): Promise<void> {
  const fields = call.body;
  await answerOnce(api, call, call.caller, async (asked) => {
    const pool = await createPool(api, asked, fields);
    return created(call, `/pools/${pool.id}`, showPool(pool));
  });
}

async function getPool(api: ApiContext, call: Asked): Promise<void> {
  const { id } = call.request.params;
  const pool = await getById('pool', id, api.store.pools.find);
  if ((environmentLimitOf(call.caller) ?? pool.environment_id) !== pool.environment_id) throw noSuch('pool', id);
  call.response.json(showPool(pool));
}

async function changePool(api: ApiContext, call: AskedWith<typeof poolChange>): Promise<void> {
  const { engine: _engine, environment: _environment, ...change } = call.body;
  const id = idOfPath('pool', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showPool(await updatePool(api, asked, id, change))),
  );
}

async function removePool(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('pool', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await deletePool(api, asked, id);
    return GONE;
  });
}
