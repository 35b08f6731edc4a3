// Makes somebody else's database ours. Here that is a line in the registry: nothing about the database is changed, and nobody
// enters it who has no role in it.
import { PlatformError } from '@berth/core';
import type { AdoptionEvidence, DatabaseSpec } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { ensureMarked } from './ensure-database';
import { DATABASES, REGISTRY, registryKeyOf } from './names';
import { keyOf } from './operations';
import { findMark, listDatabases } from './ownership';
import { listUsersOf } from './strip-database';

/** As EngineSession.ensureAdopted promises. */
export async function ensureAdopted(admin: Admin, database: DatabaseSpec, former: string[]): Promise<AdoptionEvidence> {
  const { id, name } = database;
  if (!(await listDatabases(admin)).includes(name)) {
    throw new PlatformError('not_found', `The server has no database "${name}"`);
  }
  const mark: string | null = (await findMark(admin, name))?.id ?? null;
  if (mark !== null && mark !== id) {
    if (!former.includes(mark)) throw new PlatformError('taken_on_server', `"${name}" bears the mark of ${mark}`);
    const deletes = [{ q: { _id: registryKeyOf(name), id: mark }, limit: 1 }];
    await run(admin, REGISTRY, { delete: DATABASES, deletes, ...MAJORITY });
  }
  await ensureMarked(admin, { id, name });
  const others = (await listUsersOf(admin, name)).filter(({ customData }) => customData?.berth === undefined);
  const left = [...new Set(others.map(({ user }) => user))].sort();
  return { database: name, adopted: mark !== id, left_as_they_are: left, details: { users: others.map(keyOf).sort() } };
}
