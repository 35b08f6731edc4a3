// Accesses, run by operators. What one is opened with is in the answer that makes it, and in no other.
import { createAccess, type Issued, revokeAccess, rotateAccess, showAccess, updateAccess } from '@berth/actions';
import { ACCESS_KINDS, isLogin, PASSWORD_LENGTH, problemOfPassword, SCOPES, Secret, uuidOf } from '@berth/core';
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
  idOf,
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
import {
  accessShape,
  issuedKeyShape,
  issuedLoginShape,
  issuedOfAnyKind,
  issuedSessionShape,
  issuedSignerShape,
  rotatedOfAnyKind,
} from './shapes/access';
import { isGone, lists, makes, shows } from './shapes/answers';

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
  sees_quarantine: z
    .boolean()
    .exactOptional()
    .describe('Through APIs whose clients do not see what is in quarantine (Globo), it does, and may bring it back.'),
  expires_at: instant.nullable().exactOptional(),
};

const login = z
  .string()
  .refine(isLogin, 'must be 1 to 64 of A-Z, a-z, 0-9, _, ., @, + and -')
  .describe('For kind `basic`: unique, letter by letter. Default: the name.');
const { min, max } = PASSWORD_LENGTH;
const password = z
  .string()
  .refine((text) => problemOfPassword(text) !== 'characters', 'must not hold control characters')
  .refine((text) => problemOfPassword(text) !== 'length', `must have ${min} to ${max} characters`)
  .transform((text) => new Secret(text))
  .meta({ minLength: min, maxLength: max })
  .describe(
    'For kind `basic`, where its owner chose one; it goes in and never comes out. Default: one is made, and shown.',
  );

const newAccess = z.strictObject({
  team: reference.exactOptional(),
  name: newName,
  kind: z
    .enum(ACCESS_KINDS)
    .default('bearer')
    .describe(
      'How it is opened, which each API asks for in its own way: by a token; by a login and a password (HTTP Basic); by the id and the secret of a session; by requests signed with a key; by a token that is exchanged for signed ones. The last three may not have the scope `operator`.',
    ),
  login: login.exactOptional(),
  password: password.exactOptional(),
  person: reference.describe('Who answers for it; the audit names them.'),
  scopes,
  ...settings,
});
const accessChange = changeOf({
  name: newName.exactOptional(),
  scopes: scopes.exactOptional(),
  team: fixed('make another access'),
  person: fixed('make another access'),
  kind: fixed('make another access'),
  login: fixed('make another access'),
  password: fixed('rotate the access'),
  ...settings,
});
const rotation = z.strictObject({
  grace_seconds: wholeNumber(0, GRACE_S_MAX)
    .default(0)
    .describe('For kind `bearer`: how long the token before is taken as well.'),
  password: password.exactOptional(),
});
const listQuery = z.strictObject({
  ...pageQuery,
  team: ofThe('team'),
  name: ofName,
  kind: z
    .enum(ACCESS_KINDS)
    .exactOptional()
    .describe(
      'Only those of this kind. Sessions that logins opened are listed with `session`, or by their login, alone.',
    ),
  parent_id: idOf('access').exactOptional().describe('Only the sessions that this login opened.'),
  revoked: flag.exactOptional().describe('Those that were revoked in place of those that were not.'),
});

const PIPELINE = {
  name: 'ci',
  person: 'ci@example.org',
  scopes: ['public', 'admin'],
  limits: { environment: 'development' },
  defaults: { engine: 'postgresql', plan: 'small', environment: 'development', project: 'default' },
  expires_at: '2099-12-31T00:00:00.000Z',
};

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
    answers: makes(issuedOfAnyKind),
    errors: ['name_taken', 'unknown_reference', 'disagree'],
    examples: {
      'for a pipeline': { body: PIPELINE },
      'with a login': { body: { ...PIPELINE, kind: 'basic', login: 'ci' }, shows: issuedLoginShape },
      'a session': { body: { ...PIPELINE, kind: 'session' }, shows: issuedSessionShape },
      'a key that signs requests': { body: { ...PIPELINE, kind: 'cosmos_key' }, shows: issuedKeyShape },
      'a signer of tokens': { body: { ...PIPELINE, kind: 'jwt_signer' }, shows: issuedSignerShape },
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
    summary: 'Revoke an access for good',
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
    summary: 'Make another token, password or key for an access',
    description:
      'The token of a `bearer` access is taken for `grace_seconds` more, so that it can be exchanged without a gap. All else ends at once: a password with the sessions that it opened, a key, and what a signer signed. A session is not rotated: make another.',
    scopes: OPERATE,
    body: rotation,
    answers: shows(rotatedOfAnyKind, 'Its token or key, or the password that was made, is shown this once.'),
    errors: ['contradicts'],
    examples: {
      'an hour to exchange it': { body: { grace_seconds: 3600 } },
      'of a login': { shows: issuedLoginShape },
      'of a key': { shows: issuedKeyShape },
      'of a signer': { shows: issuedSignerShape },
    },
    handle: rotate,
  }),
];

async function listAccesses(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, parent_id: parentId, revoked, team, ...rest } = call.query;
  const filter = {
    ...rest,
    isRevoked: revoked === 'true',
    ...(team !== undefined && { teamId: await teamIdOf(api.store, call.caller, team) }),
    ...(parentId !== undefined && { parentId }),
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
  const { team: _team, person: _person, kind: _kind, login: _login, password: _password, ...change } = call.body;
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
  const { grace_seconds: graceS, ...chosen } = call.body;
  const id = idOfPath('access', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showIssued(await rotateAccess(api, asked, id, { graceS, ...chosen }))),
  );
}

/** The only answers that hold what it is opened with. */
function showIssued(issued: Issued) {
  return { ...showAccess(issued.access), ...openedWith(issued) };
}

function openedWith({ access: { id, kind }, made }: Issued) {
  if (made === null) return {};
  const shown = made.reveal();
  if (kind === 'session') return { session_id: uuidOf(id), session_secret: shown };
  if (kind === 'basic') return { password: shown };
  return kind === 'cosmos_key' ? { key: shown } : { token: shown };
}
