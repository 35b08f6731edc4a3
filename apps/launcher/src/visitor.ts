// Somebody from outside who opens a database by its URL and sees what works. Uses nothing of Berth.
import type { Secret } from '@berth/core';
import { LaunchError, systemCode } from '@berth/embedded';
import { Client } from 'pg';

/** One session in a database. */
export interface Visitor {
  query(sql: string): Promise<Record<string, unknown>[]>;
  /** Whether the session still answers. */
  isAlive(): Promise<boolean>;
  /** Safe to repeat, and when the server has ended the session. */
  close(): Promise<void>;
}

const CONNECT_MS_MAX = 10_000;
const REFUSALS = [
  '28P01', // invalid_password: also the answer to a login that does not exist
  '28000', // invalid_authorization_specification: the login may not log in
];

/** Opens a session. Throws LaunchError when the server does not let us in. */
export async function openVisitor(url: Secret): Promise<Visitor> {
  const client = new Client({ connectionString: url.reveal(), connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on('error', () => undefined); // the server ended the session: `isAlive` is how it is asked about
  try {
    await client.connect();
  } catch (error) {
    await client.end().catch(() => undefined); // it never began
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'This is a defect of Berth: please report it with this output.';
    throw new LaunchError('demo_failed', `The issued URL does not open the database: ${why}`, advice, error);
  }
  return {
    query: async (sql) => (await client.query(sql)).rows,
    isAlive: () =>
      client.query('SELECT').then(
        () => true,
        () => false,
      ),
    close: () => client.end().catch(() => undefined), // it may have been ended from the other side
  };
}

/** Whether the server refuses this login. An unreachable server refuses nobody: that throws. */
export async function isRefused(url: Secret): Promise<boolean> {
  const client = new Client({ connectionString: url.reveal(), connectionTimeoutMillis: CONNECT_MS_MAX });
  client.on('error', () => undefined); // told by `connect` as well
  try {
    await client.connect();
    return false;
  } catch (error) {
    if (REFUSALS.includes(systemCode(error))) return true;
    throw error;
  } finally {
    await client.end().catch(() => undefined); // a refused one has no session to end
  }
}
