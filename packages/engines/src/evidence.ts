// What each deed tells of what was seen on the server: exactly these fields on every engine, each with one meaning. They end
// up readable on the action's step (docs/evidence.md), so: names and numbers, never a secret, never a verifier.
import { ROLES } from '@berth/core';
import { z } from 'zod';

const name = z.string();
const names = z.array(name);
const count = z.int().min(0);

const database = name.describe('The database, by its name on the server.');
const login = name.describe('The login, by its name on the server.');
const ended = count.describe('How many sessions were ended; on MongoDB, how many operations.');
const looks = z
  .array(count)
  .describe(
    'How many sessions each look saw; the last two are 0, at least 250 ms apart. Empty where nobody had to look.',
  );
const found = z
  .enum(['free', 'ours', 'foreign'])
  .describe('Whose the name was: nobody’s, Berth’s, or somebody else’s, who is left alone.');
const dropped = z.boolean().describe('Whether it was there, was Berth’s, and is gone.');
const roleBefore = z
  .enum([...ROLES, 'other'])
  .nullable()
  .describe('The role that the login had there before; `other` for rights that are none of the roles, null for none.');
const details = z
  .record(
    z.string(),
    z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string()), z.array(z.number())]),
  )
  .describe('What this engine alone has to tell, in its own words; empty where that is nothing.');

const canMake = z
  .boolean()
  .nullable()
  .describe('Whether the login is let make a table or a collection; null: not tried.');
const canWrite = z
  .boolean()
  .nullable()
  .describe('Whether it is let write; null: not tried, for instance because there is no table.');
const canRead = z.boolean().nullable().describe('Whether it is let read; null likewise.');

const entry = z.strictObject({
  login,
  role: z.enum(ROLES).describe('The role that was tried, and is the one that the server gives the login there.'),
  can_make: canMake,
  can_write: canWrite,
  can_read: canRead,
  tried_on: name
    .nullable()
    .describe('The tenant’s own table that was tried, unchanged; null where there was none, or one was made.'),
  lacks: z
    .string()
    .nullable()
    .describe(
      'What a login that is let in could not do by its tenant’s own doing, in the server’s words; null for nothing.',
    ),
  details,
});

/** The evidence of each verb of the contract that changes or proves something, by the verb's name. */
export const EVIDENCE = {
  ensureServerPrepared: z.strictObject({
    shut: names.describe('System databases that were open to everybody and are shut now.'),
    left_open: names.describe('System databases that stay open to every login, as operators said.'),
    canary_made: z.boolean().describe('Whether the canary database was made now; false: it was there.'),
    open_to_everybody: names.describe(
      'Other databases, or patterns of names, that every login may enter. They are left so.',
    ),
    details,
  }),
  ensureAdopted: z.strictObject({
    database,
    adopted: z.boolean().describe('Whether it became Berth’s now; false: it was before.'),
    left_as_they_are: names.describe('Logins, not Berth’s, that could enter it and still can.'),
    details,
  }),
  ensureLogin: z.strictObject({ login, made: z.boolean().describe('Whether it was made now; false: it was there.') }),
  ensureGrant: z.strictObject({
    database,
    login,
    role: z
      .enum(ROLES)
      .describe('The role that the login has there now or, where a locked login has none, gets when it is unlocked.'),
    role_before: roleBefore,
    ended,
    details,
  }),
  ensurePassword: z.strictObject({ login }),
  ensureLoginLimit: z.strictObject({
    login,
    connections_max: count
      .nullable()
      .describe('How many connections it may have; null where the engine has no such limit.'),
  }),
  endSessions: z.strictObject({ ended, looks, details }),
  removeAccess: z.strictObject({
    locked: names.describe('Logins that are locked now.'),
    shut: z
      .boolean()
      .nullable()
      .describe('Whether the database was there, was Berth’s and is shut; null: none was to be shut.'),
    revoked: names.describe(
      'Logins that had a grant on the database, or one that waited for their lock to end, and lost it.',
    ),
    still_let_in: names
      .nullable()
      .describe(
        'Logins that may still enter, by an operator’s grant that covers other databases too; null: nobody looked, as on MongoDB, where roles of operators’ own making are not looked into. Whoever was given the whole server is an admin, and is not told.',
      ),
    details,
  }),
  removeGrant: z.strictObject({ database, login, role_before: roleBefore, ended, details }),
  removeDatabase: z.strictObject({
    found,
    dropped,
    ended,
    revoked: names.describe('Logins that still had a grant on it, or one that waited for their lock to end.'),
    left: names.describe('What only this database needed and could not be dropped yet.'),
    details,
  }),
  removeLogin: z.strictObject({ found, dropped, ended, looks, details }),
  proveLogin: entry,
  proveEntry: entry,
  proveRefused: z.strictObject({
    refused: z.literal(true).describe('A login that is let in is no evidence, but the end of the step.'),
    reason: z
      .enum(['password', 'locked', 'privilege', 'database closed', 'no such database'])
      .describe('What the server refused it for; the password comes first.'),
    code: z
      .string()
      .nullable()
      .describe('The server’s own code for that, such as `28P01` or `1045`; null where it was not tried.'),
    tried: z
      .boolean()
      .describe(
        'False where the login could not be tried (no connection is left) and the server’s own tables keep it out.',
      ),
  }),
  proveIsolation: z.strictObject({
    refused: names.describe('Databases that refused the login, each with the reason: `berth_canary: privilege`.'),
    not_tried: names.describe(
      'Databases that could not be tried, for no connection is left: the server’s own tables keep the login out of each, unless operators let it stay open.',
    ),
    left_open: names.describe(
      'System databases that let the login in, and stay open to every login, as operators said.',
    ),
    details,
  }),
};

/** The verbs that have evidence. */
export type Deed = keyof typeof EVIDENCE;

export type EvidenceOf<D extends Deed> = z.infer<(typeof EVIDENCE)[D]>;

export type PreparationEvidence = EvidenceOf<'ensureServerPrepared'>;
export type AdoptionEvidence = EvidenceOf<'ensureAdopted'>;
export type LoginEvidence = EvidenceOf<'ensureLogin'>;
export type GrantEvidence = EvidenceOf<'ensureGrant'>;
export type PasswordEvidence = EvidenceOf<'ensurePassword'>;
export type LimitEvidence = EvidenceOf<'ensureLoginLimit'>;
export type SessionsEvidence = EvidenceOf<'endSessions'>;
export type AccessEvidence = EvidenceOf<'removeAccess'>;
export type UngrantEvidence = EvidenceOf<'removeGrant'>;
export type RemovalEvidence = EvidenceOf<'removeDatabase'>;
export type LoginRemovalEvidence = EvidenceOf<'removeLogin'>;
export type EntryEvidence = EvidenceOf<'proveEntry'>;
export type RefusalEvidence = EvidenceOf<'proveRefused'>;
export type IsolationEvidence = EvidenceOf<'proveIsolation'>;

export type Details = z.infer<typeof details>;

/** Why a server refused a login; `other` proves nothing, and is never evidence. */
export type Reason = RefusalEvidence['reason'] | 'other';
