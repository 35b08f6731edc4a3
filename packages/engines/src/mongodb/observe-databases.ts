// What is on the server, whosever it is: a command for each thing that is asked, however many databases there are, and one more for
// each ten thousand of a kind.
import type { Document } from 'mongodb';
import type { SeenDatabase } from '../contract';
import { type Admin, run } from './admin';
import { listDocuments } from './list-documents';
import { CANARY, DATABASES, REGISTRY, SYSTEM_DATABASES } from './names';
import { countConnections, keyOf } from './operations';
import { type Holder, listUsersWithRoles } from './strip-database';

const OWN = [...SYSTEM_DATABASES, REGISTRY, CANARY];

/** As EngineSession.observeDatabases promises. The size is that of the files, as `dbStats` tells it too. */
export async function observeDatabases(admin: Admin): Promise<SeenDatabase[]> {
  const { databases } = await run(admin, 'admin', { listDatabases: 1 });
  const marks = await listMarks(admin);
  const holders = holdersByDatabase(await listUsersWithRoles(admin));
  const connected = await countConnections(admin);
  const found: Document[] = databases;
  const seen = found
    .filter(({ name }) => !OWN.includes(String(name)))
    .map(({ name, sizeOnDisk }) => {
      const keys = holders.get(String(name)) ?? [];
      return {
        name: String(name),
        id: marks.get(String(name)) ?? null,
        sizeBytes: Number(sizeOnDisk),
        users: keys.length,
        charset: null,
        collation: null,
        sessions: keys.reduce((sum, key) => sum + (connected.get(key) ?? 0), 0),
      };
    });
  return seen.sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Each user once in each database in which it has a role. */
function holdersByDatabase(users: Holder[]): Map<string, string[]> {
  const holders = new Map<string, string[]>();
  for (const user of users) {
    for (const db of new Set(user.roles.map((role) => role.db))) {
      const keys = holders.get(db);
      if (keys === undefined) holders.set(db, [keyOf(user)]);
      else keys.push(keyOf(user));
    }
  }
  return holders;
}

/** The ids that are written down, by the names of their databases. */
export async function listMarks(admin: Admin): Promise<Map<string, string>> {
  const marks = await listDocuments(admin, { in: REGISTRY, of: DATABASES, projection: { name: 1, id: 1 } });
  return new Map(marks.map(({ name, id }) => [String(name), String(id)]));
}
