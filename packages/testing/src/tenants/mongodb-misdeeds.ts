// What tenants of MongoDB may do with the roles of an owner.
import type { Document } from 'bson';
import { type Db, MongoClient, MongoNetworkError } from 'mongodb';
import { eventually } from '../eventually';
import { GONE, type Misdeed } from './misdeeds';

export const mongodbMisdeeds: Misdeed[] = [
  misdeed('drops all that is in its database, and writes again', async (db) => {
    await db.command({ dropDatabase: 1 });
    await db.command({ insert: 'kept', documents: [{ text: 'first' }] });
  }),
  misdeed('has a view where its role is tried', async (db, credentialId) => {
    const name = `berth_check_${credentialId}`;
    const found = await db.command({ listCollections: 1, filter: { name } });
    if (found.cursor.firstBatch.length > 0) await db.command({ drop: name });
    await db.command({ create: name, viewOn: 'kept', pipeline: [] });
  }),
  misdeed('fills the collection that keeps its database in being, and drops it', async (db) => {
    await db.command({ insert: 'berth', documents: [{ text: 'mine' }] });
    await db.command({ drop: 'berth' });
  }),
  misdeed('has a view that cannot be read in the place of that collection', async (db) => {
    await db.command({ drop: 'berth' });
    await db.command({ create: 'berth', viewOn: 'kept', pipeline: [{ $set: { half: { $divide: ['$text', 2] } } }] });
  }),
  whileIn('runs a command that takes long', { find: 'kept', filter: { $where: 'sleep(60000) || true' } }, isBusy),
  whileIn('writes again and again', { insert: 'written', documents: [{ text: 'again' }] }),
];

/** Done at once, and it is gone. */
function misdeed(title: string, work: (db: Db, credentialId: string) => Promise<void>): Misdeed {
  return {
    title,
    async commit(uri, credentialId) {
      const client = open(uri);
      await work(client.db(), credentialId).finally(() => client.close());
      return GONE;
    },
  };
}

/** Repeats it until it is thrown out. */
function whileIn(
  title: string,
  command: Document,
  isSeen?: (adminUrl: string, user: string) => Promise<void>,
): Misdeed {
  return {
    title,
    async commit(uri, _credentialId, adminUrl) {
      const client = open(uri);
      const user = decodeURIComponent(new URL(uri).username);
      let isIn = true;
      const again = () => client.db().command(command);
      const first = again();
      const loop = (async () => {
        for (await first; isIn; await again());
      })().catch(() => undefined); // refused once it is out
      await (isSeen === undefined ? first : Promise.race([first, isSeen(adminUrl, user)]));
      return {
        isOut: () =>
          client
            .db()
            .command({ find: 'kept' })
            .then(
              () => false,
              (error) => isRefused(error) || Promise.reject(error),
            ),
        async stop() {
          isIn = false;
          await client.close();
          await loop;
        },
      };
    },
  };
}

const open = (uri: string) =>
  new MongoClient(uri, { directConnection: true, maxPoolSize: 1, retryReads: false, retryWrites: false });

/** Whether it was thrown out, or is not let in again: Unauthorized, AuthenticationFailed. */
function isRefused(error: unknown): boolean {
  return error instanceof MongoNetworkError || [13, 18].includes(Reflect.get(Object(error), 'code'));
}

async function isBusy(adminUrl: string, user: string): Promise<void> {
  const admin = open(adminUrl);
  const match = { 'effectiveUsers.user': user, active: true };
  const pipeline = [{ $currentOp: { allUsers: true, idleConnections: true } }, { $match: match }];
  const isSeen = async () => {
    const { cursor } = await admin.db('admin').command({ aggregate: 1, pipeline, cursor: {} });
    return cursor.firstBatch.length > 0;
  };
  await eventually(isSeen, { what: `${user} to be busy` }).finally(() => admin.close());
}
