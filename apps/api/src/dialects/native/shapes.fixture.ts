// The shapes of the native API's answers, to the letter: what is not written here must not be sent.
import { isId } from '@berth/core';
import { z } from 'zod';

const time = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const id = (noun: Parameters<typeof isId>[0]) => z.string().refine((text) => isId(noun, text), `no id of a ${noun}`);

const step = z.strictObject({
  name: z.string(),
  state: z.enum(['waiting', 'running', 'succeeded', 'failed']),
  attempt: z.int(),
  started_at: time.nullable(),
  ended_at: time.nullable(),
  evidence: z.record(z.string(), z.unknown()),
});

export const actionShape = z.strictObject({
  id: id('action'),
  number: z.int(),
  kind: z.string(),
  state: z.enum(['queued', 'running', 'succeeded', 'failed', 'cancelled']),
  database_id: id('database').nullable(),
  credential_id: id('credential').nullable(),
  server_id: id('server'),
  steps: z.array(step),
  error: z.strictObject({ code: z.string(), message: z.string() }).nullable(),
  created_at: time,
  started_at: time.nullable(),
  ended_at: time.nullable(),
});

/** A single action also says what it waits for. */
export const singleActionShape = actionShape.extend({
  waiting: z
    .strictObject({
      reason: z.enum(['server', 'line', 'next_try', 'worker']),
      message: z.string(),
      action_id: id('action').nullable(),
      next_try_at: time.nullable(),
    })
    .nullable(),
});

export const databaseShape = z.strictObject({
  id: id('database'),
  number: z.int(),
  name: z.string(),
  engine: z.literal('postgresql'),
  engine_name: z.string(),
  state: z.enum(['creating', 'available', 'failed', 'quarantined', 'deleted']),
  project: z.string(),
  environment: z.string(),
  plan: z.string(),
  server: z.strictObject({ name: z.string(), host: z.string(), port: z.int() }),
  labels: z.record(z.string(), z.string()),
  protected: z.boolean(),
  size_bytes: z.int().nullable(),
  charset: z.string().nullable(),
  collation: z.string().nullable(),
  created_at: time,
  quarantined_at: time.nullable(),
  purge_after: time.nullable(),
  delete_accepted_at: time.nullable(),
  deleted_at: time.nullable(),
});

const grantShape = z.strictObject({
  database_id: id('database'),
  database: z.string(),
  role: z.enum(['owner', 'readwrite', 'readonly']),
});

export const credentialShape = z.strictObject({
  id: id('credential'),
  number: z.int(),
  username: z.string(),
  engine_username: z.string(),
  state: z.enum(['creating', 'active', 'failed', 'deleted']),
  grants: z.array(grantShape),
  created_at: time,
  delete_accepted_at: time.nullable(),
  deleted_at: time.nullable(),
});

export const revealedShape = credentialShape.extend({
  grants: z.array(grantShape.extend({ uri: z.string().nullable() })),
  password: z.string().min(32),
  uri: z.string(),
});

export const serverShape = z.strictObject({
  id: id('server'),
  number: z.int(),
  name: z.string(),
  engine: z.literal('postgresql'),
  pool: z.string(),
  environment: z.string(),
  host: z.string(),
  port: z.int(),
  tls: z.enum(['disable', 'require', 'verify-full']),
  state: z.enum(['unchecked', 'active', 'draining', 'offline']),
  version: z.string().nullable(),
  size_bytes_max: z.int().nullable(),
  connections_max: z.int().nullable(),
  created_at: time,
  checked_at: time.nullable(),
});

export const listShape = <Shape extends z.ZodType>(shape: Shape) =>
  z.strictObject({ data: z.array(shape), next_cursor: z.string().nullable() });

export const databaseAccepted = z.strictObject({ action: actionShape, database: databaseShape });
export const credentialAccepted = z.strictObject({ action: actionShape, credential: credentialShape });
export const serverAccepted = z.strictObject({ action: actionShape, server: serverShape });

export const problemShape = z.strictObject({
  type: z.string().regex(/^\/docs\/errors#[a-z_]+$/),
  title: z.string(),
  status: z.int(),
  code: z.string(),
  detail: z.string(),
  errors: z.array(z.strictObject({ field: z.string(), message: z.string() })).optional(),
  action_id: id('action').optional(),
});
