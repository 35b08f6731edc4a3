// Views, routines, triggers and events run as the login that made them, by its name: also after it was dropped, for
// whoever then has that name.
import { type Admin, keptName } from './admin';
import { ANY_HOST, isText, quoteText } from './quote';

const KINDS = [
  { kind: 'view', table: 'views', schema: 'table_schema', name: 'table_name' },
  { kind: 'routine', table: 'routines', schema: 'routine_schema', name: 'routine_name' },
  { kind: 'trigger', table: 'triggers', schema: 'trigger_schema', name: 'trigger_name' },
  { kind: 'event', table: 'events', schema: 'event_schema', name: 'event_name' },
];

/**
 * What runs as this login: `view shop.orders`. In the databases named, or in all, which on MariaDB opens every table of the
 * server.
 */
export async function listDefinitions(admin: Admin, login: string, databases?: string[]): Promise<string[]> {
  if (databases?.length === 0) return [];
  const names = databases?.map((name) => quoteText(keptName(admin, name))).join(', ');
  const parts = KINDS.map(({ kind, table, schema, name }) => {
    const here = names === undefined ? '' : ` AND ${schema} IN (${names})`;
    return `SELECT '${kind}' AS kind, ${schema} AS \`schema\`, ${name} AS name FROM information_schema.${table}
             WHERE ${isText('definer', `${login}@${ANY_HOST}`)}${here}`;
  });
  const rows = await admin.main.query<{ kind: string; schema: string; name: string }>(parts.join(' UNION ALL '));
  return rows.map((row) => `${row.kind} ${row.schema}.${row.name}`);
}
