// The vendor's client, as far as its decoder is strict: what it cannot decode fails a test. Extra fields fail as well.
import { z } from 'zod';

const timestamp = z.string().regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
const spacedTimestamp = z.string().regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/);

const action = z
  .strictObject({
    id: z.int().positive(),
    status: z.enum(['queued', 'started', 'completed', 'failed']),
    action_type: z.string().min(1),
    action: z.string(),
    user: z.string().nullable(),
    resource_type: z.enum(['database', 'database_user']),
    resource_id: z.string().min(1).nullable(),
    started_via: z.string().min(1),
    started_at: timestamp.nullable(),
    finished_at: timestamp.nullable(),
    finished_success: z.boolean().nullable(),
    finished_message: z.string().nullable(),
    created_at: timestamp,
    updated_at: timestamp,
  })
  .refine((it) => it.action === it.action_type, 'action and action_type differ')
  // the client dereferences finished_success as soon as finished_at is set
  .refine((it) => (it.finished_at === null) === (it.finished_success === null), 'finished without saying how');

const database = z.strictObject({
  uid: z.string().regex(/^db_/),
  name: z.string().min(1),
  charset: z.string().min(1),
  collation: z.string().min(1),
  size_bytes: z.int().nonnegative(),
  created_at: timestamp,
  users: z.array(z.string()),
});

const user = z.strictObject({
  uid: z.string().regex(/^cred_/),
  username: z.string().min(1),
  login: z.string().min(1),
  user_type: z.enum(['owner', 'readwrite', 'readonly']),
  databases: z.array(z.string()).min(1),
  created_at: timestamp,
});

const revealedUser = user.extend({ password: z.string().min(1).nullable(), uris: z.record(z.string(), z.url()) });

const stack = z.strictObject({
  uid: z.string().regex(/^[0-9a-f]{32}$/),
  name: z.string().min(1),
  environment: z.string().min(1),
  status: z.int().min(0).max(7),
  health: z.int().min(0).max(4),
  created_at: spacedTimestamp,
  updated_at: spacedTimestamp,
  created_at_iso: timestamp,
  updated_at_iso: timestamp,
  last_activity_iso: timestamp.nullable(),
});

const serverGroup = z.strictObject({
  id: z.int().positive(),
  name: z.string().min(1),
  type: z.string().min(1),
  created_at: timestamp,
  updated_at: timestamp,
});

const refusal = z.strictObject({
  error: z.enum(['bad_request', 'unauthenticated', 'forbidden', 'not_found']),
  error_description: z.string().min(1),
  details: z.string(),
});

const one = <T extends z.ZodType>(thing: T) => z.strictObject({ response: thing });

const page = <T extends z.ZodType>(thing: T) =>
  z.strictObject({
    response: z.array(thing).max(30),
    count: z.int().nonnegative(),
    pagination: z.strictObject({
      previous: z.int().positive().nullable(),
      next: z.int().positive().nullable(),
      current: z.int().positive(),
      per_page: z.literal(30),
      count: z.int().nonnegative(),
      pages: z.int().positive(),
    }),
  });

export type Action = z.infer<typeof action>;
export type Database = z.infer<typeof database>;
export type DatabaseUser = z.infer<typeof user>;

/** Each throws on an answer that is not exactly this. */
export const decode = {
  action: one(action).parse,
  actions: page(action).parse,
  database: one(database).parse,
  databases: page(database).parse,
  refusal: refusal.parse,
  revealedUser: one(revealedUser).parse,
  revealedUsers: page(revealedUser).parse,
  serverGroup: one(serverGroup).parse,
  serverGroups: page(serverGroup).parse,
  stack: one(stack).parse,
  stacks: page(stack).parse,
  user: one(user).parse,
  users: page(user).parse,
};
