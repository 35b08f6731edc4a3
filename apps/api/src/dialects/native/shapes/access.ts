// Accesses as the native API shows them, and the answers that show what one is opened with. Shown by packages/actions, for the
// audit keeps them in the same form.
import { ACCESS_KINDS, SCOPES, uuidOf } from '@berth/core';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { head, time } from './parts';

const created_at = EXAMPLE_TIMES.installed;

const name = z.string().nullable();
const accessFields = {
  ...head('access'),
  team: z.string(),
  kind: z
    .enum(ACCESS_KINDS)
    .describe(
      'Opened by a token; by a login and a password (HTTP Basic); by the id and the secret of a session; by signatures made with a key; or by a token that is exchanged for signed ones (JWT).',
    ),
  login: z.string().nullable().describe('Of kind `basic`, otherwise null.'),
  parent_id: z
    .string()
    .nullable()
    .describe('Of a session that a login opened: the id of that login, whose rights it has and with which it ends.'),
  person: z.string().describe('Who answers for it; the audit names them.'),
  scopes: z.array(z.enum(SCOPES)),
  limits: z.strictObject({ project: name, environment: name }).describe('It sees and changes nothing outside.'),
  defaults: z
    .strictObject({ engine: name, plan: name, environment: name, project: name, pool: name })
    .describe('What a request for a database leaves out.'),
  sees_quarantine: z.boolean(),
  created_at: time,
  last_used_at: time.nullable(),
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  previous_token_until: time.nullable().describe('How long the token before the last rotation is taken as well.'),
};
const ACCESS = {
  id: EXAMPLE_IDS.access,
  number: 5,
  name: 'ci',
  team: 'first',
  kind: 'bearer' as const,
  login: null,
  parent_id: null,
  person: 'ci@example.org',
  scopes: ['public' as const, 'admin' as const],
  limits: { project: null, environment: 'development' },
  defaults: { engine: 'postgresql', plan: 'small', environment: 'development', project: 'default', pool: null },
  sees_quarantine: false,
  created_at,
  last_used_at: null,
  expires_at: '2099-12-31T00:00:00.000Z',
  revoked_at: null,
  previous_token_until: null,
};

export const accessShape = z.strictObject(accessFields).meta({
  id: 'Access',
  description: 'Who calls and how, without what it is opened with.',
  examples: [ACCESS],
});

/** Of the two answers that hold a token. */
export const issuedShape = z
  .strictObject({
    ...accessFields,
    kind: z.literal('bearer'),
    login: z.null(),
    token: z.string().regex(/^berth_[A-Za-z2-9]{40}$/),
  })
  .meta({
    id: 'IssuedAccess',
    description: 'An access with its token, which is shown this once.',
    examples: [{ ...ACCESS, token: `berth_${'ExampLe2'.repeat(5)}` }],
  });

/** Of the same two for a login. */
export const issuedLoginShape = z
  .strictObject({
    ...accessFields,
    kind: z.literal('basic'),
    login: z.string(),
    password: z
      .string()
      .regex(/^[A-Za-z2-9]{32}$/)
      .exactOptional()
      .describe('Shown this once, if it was made; one that was chosen is not.'),
  })
  .meta({
    id: 'IssuedLogin',
    description: 'An access with its login, and with its password where that was made now.',
    examples: [{ ...ACCESS, kind: 'basic', login: 'ci', password: 'ExampLe2'.repeat(4) }],
  });

const HEX = '0123456789abcdef'.repeat(4);

/** Of the answer that makes a session; there is no other. */
export const issuedSessionShape = z
  .strictObject({
    ...accessFields,
    kind: z.literal('session'),
    login: z.null(),
    session_id: z.uuid().describe('The id of the access as a UUID; no secret.'),
    session_secret: z.string().regex(/^[0-9a-f]{64}$/),
  })
  .meta({
    id: 'IssuedSession',
    description: 'A session with its secret, which is shown this once.',
    examples: [{ ...ACCESS, kind: 'session', session_id: uuidOf(EXAMPLE_IDS.access), session_secret: HEX }],
  });

/** Of the two answers that hold a key that requests are signed with. */
export const issuedKeyShape = z
  .strictObject({
    ...accessFields,
    kind: z.literal('cosmos_key'),
    login: z.null(),
    key: z
      .string()
      .regex(/^[A-Za-z0-9+/]{86}==$/)
      .describe('64 bytes in base64.'),
  })
  .meta({
    id: 'IssuedKey',
    description: 'An access with the key that its requests are signed with, which is shown this once.',
    examples: [{ ...ACCESS, kind: 'cosmos_key', key: `${'Example+'.repeat(10)}Exampl==` }],
  });

/** Of the two answers that hold a token to be exchanged. */
export const issuedSignerShape = z
  .strictObject({
    ...accessFields,
    kind: z.literal('jwt_signer'),
    login: z.null(),
    token: z.string().regex(/^berth_[0-9a-hjkmnp-tv-z]{26}_[0-9a-f]{64}$/),
  })
  .meta({
    id: 'IssuedSigner',
    description: 'An access with the token that is exchanged for signed ones, which is shown this once.',
    examples: [{ ...ACCESS, kind: 'jwt_signer', token: `berth_${EXAMPLE_IDS.access.replace(/^acc_/, '')}_${HEX}` }],
  });

/** What the answer that makes an access holds. */
export const issuedOfAnyKind = z.union([
  issuedShape,
  issuedLoginShape,
  issuedSessionShape,
  issuedKeyShape,
  issuedSignerShape,
]);

/** What the answer that rotates one holds. */
export const rotatedOfAnyKind = z.union([issuedShape, issuedLoginShape, issuedKeyShape, issuedSignerShape]);
