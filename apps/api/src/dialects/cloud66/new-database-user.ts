// The body of a new database user, as JSON or as a form.
import { LET_IN_MAX } from '@berth/actions';
import { PlatformError, type Role } from '@berth/core';
import { z } from 'zod';
import { parse } from '../../http/parse';
import { LISTED_RULE, withList } from './listed';
import { newName, ofPath } from './names';

/** The product tells of no list of types. The first three are shown again; the others are understood. */
const ROLES = {
  owner: 'owner',
  readwrite: 'readwrite',
  readonly: 'readonly',
  admin: 'owner',
  read_write: 'readwrite',
  read_only: 'readonly',
} as const satisfies Record<string, Role>;

const TYPES = Object.keys(ROLES).filter((type): type is keyof typeof ROLES => type in ROLES);

const FIELDS = z.strictObject({
  username: newName,
  user_type: z.enum(TYPES, `is one of ${TYPES.join(', ')}`).nullish(),
  database_ids: z
    .array(z.string())
    .min(1, 'names one database at least: a user of none could not be seen to work')
    .max(LET_IN_MAX, LISTED_RULE),
  ...ofPath,
});

export interface NewDatabaseUser {
  username: string;
  role: Role;
  /** Uids of its databases, as they were sent, at least one. */
  databaseIds: [string, ...string[]];
}

/** What is asked for. Throws `invalid_request` with every field that is wrong. */
export function parseNewDatabaseUser(body: unknown): NewDatabaseUser {
  const { username, user_type, database_ids } = parse(FIELDS, withList(body, 'database_ids'));
  const [first, ...rest] = database_ids;
  if (first === undefined) throw new PlatformError('internal', 'A list of one at least is empty.');
  return { username, role: ROLES[user_type ?? 'owner'], databaseIds: [first, ...rest] };
}
