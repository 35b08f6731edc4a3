// What tenants of MongoDB may do with the roles of an owner.
import { type Db, MongoClient } from 'mongodb';
import { GONE, type Misdeed } from './misdeeds';

export const mongodbMisdeeds: Misdeed[] = [
  misdeed('drops all that is in its database, and writes again', async (db) => {
    await db.command({ dropDatabase: 1 });
    await db.command({ insert: 'kept', documents: [{ text: 'first' }] });
  }),
  misdeed('has a view where its role is tried', async (db, credentialId) => {
    await db.command({ create: `berth_check_${credentialId}`, viewOn: 'kept', pipeline: [] });
  }),
  misdeed('fills the collection that keeps its database in being, and drops it', async (db) => {
    await db.command({ insert: 'berth', documents: [{ text: 'mine' }] });
    await db.command({ drop: 'berth' });
  }),
  misdeed('has a view that cannot be read in the place of that collection', async (db) => {
    await db.command({ drop: 'berth' });
    await db.command({ create: 'berth', viewOn: 'kept', pipeline: [{ $set: { half: { $divide: ['$text', 2] } } }] });
  }),
  whileIn('runs a command that takes long', (db) =>
    db.command({ find: 'kept', filter: { $where: 'sleep(60000) || true' } }),
  ),
  whileIn('writes again and again', (db) => db.command({ insert: 'written', documents: [{ text: 'again' }] })),
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
function whileIn(title: string, again: (db: Db) => Promise<unknown>): Misdeed {
  return {
    title,
    async commit(uri) {
      const client = open(uri);
      await client.connect();
      let isIn = true;
      const loop = (async () => {
        while (isIn) await again(client.db());
      })().catch(() => undefined); // refused once it is out
      return {
        isOut: () =>
          client
            .db()
            .command({ find: 'kept' })
            .then(
              () => false,
              () => true,
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
