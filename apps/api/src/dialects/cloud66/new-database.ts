// The body of a create, as JSON or as a form. The product marks all its fields optional; a database without a name is not.
import { LET_IN_MAX } from '@berth/actions';
import { z } from 'zod';
import { parse } from '../../http/parse';
import { LISTED_RULE, withList } from './listed';
import { newName, ofPath } from './names';

const FIELDS = z.strictObject({
  database_name: newName,
  database_user_ids: z.array(z.string()).max(LET_IN_MAX, LISTED_RULE),
  ...ofPath,
});

export interface NewDatabase {
  name: string;
  /** Uids of its users, as they were sent. */
  userIds: string[];
}

/** What is asked for. Throws `invalid_request` with every field that is wrong. */
export function parseNewDatabase(body: unknown): NewDatabase {
  const { database_name: name, database_user_ids: userIds } = parse(FIELDS, withList(body, 'database_user_ids'));
  return { name, userIds };
}
