// Which spellings mean a character set, and what a collation says of its own. That servers have them is tried by the suite.
import { mysqlCharsets } from './mysql/charsets';
import { charsetRefusalOf } from './postgresql/charset';
import { icuLocaleOf, postgresqlCharsets } from './postgresql/charsets';

test.each([
  ['utf8', 'UTF8'],
  ['UTF-8', 'UTF8'],
  ['unicode', 'UTF8'],
  ['latin-1', 'LATIN1'],
  ['iso_8859_5', 'ISO_8859_5'],
  ['sjis', null], // of clients alone
  ['utf8mb4', null],
  ['', null],
  ["UTF8' --", 'UTF8'], // the server is told our spelling
])('PostgreSQL: %s is %s', (asked, found) => {
  expect(postgresqlCharsets.findCharset(asked)).toBe(found);
});

test.each([
  ['utf8mb4', 'utf8mb4'],
  ['LATIN1', 'latin1'],
  ['utf8', null], // of two meanings
  ['UTF-8', null],
  ["latin1' --", null],
  ['', null],
])('MySQL and MariaDB: %s is %s', (asked, found) => {
  expect(mysqlCharsets.findCharset(asked)).toBe(found);
});

test('a collation of MySQL and MariaDB says by its first word of which character set it is, where it is of one', () => {
  const names = ['utf8mb4_0900_ai_ci', 'latin1_german2_ci', 'binary', 'uca1400_ai_ci', 'utf8_general_ci'];
  expect(names.map(mysqlCharsets.charsetOfCollation)).toEqual(['utf8mb4', 'latin1', 'binary', null, null]);
});

test.each([
  ['C', true, true],
  ['de_DE.utf8@euro', false, true],
  ['de-x-icu', false, true],
  ['utf8mb4_bin', true, true],
  ["C' --", false, false],
  ['', false, false],
  ['c'.repeat(65), false, false],
])('%j may name a collation: MySQL %s, PostgreSQL %s', (name, ofMysql, ofPostgresql) => {
  expect([mysqlCharsets.canBeCollation(name), postgresqlCharsets.canBeCollation(name)]).toEqual([
    ofMysql,
    ofPostgresql,
  ]);
});

test('the locales of ICU are told from those of the system by the ending that PostgreSQL gives them', () => {
  expect(['de-AT-x-icu', 'de_DE.utf8', 'C'].map(icuLocaleOf)).toEqual(['de-AT', null, null]);
});

const refusedWith = (sqlstate: string) => new Error('no', { cause: { sqlstate } });
const shop = { id: 'db_x', name: 'shop', connectionsMax: 1 };

test.each([
  [{ collation: 'tlh_QO' }, '42809', 'The server\'s system has no locale "tlh_QO" (locale -a lists those it has)'],
  [{ charset: 'LATIN1', collation: 'C.UTF-8' }, '22023', 'The character set LATIN1 does not fit the collation C.UTF-8'],
  // where template0 has a locale of the server's own making (LOCALE_PROVIDER builtin)
  [
    { charset: 'LATIN1' },
    '42809',
    "The character set LATIN1 does not fit the server's own collation; ask for one that fits, such as C",
  ],
])('PostgreSQL: what it has against %j (%s) is told by name', (asked, sqlstate, message) => {
  expect(charsetRefusalOf({ ...shop, ...asked }, refusedWith(sqlstate))).toMatchObject({
    code: 'charset_refused',
    message,
  });
});

test('PostgreSQL: what it has against something else is not called a character set', () => {
  expect(charsetRefusalOf(shop, refusedWith('22023'))).toBeNull();
  expect(charsetRefusalOf({ ...shop, charset: 'LATIN1' }, refusedWith('53100'))).toBeNull();
  expect(charsetRefusalOf({ ...shop, charset: 'LATIN1' }, new Error('socket'))).toBeNull();
});
