// The plans of the statements that the product really sends, its constraints' own look-ups too: PostgreSQL's auto_explain
// tells each as a notice to the connection that sent it, and every connection of pg in this process listens.
import { Client } from 'pg';
import { type TestStore, testServers } from './stack';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  Plans?: Node[];
}

export interface Explained {
  query: string;
  plan: Node;
}

/** A table that a plan reads whole. */
export interface WholeRead {
  table: string;
  query: string;
}

/**
 * Makes new connections to the store tell their plans. `planCacheMode` as PostgreSQL has it: with `force_generic_plan` a
 * statement is planned as after many uses, without a look at its values.
 */
export async function explainStatements(store: TestStore, planCacheMode: 'auto' | 'force_generic_plan') {
  const settings = {
    session_preload_libraries: `'auto_explain'`,
    'auto_explain.log_min_duration': '0',
    'auto_explain.log_analyze': 'on',
    'auto_explain.log_timing': 'off',
    'auto_explain.log_nested_statements': 'on',
    'auto_explain.log_format': 'json',
    'auto_explain.log_level': 'notice',
    plan_cache_mode: planCacheMode,
    jit: 'off',
  };
  const client = new Client({ connectionString: testServers().storeUrl });
  await client.connect();
  for (const [name, value] of Object.entries(settings)) {
    await client.query(`ALTER DATABASE "${store.name}" SET ${name} = ${value}`);
  }
  await client.end();
}

/** Collects what connections tell that are made from now on. Call `stop` when done. */
export function listenForPlans(): { explained: Explained[]; stop(): void } {
  const explained: Explained[] = [];
  const connect = Client.prototype.connect;
  const hear = ({ message }: { message?: string | undefined }) => {
    const json = /^duration: .*plan:\n(.*)$/s.exec(message ?? '')?.[1];
    if (json === undefined) return;
    const told: { 'Query Text': string; Plan: Node } = JSON.parse(json);
    explained.push({ query: told['Query Text'], plan: told.Plan });
  };
  Object.assign(Client.prototype, {
    connect(this: Client, ...rest: unknown[]) {
      this.on('notice', hear);
      return Reflect.apply(connect, this, rest);
    },
  });
  return { explained, stop: () => void Object.assign(Client.prototype, { connect }) };
}

/** Which of these tables the plans read whole, each with the statement that does. */
export function wholeReads(explained: Explained[], tables: string[]): WholeRead[] {
  const reads = explained.flatMap(({ query, plan }) =>
    nodesOf(plan).flatMap((node) => {
      const table = node['Relation Name'] ?? '';
      return node['Node Type'] === 'Seq Scan' && tables.includes(table) ? [{ table, query: oneLine(query) }] : [];
    }),
  );
  return [...new Map(reads.map((read) => [`${read.table} ${read.query}`, read])).values()];
}

/** The most rows that a plan took from one of these tables, with those that it took in vain, for each statement. */
export function rowsRead(explained: Explained[], tables: string[]): { rows: number; table: string; query: string }[] {
  const reads = explained.flatMap(({ query, plan }) =>
    nodesOf(plan).flatMap((node) => {
      const table = node['Relation Name'] ?? '';
      const rows = (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops'];
      return tables.includes(table) ? [{ rows, table, query: oneLine(query) }] : [];
    }),
  );
  return reads.sort((one, other) => other.rows - one.rows);
}

function nodesOf(node: Node): Node[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

function oneLine(query: string): string {
  return query.replace(/\s+/g, ' ').trim();
}
