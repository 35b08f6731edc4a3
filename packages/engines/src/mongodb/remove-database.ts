// Drops a database. Users first: dropDatabase leaves them, and their roles would open whatever bears the name next.
import { PlatformError } from '@berth/core';
import type { DatabaseRef, RemovalEvidence } from '../contract';
import { type Admin, MAJORITY, run } from './admin';
import { endAllIn } from './end-sessions';
import { DATABASES, REGISTRY, registryKeyOf } from './names';
import { listDatabases, observeDatabase } from './ownership';
import { stripDatabase } from './strip-database';

/** Somebody with a role of the whole server may write again between the drop and the look. */
const TRIES_MAX = 3;

/** As EngineSession.removeDatabase promises. What is written down goes last: until then it is ours to drop again. */
export async function removeDatabase(admin: Admin, database: DatabaseRef): Promise<RemovalEvidence> {
  const ownership = await observeDatabase(admin, database);
  if (ownership !== 'ours') {
    return { found: ownership, dropped: false, ended: 0, revoked: [], left: [], details: {} };
  }
  const revoked = await stripDatabase(admin, database.name);
  const { details, ended } = await endAllIn(admin, database.name);
  for (let tries = 0; ; tries++) {
    if (tries === TRIES_MAX) {
      throw new PlatformError('server_busy', `Somebody writes to "${database.name}" again as soon as it is dropped`);
    }
    await run(admin, database.name, { dropDatabase: 1, ...MAJORITY });
    if (!(await listDatabases(admin)).includes(database.name)) break;
  }
  const deletes = [{ q: { _id: registryKeyOf(database.name), id: database.id }, limit: 1 }];
  await run(admin, REGISTRY, { delete: DATABASES, deletes, ...MAJORITY });
  return { found: ownership, dropped: true, ended, revoked, left: [], details };
}
