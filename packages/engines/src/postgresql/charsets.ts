// The character sets of PostgreSQL's databases and what may name a collation there. No driver: the API imports this.
import type { CharsetRules } from '../contract';

/** What a server keeps text in; clients may speak others. https://www.postgresql.org/docs/18/multibyte.html, table 23.3. */
const CHARSETS = [
  'UTF8',
  'SQL_ASCII',
  ...['LATIN1', 'LATIN2', 'LATIN3', 'LATIN4', 'LATIN5', 'LATIN6', 'LATIN7', 'LATIN8', 'LATIN9', 'LATIN10'],
  ...['ISO_8859_5', 'ISO_8859_6', 'ISO_8859_7', 'ISO_8859_8', 'KOI8R', 'KOI8U', 'WIN866', 'WIN874'],
  ...['WIN1250', 'WIN1251', 'WIN1252', 'WIN1253', 'WIN1254', 'WIN1255', 'WIN1256', 'WIN1257', 'WIN1258'],
  ...['EUC_CN', 'EUC_JP', 'EUC_JIS_2004', 'EUC_KR', 'EUC_TW'],
];
const OTHER_WORDS: Record<string, string> = { unicode: 'UTF8' };

/** A locale of the server's system (`de_DE.utf8`, `C`), or one of ICU as PostgreSQL calls its collation (`de-x-icu`). */
const COLLATION = /^[A-Za-z0-9][A-Za-z0-9_.@=+-]{0,62}$/;
const ICU_ENDING = '-x-icu';

export const postgresqlCharsets: CharsetRules = {
  charsets: CHARSETS,
  // the server reads capitals, hyphens and underscores alike
  findCharset: (asked) =>
    OTHER_WORDS[plain(asked)] ?? CHARSETS.find((charset) => plain(charset) === plain(asked)) ?? null,
  canBeCollation: (name) => COLLATION.test(name),
  charsetOfCollation: () => null,
};

function plain(charset: string): string {
  return charset.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The locale of ICU that such a name means; null for one of the system's. */
export function icuLocaleOf(collation: string): string | null {
  return collation.endsWith(ICU_ENDING) ? collation.slice(0, -ICU_ENDING.length) : null;
}
