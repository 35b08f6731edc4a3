// What is on the server, whosever it is: a command for each thing that is asked, however many databases there are.
import type { Document } from 'mongodb';
import type { SeenDatabase } from '../contract';
import { type Admin, run } from './admin';
import { CANARY, DATABASES, REGISTRY, SYSTEM_DATABASES } from './names';
import { keyOf, listConnections } from './operations';
import { listUsersWithRoles } from './strip-database';

const OWN = [...SYSTEM_DATABASES, REGISTRY, CANARY];
/** One answer holds 16 MB: three times as many. */
const MARKS_MAX = 50_000;

/** As EngineSession.observeDatabases promises. The size is that of the files, as `dbStats` tells it too. */
export async function observeDatabases(admin: Admin): Promise<SeenDatabase[]> {
  const { databases } = await run(admin, 'admin', { listDatabases: 1 });
  const marks = await listMarks(admin);
  const users = await listUsersWithRoles(admin);
  const connected = countBy((await listConnections(admin)).flatMap((connection) => connection.users));
  const found: Document[] = databases;
  const seen = found
    .filter(({ name }) => !OWN.includes(String(name)))
    .map(({ name, sizeOnDisk }) => {
      const own = users.filter(({ roles }) => roles.some(({ db }) => db === name));
      return {
        name: String(name),
        id: marks.get(String(name)) ?? null,
        sizeBytes: Number(sizeOnDisk),
        users: own.length,
        charset: null,
        collation: null,
        sessions: own.reduce((sum, user) => sum + (connected.get(keyOf(user)) ?? 0), 0),
      };
    });
  return seen.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** The ids that are written down, by the names of their databases. */
export async function listMarks(admin: Admin): Promise<Map<string, string>> {
  const { cursor } = await run(admin, REGISTRY, { find: DATABASES, batchSize: MARKS_MAX, singleBatch: true });
  const marks: Document[] = cursor.firstBatch;
  return new Map(marks.map(({ name, id }) => [String(name), String(id)]));
}

function countBy(keys: string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
