// The admin's stand on one server. Every command of a deed goes through `run`, which knows a session that lost its lock.
import { codeOf, PlatformError } from '@berth/core';
import type { Document } from 'mongodb';
import type { ServerAdmin } from '../contract';
import { type Connection, openConnection } from './connect';
import { AUTHENTICATION_FAILED, UNAUTHORIZED } from './errors';

/** What every deed of this folder is given. */
export interface Admin {
  server: ServerAdmin;
  leftMs: () => number;
  /** As the registered admin, until `lock`; from then on as the user that holds the lock, and nothing goes by another way. */
  main: Connection;
  /** Set by `lock`: its user, and the keys it holds. */
  holder: { name: string; keys: Set<string> } | null;
}

/** On a majority, so that what is told as done outlives the loss of one server; on a single one it means that one. */
export const MAJORITY = { writeConcern: { w: 'majority', wtimeout: 10_000 } };

/** Opens the admin's session. Must be closed. Throws as Engine.open says. */
export async function openAdmin(server: ServerAdmin, leftMs: () => number): Promise<Admin> {
  const { username, password } = server;
  const main = await openConnection(
    { address: server, login: { username, password }, applicationName: 'berth' },
    leftMs,
  );
  return { server, leftMs, main, holder: null };
}

/**
 * Sends one command of the admin. Throws `claim_lost` where a newer holder has taken the lock: the server then knows the
 * user of this session no more, and refuses whatever it is sent.
 */
export async function run(admin: Admin, database: string, command: Document): Promise<Document> {
  try {
    return await admin.main.command(database, command);
  } catch (error) {
    if (admin.holder !== null && (await isShutOut(admin, serverCodeOf(error)))) {
      throw new PlatformError('claim_lost', 'A newer holder has taken the lock; the server refuses this session');
    }
    throw error;
  }
}

/** The driver logs in again where a connection was closed for doing nothing; a user that is gone cannot. */
async function isShutOut(admin: Admin, refusal: number | null): Promise<boolean> {
  return refusal === AUTHENTICATION_FAILED || (refusal === UNAUTHORIZED && !(await isLoggedIn(admin)));
}

async function isLoggedIn({ main }: Admin): Promise<boolean> {
  const { authInfo } = await main.command('admin', { connectionStatus: 1 });
  return authInfo.authenticatedUsers.length > 0;
}

/** Runs it, and takes this refusal of the server for done. Returns whether it was not needed. */
export async function runUnless(admin: Admin, refusal: number, database: string, command: Document): Promise<boolean> {
  try {
    await run(admin, database, command);
    return false;
  } catch (error) {
    if (serverCodeOf(error) !== refusal) throw error;
    return true;
  }
}

/** The server's number for why it refused; null for what is no refusal of its. */
export function serverCodeOf(error: unknown): number | null {
  if (codeOf(error) === 'internal' || !(error instanceof Error)) return null;
  const code: unknown = Reflect.get(Object(error.cause), 'code');
  return typeof code === 'number' ? code : null;
}
