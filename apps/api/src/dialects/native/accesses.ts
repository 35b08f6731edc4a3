// Accesses: tokens, run by operators. A token is in the answer that makes it, and in no other.
import { createAccess, type Issued, revokeAccess, rotateAccess, showAccess, updateAccess } from '@berth/actions';
import { SCOPES } from '@berth/core';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE } from './authenticate';
import { changed, created, GONE } from './created';
import {
  changeOf,
  fixed,
  instant,
  newName,
  nothing,
  pageOf,
  pageQuery,
  reference,
  showPage,
  wholeNumber,
} from './fields';
import { getById, idOfPath, teamIdOf } from './reach';

const GRACE_S_MAX = 24 * 60 * 60;

const scopes = z
  .array(z.enum(SCOPES))
  .min(1, `must name one or more of ${SCOPES.join(', ')}`)
  .refine((list) => new Set(list).size === list.length, 'must name each once');
const choice = reference.nullable().exactOptional();
const settings = {
  limits: z.strictObject({ project: choice, environment: choice }).exactOptional(),
  defaults: z
    .strictObject({ engine: choice, plan: choice, environment: choice, project: choice, pool: choice })
    .exactOptional(),
  sees_quarantine: z.boolean().exactOptional(),
  expires_at: instant.nullable().exactOptional(),
};

const newAccess = z.strictObject({
  team: reference.exactOptional(),
  name: newName,
  person: reference,
  scopes,
  ...settings,
});
const accessChange = changeOf({
  name: newName.exactOptional(),
  scopes: scopes.exactOptional(),
  team: fixed('make another access'),
  person: fixed('make another access'),
  ...settings,
});
const rotation = z.strictObject({ grace_seconds: wholeNumber(0, GRACE_S_MAX).default(0) });
const listQuery = z.strictObject({
  ...pageQuery,
  team: reference.exactOptional(),
  name: reference.exactOptional(),
  revoked: z.enum(['true', 'false']).exactOptional(),
});

export function accessRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/accesses', handle: (call) => listAccesses(api, call) },
    { method: 'post', path: '/accesses', handle: (call) => makeAccess(api, call) },
    { method: 'get', path: '/accesses/:id', handle: (call) => getAccess(api, call) },
    { method: 'patch', path: '/accesses/:id', handle: (call) => changeAccess(api, call) },
    { method: 'delete', path: '/accesses/:id', handle: (call) => removeAccess(api, call) },
    { method: 'post', path: '/accesses/:id/rotate', handle: (call) => rotate(api, call) },
  ];
}

async function listAccesses(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  const { cursor, limit, name, revoked, team } = parse(listQuery, call.request.query);
  const filter = {
    isRevoked: revoked === 'true',
    ...(team !== undefined && { teamId: await teamIdOf(api.store, access, team) }),
    ...(name !== undefined && { name }),
  };
  call.response.json(showPage(await api.store.accesses.list(filter, pageOf({ cursor, limit })), showAccess));
}

async function makeAccess(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newAccess, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const issued = await createAccess(api, asked, fields);
    return created(call, `/accesses/${issued.access.id}`, showIssued(issued));
  });
}

async function getAccess(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  call.response.json(showAccess(await getById('access', call.request.params.id, api.store.accesses.findView)));
}

async function changeAccess(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const { team: _team, person: _person, ...change } = parse(accessChange, (await readBody(call)) ?? {});
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => changed(showAccess(await updateAccess(api, asked, id, change))));
}

async function removeAccess(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await revokeAccess(api, asked, id);
    return GONE;
  });
}

async function rotate(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const { grace_seconds: graceS } = parse(rotation, (await readBody(call)) ?? {});
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => changed(showIssued(await rotateAccess(api, asked, id, graceS))));
}

/** The only answers that hold a token. */
function showIssued({ access, token }: Issued) {
  return { ...showAccess(access), token: token.reveal() };
}
