// Accesses: tokens, run by operators. A token is in the answer that makes it, and in no other.
import { createAccess, type Issued, revokeAccess, rotateAccess, showAccess, updateAccess } from '@berth/actions';
import { SCOPES } from '@berth/core';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import {
  changeOf,
  fixed,
  flag,
  instant,
  newName,
  ofName,
  ofThe,
  pageOf,
  pageQuery,
  reference,
  showPage,
  wholeNumber,
} from './fields';
import { getById, idOfPath, teamIdOf } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { accessShape, issuedShape } from './shapes/operated';

const GRACE_S_MAX = 24 * 60 * 60;

const scopes = z
  .array(z.enum(SCOPES))
  .min(1, `must name one or more of ${SCOPES.join(', ')}`)
  .refine((list) => new Set(list).size === list.length, 'must name each once');
const choice = reference.nullable().exactOptional();
const settings = {
  limits: z
    .strictObject({ project: choice, environment: choice })
    .exactOptional()
    .describe('It sees and changes nothing outside.'),
  defaults: z
    .strictObject({ engine: choice, plan: choice, environment: choice, project: choice, pool: choice })
    .exactOptional()
    .describe('What a request for a database leaves out.'),
  sees_quarantine: z.boolean().exactOptional(),
  expires_at: instant.nullable().exactOptional(),
};

const newAccess = z.strictObject({
  team: reference.exactOptional(),
  name: newName,
  person: reference.describe('Who answers for it; the audit names them.'),
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
const rotation = z.strictObject({
  grace_seconds: wholeNumber(0, GRACE_S_MAX).default(0).describe('How long the token before is taken as well.'),
});
const listQuery = z.strictObject({
  ...pageQuery,
  team: ofThe('team'),
  name: ofName,
  revoked: flag.exactOptional().describe('Those that were revoked in place of those that were not.'),
});

const about = { tag: 'Accesses', noun: 'access' } as const;

export const accessEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/accesses',
    id: 'listAccesses',
    summary: 'List accesses',
    scopes: OPERATE,
    query: listQuery,
    answers: lists(accessShape),
    errors: ['unknown_reference'],
    handle: listAccesses,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/accesses',
    id: 'createAccess',
    summary: 'Make an access',
    scopes: OPERATE,
    body: newAccess,
    answers: makes(issuedShape),
    errors: ['name_taken', 'unknown_reference', 'disagree'],
    examples: {
      'for a pipeline': {
        body: {
          name: 'ci',
          person: 'ci@example.org',
          scopes: ['public', 'admin'],
          limits: { environment: 'development' },
          defaults: { engine: 'postgresql', plan: 'small' },
          expires_at: '2099-12-31T00:00:00.000Z',
        },
      },
    },
    handle: makeAccess,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/accesses/:id',
    id: 'getAccess',
    summary: 'Show an access',
    scopes: OPERATE,
    answers: shows(accessShape),
    handle: getAccess,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/accesses/:id',
    id: 'updateAccess',
    summary: 'Change an access',
    scopes: OPERATE,
    body: accessChange,
    answers: shows(accessShape),
    errors: ['name_taken', 'unknown_reference', 'disagree', 'contradicts', 'in_use'],
    examples: { 'may only read': { body: { scopes: ['public'] } } },
    handle: changeAccess,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/accesses/:id',
    id: 'revokeAccess',
    summary: 'Revoke a token for good',
    scopes: OPERATE,
    answers: isGone,
    errors: ['in_use', 'contradicts'],
    handle: removeAccess,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/accesses/:id/rotate',
    id: 'rotateAccess',
    summary: 'Make another token for an access',
    description: 'The token before is taken for `grace_seconds` more, so that it can be exchanged without a gap.',
    scopes: OPERATE,
    body: rotation,
    answers: shows(issuedShape, 'Its token is shown this once.'),
    errors: ['contradicts'],
    examples: { 'an hour to exchange it': { body: { grace_seconds: 3600 } } },
    handle: rotate,
  }),
];

async function listAccesses(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, name, revoked, team } = call.query;
  const filter = {
    isRevoked: revoked === 'true',
    ...(team !== undefined && { teamId: await teamIdOf(api.store, call.caller, team) }),
    ...(name !== undefined && { name }),
  };
  call.response.json(showPage(await api.store.accesses.list(filter, pageOf({ cursor, limit })), showAccess));
}

async function makeAccess(api: ApiContext, call: AskedWith<typeof newAccess>): Promise<void> {
  const fields = call.body;
  await answerOnce(api, call, call.caller, async (asked) => {
    const issued = await createAccess(api, asked, fields);
    return created(call, `/accesses/${issued.access.id}`, showIssued(issued));
  });
}

async function getAccess(api: ApiContext, call: Asked): Promise<void> {
  call.response.json(showAccess(await getById('access', call.request.params.id, api.store.accesses.findView)));
}

async function changeAccess(api: ApiContext, call: AskedWith<typeof accessChange>): Promise<void> {
  const { team: _team, person: _person, ...change } = call.body;
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showAccess(await updateAccess(api, asked, id, change))),
  );
}

async function removeAccess(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await revokeAccess(api, asked, id);
    return GONE;
  });
}

async function rotate(api: ApiContext, call: AskedWith<typeof rotation>): Promise<void> {
  const { grace_seconds: graceS } = call.body;
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showIssued(await rotateAccess(api, asked, id, graceS))),
  );
}

/** The only answers that hold a token. */
function showIssued({ access, token }: Issued) {
  return { ...showAccess(access), token: token.reveal() };
}
