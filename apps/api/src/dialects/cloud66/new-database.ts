// The body of a create, as JSON or as a form. The product marks all its fields optional; a database without a name is not.
import { type FieldProblem, PlatformError } from '@berth/core';
import { z } from 'zod';
import { parse } from '../../http/parse';

/** What every engine can hold as it stands: a letter, then letters, digits and underscores, 63 bytes at most. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const NAME_RULE = 'begins with a letter, has only letters (a-z, A-Z), digits and _, and at most 63 of them';

/** Enough to see what is wrong with a long list. */
const PROBLEMS_MAX = 20;

const FIELDS = z.strictObject({
  database_name: z.string().regex(NAME, NAME_RULE),
  database_user_ids: z.array(z.string()),
  // The product lists the path's parameters beside those of the body; clients that send them twice mean the path.
  stack_id: z.unknown().optional(),
  server_group_id: z.unknown().optional(),
});

/** The name asked for. Throws `invalid_request` or `unknown_reference` with every field that is wrong. */
export function parseNewDatabase(body: unknown): string {
  const { database_name, database_user_ids } = parse(FIELDS, withUserIds(body));
  refuseUserIds(database_user_ids);
  return database_name;
}

/** All spellings of the list under one name: `[]` after it, repeated, a single string, empty, null or missing. */
function withUserIds(body: unknown): unknown {
  if (body === undefined) return { database_user_ids: [] };
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return body;
  const spellings = ['database_user_ids', 'database_user_ids[]'];
  const entries = Object.entries(body);
  const ids = entries
    .filter(([key]) => spellings.includes(key))
    .flatMap(([, value]: [string, unknown]) => listOf(value));
  return { ...Object.fromEntries(entries.filter(([key]) => !spellings.includes(key))), database_user_ids: ids };
}

function listOf(value: unknown): unknown[] {
  if (Array.isArray(value)) return value.filter((item) => item !== ''); // forms send an empty list as one empty item
  return value === null || value === '' ? [] : [value];
}

/** Logins cannot be named at a create yet, so that none is known. Their values are not repeated. */
function refuseUserIds(ids: string[]): void {
  if (ids.length === 0) return;
  const message = 'there is no database user of this uid in this server group';
  const shown = ids.slice(0, PROBLEMS_MAX);
  const fields: FieldProblem[] = shown.map((_, index) => ({ field: `database_user_ids.${index}`, message }));
  throw new PlatformError('unknown_reference', 'database_user_ids names users that are not here.', { fields });
}
