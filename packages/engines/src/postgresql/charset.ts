// The character set and collation of one database: how its making asks for them, and what the server says to that.
import { PlatformError } from '@berth/core';
import type { DatabaseSpec } from '../contract';
import type { Admin } from './admin';
import { icuLocaleOf } from './charsets';
import { quoteLiteral } from './quote';

/**
 * The columns `charset` and `collation` of a row `d` of pg_database. One of ICU is called as PostgreSQL calls its collation.
 * The name of the locale moved between columns in 17; to_jsonb reads whichever this version has.
 */
export const CHARSET_COLUMNS = `pg_encoding_to_char(d.encoding) AS charset,
  CASE d.datlocprovider WHEN 'i' THEN coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale') || '-x-icu'
    WHEN 'c' THEN d.datcollate ELSE to_jsonb(d) ->> 'datlocale' END AS collation`;

/** What follows the template in CREATE DATABASE. */
export function charsetClause({ charset = 'UTF8', collation }: DatabaseSpec): string {
  const encoding = `ENCODING ${quoteLiteral(charset)}`;
  if (collation === undefined) return encoding;
  const icu = icuLocaleOf(collation);
  const locale = icu === null ? `libc LOCALE ${quoteLiteral(collation)}` : `icu ICU_LOCALE ${quoteLiteral(icu)}`;
  return `${encoding} LOCALE_PROVIDER ${locale}`;
}

/** ICU takes any word for a language, and sorts one that it does not know like none. Throws `charset_refused`. */
export async function refuseUnknownIcu({ main }: Admin, { collation }: DatabaseSpec): Promise<void> {
  if (collation === undefined || icuLocaleOf(collation) === null) return;
  const known = await main.query(`SELECT FROM pg_collation WHERE collname::text = $1 AND collprovider = 'i'`, [
    collation,
  ]);
  if (known.length === 0) throw refused(`The server has no collation "${collation}" (pg_collation lists those of ICU)`);
}

/** What the server has against a locale, an encoding, or the two together. */
const REFUSALS = ['22023', '42809', '0A000'];
const UNKNOWN_LOCALE = '42809';

/** What a refusal of CREATE DATABASE says of the character set that was asked for; null for one that says nothing of it. */
export function charsetRefusalOf({ charset, collation }: DatabaseSpec, error: unknown): PlatformError | null {
  const cause: unknown = error instanceof Error ? error.cause : null;
  const sqlstate: unknown = Reflect.get(Object(cause), 'sqlstate');
  const isAsked = charset !== undefined || collation !== undefined;
  if (!isAsked || typeof sqlstate !== 'string' || !REFUSALS.includes(sqlstate)) return null;
  if (sqlstate === UNKNOWN_LOCALE && collation !== undefined)
    return refused(`The server's system has no locale "${collation}" (locale -a lists those it has)`);
  const others =
    collation === undefined
      ? "the server's own collation; ask for one that fits, such as C"
      : `the collation ${collation}`;
  return refused(`The character set ${charset ?? 'UTF8'} does not fit ${others}`);
}

function refused(message: string): PlatformError {
  return new PlatformError('charset_refused', message);
}
