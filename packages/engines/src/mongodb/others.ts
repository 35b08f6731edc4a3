// The roles that others than our logins have in a database of ours: taken while it is shut, kept with its mark, and given back. An
// adopted database has such.
import type { Document } from 'mongodb';
import type { DatabaseRef } from '../contract';
import { type Admin, MAJORITY, run, runUnless } from './admin';
import { USER_NOT_FOUND } from './errors';
import { DATABASES, REGISTRY, registryKeyOf } from './names';
import { listUsersOf } from './strip-database';

/** Writes down who has what, beside what is written down of an earlier try. */
export async function keepOthers(admin: Admin, { id, name }: DatabaseRef): Promise<void> {
  const others = (await listUsersOf(admin, name)).filter(({ customData }) => customData?.berth === undefined);
  if (others.length === 0) return;
  const updates: Document[] = others.map(({ user, db, roles }) => {
    const kept = { user, db, roles: roles.filter((role) => role.db === name) };
    return { q: { _id: registryKeyOf(name), id }, u: { $addToSet: { others: kept } } };
  });
  await run(admin, REGISTRY, { update: DATABASES, updates, ...MAJORITY });
}

/** Gives back what was kept; a user that is gone by now gets nothing. */
export async function giveBackOthers(admin: Admin, { id, name }: DatabaseRef): Promise<void> {
  const filter = { _id: registryKeyOf(name), id };
  const { cursor } = await run(admin, REGISTRY, { find: DATABASES, filter, limit: 1, singleBatch: true });
  const others: Document[] = cursor.firstBatch[0]?.others ?? [];
  for (const { user, db, roles } of others) {
    await runUnless(admin, USER_NOT_FOUND, db, { grantRolesToUser: user, roles, ...MAJORITY });
  }
  if (others.length === 0) return;
  const updates = [{ q: filter, u: { $set: { others: [] } } }];
  await run(admin, REGISTRY, { update: DATABASES, updates, ...MAJORITY });
}
