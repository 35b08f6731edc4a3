// Knocks at a database as a tenant would, over TCP with its password, and reads what the server says to that.
import type { PlatformError, Secret } from '@berth/core';
import type { LoginRef, Reason } from '../contract';
import { type Answer, checkFailed, NOT_TRIED } from '../prove-by-knocking';
import type { Admin } from './admin';
import { attemptConnection, type Connection } from './connect';
import { errorOf, type Fault } from './errors';

/** Knocks and takes every answer. Throws `claim_lost` before anything is sent. */
export async function knock(
  admin: Admin,
  database: string,
  login: LoginRef,
  password: Secret,
): Promise<Answer<Connection>> {
  const target = { address: admin.server, username: login.name, password, database, programName: 'berth check' };
  const { connection, fault } = await attemptConnection(target, admin.leftMs);
  if (!fault) return { connection, refusal: null };
  const error = untriableOf(fault) ?? errorOf(fault);
  const isUsedUp = fault.errno === 1226 || fault.errno === 1203; // told to whoever had the right password
  const refusal = {
    reason: reasonOf(fault),
    code: fault.errno === null ? null : String(fault.errno),
    error,
    isVerdict: fault.errno !== null && !NOT_TRIED.has(error.code),
    isUsedUp,
    wasTaken: async () => isUsedUp,
  };
  return { connection: null, refusal };
}

/** Somebody gave the login a plugin that our driver does not speak. */
function untriableOf({ network }: Fault): PlatformError | null {
  if (network !== 'AUTH_SWITCH_PLUGIN_ERROR') return null;
  return checkFailed('The login cannot be tried: it logs in by a plugin that is not of our choosing');
}

/** Both kinds of server look at the password first: whoever is told of a lock or a database had the right one. */
function reasonOf({ errno }: Fault): Reason {
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
