// The shapes of what operators run, to the letter: what is not written here must not be sent.
import { isId, SCOPES } from '@berth/core';
import { z } from 'zod';

const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const id = (noun: Parameters<typeof isId>[0]) => z.string().refine((text) => isId(noun, text), `no id of a ${noun}`);
const head = (noun: Parameters<typeof isId>[0]) => ({
  id: id(noun),
  number: z.int(),
  name: z.string(),
  created_at: time,
});

export const teamShape = z.strictObject({ ...head('team'), database_quota: z.int().nullable() });
export const projectShape = z.strictObject({ ...head('project'), team: z.string() });
export const environmentShape = z.strictObject({ ...head('environment'), quarantine_days: z.int().nullable() });

export const planShape = z.strictObject({
  ...head('plan'),
  engine: z.literal('postgresql'),
  size_bytes_max: z.int(),
  connections_max: z.int(),
  quarantine_days: z.int().nullable(),
  environments: z.array(z.string()),
});

export const poolShape = z.strictObject({
  ...head('pool'),
  engine: z.literal('postgresql'),
  environment: z.string(),
  headroom_percent: z.int(),
  connections_overcommit: z.int(),
});

const name = z.string().nullable();

export const accessShape = z.strictObject({
  ...head('access'),
  team: z.string(),
  kind: z.literal('bearer'),
  person: z.string(),
  scopes: z.array(z.enum(SCOPES)),
  limits: z.strictObject({ project: name, environment: name }),
  defaults: z.strictObject({ engine: name, plan: name, environment: name, project: name, pool: name }),
  sees_quarantine: z.boolean(),
  last_used_at: time.nullable(),
  expires_at: time.nullable(),
  revoked_at: time.nullable(),
  previous_token_until: time.nullable(),
});

/** Of the two answers that hold a token. */
export const issuedShape = accessShape.extend({ token: z.string().regex(/^berth_[A-Za-z2-9]{40}$/) });

export const auditShape = z.strictObject({
  id: id('audit'),
  number: z.int(),
  deed: z.string(),
  outcome: z.enum(['done', 'refused']),
  error_code: z.string().nullable(),
  access_id: id('access').nullable(),
  person: z.string().nullable(),
  address: z.string().nullable(),
  team_id: id('team').nullable(),
  subject_id: z.string().nullable(),
  action_id: id('action').nullable(),
  before: z.record(z.string(), z.unknown()).nullable(),
  after: z.record(z.string(), z.unknown()).nullable(),
  created_at: time,
});
