// What a test file left behind in its worker process and on the store's server. Looks from outside the file's sandbox,
// after its last afterAll. Does not judge timers: Jest has its own.
import { Client } from 'pg';
import { type ChildProcess, childProcesses } from './child-processes';
import { storeNamePrefix } from './store-name';

/** Sockets, servers and pipes, as Node names them. */
const HANDLES = ['TCPSocketWrap', 'TCPServerWrap', 'PipeWrap', 'PipeServerWrap', 'UDPWrap', 'ProcessWrap', 'Worker'];

/** Closing a socket or ending a session takes the other side a moment; a leak does not go away by itself. */
const GRACE_MS = 3_000;
const LOOK_EVERY_MS = 25;

export interface OpenBefore {
  handles: Map<string, number>;
  childPids: Set<number>;
}

/** What is open before a file runs, and therefore not its doing. */
export async function openBefore(): Promise<OpenBefore> {
  const children = await childProcesses(process.pid);
  return { handles: countHandles(), childPids: new Set(children.map(({ pid }) => pid)) };
}

/**
 * What the file left open, in sentences; empty when it cleaned up within 3 s. Ends left-over children and drops
 * left-over stores, so that the next file starts clean. `storeServerUrl` null: no server was started for this run.
 */
export async function leftOpen(before: OpenBefore, storeServerUrl: string | null): Promise<string[]> {
  const deadline = performance.now() + GRACE_MS;
  for (;;) {
    const children = (await childProcesses(process.pid)).filter(({ pid }) => !before.childPids.has(pid));
    const sentences = [
      ...children.map(({ pid, command }) => `the process ${pid} is still alive: ${command}`),
      ...leftHandles(before),
      ...(storeServerUrl === null ? [] : await leftStores(storeServerUrl)),
    ];
    if (sentences.length === 0) return [];
    if (performance.now() >= deadline) {
      await cleanUp(children, storeServerUrl);
      return sentences;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

function countHandles(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

function leftHandles(before: OpenBefore): string[] {
  const now = countHandles();
  return HANDLES.flatMap((name) => {
    const more = (now.get(name) ?? 0) - (before.handles.get(name) ?? 0);
    return more > 0 ? [`${more} more ${name} than before the file`] : [];
  });
}

/** Stores of this process that still exist, with the sessions inside them. */
async function leftStores(storeServerUrl: string): Promise<string[]> {
  return withClient(storeServerUrl, async (client) => {
    const { rows } = await client.query<{ name: string; sessions: string[] }>(
      `SELECT d.datname AS name, array_remove(array_agg(COALESCE(NULLIF(a.application_name, ''), 'unnamed')
         || ' (' || a.state || ')'), NULL) AS sessions
       FROM pg_database d LEFT JOIN pg_stat_activity a ON a.datname = d.datname AND a.backend_type = 'client backend'
       WHERE starts_with(d.datname, $1) GROUP BY d.datname`,
      [storeNamePrefix(process.pid)],
    );
    return rows.map(({ name, sessions }) =>
      sessions.length === 0
        ? `the store ${name} was not closed`
        : `the store ${name} was not closed; sessions: ${sessions.join(', ')}`,
    );
  });
}

async function cleanUp(children: ChildProcess[], storeServerUrl: string | null): Promise<void> {
  for (const { pid } of children) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // it has ended since: nothing left to end
    }
  }
  if (storeServerUrl === null) return;
  await withClient(storeServerUrl, async (client) => {
    const { rows } = await client.query<{ name: string }>(
      'SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)',
      [storeNamePrefix(process.pid)],
    );
    for (const { name } of rows)
      await client.query(`DROP DATABASE IF EXISTS ${client.escapeIdentifier(name)} WITH (FORCE)`);
  });
}

async function withClient<T>(url: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'berth test guard' });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
