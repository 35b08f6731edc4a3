// Views, routines, triggers and events run as the login that made them, by its name: also after it was dropped, for
// whoever then has that name.
import { setTimeout as pause } from 'node:timers/promises';
import { type Admin, keptName } from './admin';
import { ERRNO } from './errors';
import { ANY_HOST, isText, quoteText } from './quote';

const KINDS = [
  { kind: 'view', table: 'views', schema: 'table_schema', name: 'table_name' },
  { kind: 'routine', table: 'routines', schema: 'routine_schema', name: 'routine_name' },
  { kind: 'trigger', table: 'triggers', schema: 'trigger_schema', name: 'trigger_name' },
  { kind: 'event', table: 'events', schema: 'event_schema', name: 'event_name' },
];

/** What runs as this login in the databases named: `view shop.orders`. What somebody is changing just now is left out. */
export async function listDefinitions(admin: Admin, login: string, databases: string[]): Promise<string[]> {
  if (databases.length === 0) return [];
  const names = databases.map((name) => quoteText(keptName(admin, name))).join(', ');
  return described(await admin.main.query<Definition>(definedBy(login, (schema) => `${schema} IN (${names})`)));
}

/** MariaDB passes over a table that is locked by whoever changes it, and warns of that: 1205, or 1684 where we hold locks. */
const PASSED_OVER: ReadonlySet<number> = new Set([ERRNO.lockWait, 1684]);
/** The most that it keeps: each view whose tables are gone is a warning too. */
const WARNINGS_MAX = 65_535;

/** Whoever makes or changes a table has it locked for some milliseconds; what is locked at every look is kept so. */
const LOOKS_MAX = 10;
const LOOK_MS = 100;

/**
 * The same in all databases; MariaDB opens every table of the server for it, and waits for none: a tenant may lock its own for
 * as long as it likes. `isWhole` is false where one was passed over, for a trigger may be hidden there.
 */
export async function findDefinitions(admin: Admin, login: string): Promise<{ found: string[]; isWhole: boolean }> {
  const waiting = `lock_wait_timeout = 0, max_error_count = ${WARNINGS_MAX}`;
  const sql = `${admin.isMariaDb ? `SET STATEMENT ${waiting} FOR ` : ''}${definedBy(login, () => 'TRUE')}`;
  for (let looks = 1; ; looks++) {
    const { rows, warnings } = await admin.main.queryWarned<Definition>(sql);
    const isWhole = !warnings.some((code) => PASSED_OVER.has(code));
    if (isWhole || rows.length > 0 || looks === LOOKS_MAX) return { found: described(rows), isWhole };
    await pause(LOOK_MS);
  }
}

interface Definition {
  kind: string;
  schema: string;
  name: string;
}

function definedBy(login: string, isHere: (schemaColumn: string) => string): string {
  const parts = KINDS.map(({ kind, table, schema, name }) => {
    return `SELECT '${kind}' AS kind, ${schema} AS \`schema\`, ${name} AS name FROM information_schema.${table}
             WHERE ${isText('definer', `${login}@${ANY_HOST}`)} AND ${isHere(schema)}`;
  });
  return parts.join(' UNION ALL ');
}

function described(rows: Definition[]): string[] {
  return rows.map((row) => `${row.kind} ${row.schema}.${row.name}`);
}
