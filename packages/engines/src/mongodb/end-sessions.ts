// Ends what logins do. MongoDB has no command that closes a client's connection or logs it out: killOp and killAllSessions end
// what runs. But it looks up the rights of whoever logged in anew for each command, so a connection whose login has none is
// as good as closed. What is proven to be gone is therefore: everything that runs, and every connection that could run more.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import type { DatabaseRef, LoginRef, SessionsEvidence } from '../contract';
import type { Admin } from './admin';
import {
  endLogicalSessions,
  endOperation,
  endOperationsOf,
  inAdmin,
  isInside,
  keyOf,
  listOperationsIn,
  listOperationsOf,
  type Operation,
} from './operations';
import { observeDatabase, observeUser } from './ownership';
import { listUsersOf } from './strip-database';

/** The promise of the contract: two empty looks, this far apart. A command that was being let in shows in the second. */
const LOOK_GAP_MS = 250;
/** A killed operation ends at its next look at its own state. */
const EXIT_MS = 50;
/** Clients that are not shut out can come back for ever; more than a second of that is enough. */
const LOOKS_MAX = 24;

/** What one look saw: all that must be gone, and the connections that are open and can do nothing. */
interface Look {
  sessions: Operation[];
  powerless: number;
}

/** As EngineSession.endSessions promises. Names that are free or foreign have no sessions of ours. Safe to repeat. */
export async function endSessions(
  admin: Admin,
  { logins, database }: { logins: LoginRef[]; database?: DatabaseRef },
): Promise<SessionsEvidence> {
  const ours: string[] = [];
  for (const login of logins) if ((await observeUser(admin, login)).ownership === 'ours') ours.push(login.name);
  const inside = database && (await observeDatabase(admin, database)) === 'ours' ? database.name : null;
  await endLogicalSessions(admin, ours.map(inAdmin));
  return endAll(admin, async () => {
    const looks = [
      await lookAtLogins(admin, logins, ours),
      ...(inside === null ? [] : [await lookInto(admin, inside)]),
    ];
    return {
      sessions: looks.flatMap(({ sessions }) => sessions),
      powerless: looks.reduce((sum, { powerless }) => sum + powerless, 0),
    };
  });
}

/** Ends what runs in a database, whoever sent it, and every session that could run more there. Throws `sessions_remain`. */
export function endAllIn(admin: Admin, database: string): Promise<SessionsEvidence> {
  return endAll(admin, () => lookInto(admin, database));
}

/**
 * The same for one login in one database in which it has lost a role. What it runs and its transactions end wherever they are,
 * for nobody can tell which databases they write to, and a transaction could be committed without a role.
 */
export async function endInside(admin: Admin, login: LoginRef, database: DatabaseRef): Promise<SessionsEvidence> {
  await endOperationsOf(admin, [inAdmin(login.name)]);
  return endAll(admin, async () => {
    const running = await listOperationsOf(admin, [inAdmin(login.name)]);
    const sessions = running.filter((each) => each.isActive && isInside(each, database.name));
    return { sessions, powerless: 0 };
  });
}

/** Connections of the logins: busy ones, and those of a login that has a role anywhere. */
async function lookAtLogins(admin: Admin, logins: LoginRef[], ours: string[]): Promise<Look> {
  if (ours.length === 0) return { sessions: [], powerless: 0 };
  const able = new Set<string>();
  for (const login of logins.filter(({ name }) => ours.includes(name))) {
    if ((await observeUser(admin, login)).roles.length > 0) able.add(keyOf(inAdmin(login.name)));
  }
  return judge(await listOperationsOf(admin, ours.map(inAdmin)), able);
}

/** What runs in the database, and connections of those who have a role in it. */
async function lookInto(admin: Admin, database: string): Promise<Look> {
  const users = await listUsersOf(admin, database);
  const running = await listOperationsIn(admin, database);
  if (users.length === 0) return { sessions: running, powerless: 0 };
  const { sessions, powerless } = judge(await listOperationsOf(admin, users), new Set(users.map(keyOf)));
  return { sessions: [...sessions, ...running], powerless };
}

function judge(seen: Operation[], able: ReadonlySet<string>): Look {
  const sessions = seen.filter(({ isActive, users }) => isActive || users.some((key) => able.has(key)));
  return { sessions, powerless: seen.length - sessions.length };
}

async function endAll(admin: Admin, look: () => Promise<Look>): Promise<SessionsEvidence> {
  const looks: number[] = [];
  const ended = new Set<unknown>();
  while (looks.length < LOOKS_MAX) {
    const { sessions, powerless } = await look();
    looks.push(sessions.length);
    if (sessions.length === 0 && looks.at(-2) === 0) return { ended: ended.size, looks, details: { powerless } };
    for (const { id, isActive } of sessions) {
      if (!isActive || ended.has(id)) continue;
      await endOperation(admin, id);
      ended.add(id);
    }
    await pause(sessions.length > 0 ? EXIT_MS : LOOK_GAP_MS);
  }
  throw new PlatformError(
    'sessions_remain',
    'Sessions were there at every look. MongoDB cannot end a connection whose login has a role: take the role first',
  );
}
