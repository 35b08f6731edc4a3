// What each role may do in a database, in the words of GRANT, and how the server's own tables spell these words.
import type { Role } from '@berth/core';

/**
 * Everything inside, but to let others in (GRANT OPTION). DROP is the right to drop tables and, as these servers have it,
 * the database with them; what then is made again under its name is the owner's again.
 */
const OWNER = [
  'SELECT',
  'INSERT',
  'UPDATE',
  'DELETE',
  'CREATE',
  'DROP',
  'REFERENCES',
  'INDEX',
  'ALTER',
  'CREATE TEMPORARY TABLES',
  'LOCK TABLES',
  'EXECUTE',
  'CREATE VIEW',
  'SHOW VIEW',
  'CREATE ROUTINE',
  'ALTER ROUTINE',
  'EVENT',
  'TRIGGER',
];

/**
 * A writer makes nothing, no temporary tables either, and does not lock whole tables. It calls procedures: by default they
 * do what their owner may, so a reader calls none.
 */
const PRIVILEGES: Record<Role, string[]> = {
  owner: OWNER,
  readwrite: ['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'SHOW VIEW'],
  readonly: ['SELECT', 'SHOW VIEW'],
};

/** What a role may do, in a fixed order. */
export function privilegesOf(role: Role): string[] {
  return PRIVILEGES[role];
}

/** What an admin must be able to give. */
export const GRANTABLE = OWNER;

/** Whether these are exactly a role's. */
export function isRole(role: Role, privileges: string[]): boolean {
  return privileges.length === PRIVILEGES[role].length && PRIVILEGES[role].every((each) => privileges.includes(each));
}

const SPELLINGS: Record<string, string> = {
  Create_tmp_table_priv: 'CREATE TEMPORARY TABLES',
  Grant_priv: 'GRANT OPTION',
  Delete_versioning_rows_priv: 'DELETE HISTORY',
};

/** The privileges that a row of mysql.db grants: its columns `Select_priv`, … that say `Y`. */
export function privilegesOfRow(row: Record<string, unknown>): string[] {
  const given = Object.entries(row).filter(([column, value]) => column.endsWith('_priv') && value === 'Y');
  return given.map(
    ([column]) => SPELLINGS[column] ?? column.slice(0, -'_priv'.length).replaceAll('_', ' ').toUpperCase(),
  );
}

/** Those of a column like `Select,Show view,Grant` of mysql.tables_priv and mysql.procs_priv; of a column too, each once. */
export function privilegesOfWords(words: string): string[] {
  const given = words.split(',').filter((word) => word !== '');
  const spelt = given.map((word) => WORDS[word] ?? word.toUpperCase());
  return [...new Set(spelt)];
}

const WORDS: Record<string, string> = { Grant: 'GRANT OPTION', 'Delete versioning rows': 'DELETE HISTORY' };
