// The engine-side lock. MongoDB has no advisory locks, and knows no condition under which a createUser or a dropDatabase is
// refused but one: the rights of whoever sends it, which it looks up anew for each command. So each holder of a lock acts as a
// user of its own, made for it and for nobody else, and whoever takes the lock drops the user of the holder before.
//
//   make my user -> write it into the lock's list (one findAndModify) -> drop all before me -> end what they still run -> act
//
// A user is made before it is written down, so whoever comes later finds it; the list keeps who was not seen dropped yet, so a
// chain of holders of which one froze between two steps is cleared by the last of them. What a holder had begun when its user
// was dropped had been allowed before, and is ended by killOp until it is seen no more.
import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { codeOf, PlatformError, Secret } from '@berth/core';
import type { Document } from 'mongodb';
import { type Admin, MAJORITY, run, runUnless } from './admin';
import { openConnection } from './connect';
import { USER_NOT_FOUND } from './errors';
import { HOLDER_PREFIX, LOCKS, REGISTRY, USERS_DATABASE } from './names';
import { endOperation, inAdmin, listOperationsOf } from './operations';

/** A command that is killed ends at its next look at its own state; more looks than this mean trouble. */
const LOOKS_MAX = 40;
const LOOK_MS = 50;
/** Who died between making its user and writing it down is known to no list; no session lives this long. */
const LITTER_AGE_MS = 3_600_000;

/** Takes the lock until the session closes, whoever holds it. Safe to repeat. Throws `server_busy` when what the holder runs does not end. */
export async function takeLock(admin: Admin, key: string): Promise<void> {
  const mine = admin.holder?.name ?? `${HOLDER_PREFIX}${randomUUID()}`;
  const password = new Secret(randomBytes(32).toString('base64url'));
  if (admin.holder === null) await makeHolder(admin, mine, password);
  const { value } = await run(admin, REGISTRY, {
    findAndModify: LOCKS,
    query: { _id: key },
    update: { $addToSet: { holders: mine } },
    upsert: true,
    new: true,
    ...MAJORITY,
  });
  const holders: string[] = value.holders;
  const older = holders.slice(0, holders.indexOf(mine));
  for (const name of older) await endHolder(admin, name);
  if (older.length > 0) await pull(admin, key, older);
  if (admin.holder === null) await become(admin, mine, password);
  admin.holder = { name: mine, keys: new Set([...(admin.holder?.keys ?? []), key]) };
}

/** With the roles of the registered admin, and a password that is forgotten with this session. */
async function makeHolder(admin: Admin, name: string, password: Secret): Promise<void> {
  const { users } = await run(admin, USERS_DATABASE, { usersInfo: admin.server.username });
  const { localTime } = await run(admin, USERS_DATABASE, { hello: 1 });
  await run(admin, USERS_DATABASE, {
    createUser: name,
    pwd: password.reveal(),
    roles: users[0]?.roles ?? [],
    mechanisms: ['SCRAM-SHA-256'],
    customData: { berth_holder: localTime },
    ...MAJORITY,
  });
}

async function become(admin: Admin, username: string, password: Secret): Promise<void> {
  const before = admin.main;
  const login = { username, password };
  try {
    admin.main = await openConnection({ address: admin.server, login, applicationName: 'berth' }, admin.leftMs);
  } catch (error) {
    if (codeOf(error) !== 'admin_refused') throw error;
    throw new PlatformError('claim_lost', 'A newer holder has taken the lock already');
  }
  await before.close();
}

async function endHolder(admin: Admin, name: string): Promise<void> {
  await runUnless(admin, USER_NOT_FOUND, USERS_DATABASE, { dropUser: name, ...MAJORITY });
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const running = (await listOperationsOf(admin, [inAdmin(name)])).filter(({ isActive }) => isActive);
    if (running.length === 0) return;
    for (const { id } of running) await endOperation(admin, id);
    await pause(LOOK_MS);
  }
  throw new PlatformError('server_busy', 'What the former holder of the lock had begun does not end');
}

async function pull(admin: Admin, key: string, names: string[]): Promise<void> {
  const updates: Document[] = [{ q: { _id: key }, u: { $pull: { holders: { $in: names } } } }];
  await run(admin, REGISTRY, { update: LOCKS, updates, ...MAJORITY });
}

/**
 * Gives the locks back and drops the user of the session, unless the claim has run out: then the next holder does it. Best
 * effort: a session that could not do it leaves what the next holder clears.
 */
export async function releaseLocks(admin: Admin): Promise<void> {
  if (admin.holder === null || admin.leftMs() <= 0) return;
  const { name, keys } = admin.holder;
  try {
    for (const key of keys) {
      await pull(admin, key, [name]);
      const deletes = [{ q: { _id: key, holders: { $size: 0 } }, limit: 1 }];
      await run(admin, REGISTRY, { delete: LOCKS, deletes, ...MAJORITY });
    }
    await run(admin, USERS_DATABASE, { dropUser: name, ...MAJORITY });
  } catch (error) {
    if (codeOf(error) === 'internal') throw error;
  }
}

/** Drops users of holders that no session can still be. Returns how many. */
export async function dropLitter(admin: Admin): Promise<number> {
  const { localTime } = await run(admin, USERS_DATABASE, { hello: 1 });
  const { users } = await run(admin, USERS_DATABASE, {
    usersInfo: { forAllDBs: true },
    filter: { 'customData.berth_holder': { $ne: null } },
  });
  const litter: Document[] = users.filter(({ customData }: Document) => {
    return Number(localTime) - Number(customData.berth_holder) > LITTER_AGE_MS;
  });
  for (const { user } of litter) await endHolder(admin, String(user));
  return litter.length;
}
