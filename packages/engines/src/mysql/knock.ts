// Knocks at a database as a tenant would, over TCP with its password, and reads what the server says to that.
import { PlatformError, type Secret } from '@berth/core';
import type { LoginRef } from '../contract';
import type { Admin } from './admin';
import { type Attempt, attemptConnection } from './connect';
import { errorOf, type Fault } from './errors';

/** Knocks and takes every answer. Throws `claim_lost` before anything is sent. */
export function attemptLogin(admin: Admin, database: string, login: LoginRef, password: Secret): Promise<Attempt> {
  const { leftMs, server: address } = admin;
  return attemptConnection({ address, username: login.name, password, database, programName: 'berth check' }, leftMs);
}

/** The same. Throws `server_unreachable` and the like; every other fault is the server's verdict on the login. */
export async function knock(admin: Admin, database: string, login: LoginRef, password: Secret): Promise<Attempt> {
  const attempt = await attemptLogin(admin, database, login, password);
  if (attempt.fault) demandVerdict(attempt.fault);
  return attempt;
}

/** Throws for a fault that says nothing about the login; `login_check_failed` for a password that cannot even be tried. */
export function demandVerdict(fault: Fault): void {
  const error = untriableOf(fault) ?? errorOf(fault);
  if (fault.errno === null || NOT_TRIED.has(error.code)) throw error;
}

/** Somebody gave the login a plugin that our driver does not speak. */
export function untriableOf({ network }: Fault): PlatformError | null {
  if (network !== 'AUTH_SWITCH_PLUGIN_ERROR') return null;
  return checkFailed('The login cannot be tried: it logs in by a plugin that is not of our choosing');
}

/** Codes that say nothing about the login. */
export const NOT_TRIED: ReadonlySet<string> = new Set([
  'server_unreachable',
  'server_busy',
  'tls_failed',
  'deadline_passed',
  'claim_lost',
]);

export type Reason = 'password' | 'locked' | 'privilege' | 'no such database' | 'other';

/** Both kinds of server look at the password first: whoever is told of a lock or a database had the right one. */
export function reasonOf({ errno }: Fault): Reason {
  switch (errno) {
    case 1045:
    case 1698:
      return 'password';
    case 3118:
    case 4151:
      return 'locked';
    case 1044:
      return 'privilege';
    case 1049:
      return 'no such database';
    default:
      return 'other';
  }
}

/** Its own clients hold all connections that the login may have; the password was right. */
export function isUsedUp({ errno }: Fault): boolean {
  return errno === 1226 || errno === 1203;
}

/** What a login was not let do, as the error of a check. */
export function checkFailed(message: string, cause?: unknown): PlatformError {
  return new PlatformError('login_check_failed', message, cause === undefined ? {} : { cause });
}
