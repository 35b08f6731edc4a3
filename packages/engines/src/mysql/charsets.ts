// The character sets of MySQL and MariaDB and what may name a collation there. No driver: the API imports this.
import type { CharsetRules } from '../contract';

/**
 * Those of either; gb18030 is MySQL's alone. `utf8` is left out: it means utf8mb3 today and utf8mb4 tomorrow, by a setting.
 * https://dev.mysql.com/doc/refman/8.4/en/charset-charsets.html, https://mariadb.com/kb/en/supported-character-sets-and-collations/
 */
const CHARSETS = [
  ...['utf8mb4', 'utf8mb3', 'ascii', 'binary', 'latin1', 'latin2', 'latin5', 'latin7'],
  ...[
    'armscii8',
    'big5',
    'cp1250',
    'cp1251',
    'cp1256',
    'cp1257',
    'cp850',
    'cp852',
    'cp866',
    'cp932',
    'dec8',
    'eucjpms',
  ],
  ...['euckr', 'gb18030', 'gb2312', 'gbk', 'geostd8', 'greek', 'hebrew', 'hp8', 'keybcs2', 'koi8r', 'koi8u', 'macce'],
  ...['macroman', 'sjis', 'swe7', 'tis620', 'ucs2', 'ujis', 'utf16', 'utf16le', 'utf32'],
];
const COLLATION = /^[A-Za-z0-9_]{1,64}$/;

export const mysqlCharsets: CharsetRules = {
  charsets: CHARSETS,
  findCharset: (asked) => CHARSETS.find((charset) => charset === asked.toLowerCase()) ?? null,
  canBeCollation: (name) => COLLATION.test(name),
  charsetOfCollation,
};

/** By its first word, as these servers name them all, but for MariaDB's that are of several (`uca1400_ai_ci`). */
function charsetOfCollation(name: string): string | null {
  const [word = ''] = name.toLowerCase().split('_');
  return CHARSETS.includes(word) ? word : null;
}
