// What a tenant can have in a database of MongoDB, and what operators can: its owners make no users and no roles.
import { Decimal128, type Document, EJSON, Long, ObjectId } from 'bson';
import { MongoClient } from 'mongodb';
import type { Belongings } from './belongings';

/** Fewer than the double hands out at once: it keeps no cursors. */
const ORDERS = Array.from({ length: 60 }, (_, index) => ({
  _id: new ObjectId(),
  n: index,
  large: Long.fromString('9007199254740993'),
  price: Decimal128.fromString('19.90'),
  at: new Date(index),
  raw: Buffer.from([0, 255]),
  lines: [{ article: 'ä', count: 2 }, null],
}));

const MADE: Document[] = [
  { create: 'orders', validator: { n: { $gte: 0 } }, validationLevel: 'moderate' },
  { insert: 'orders', documents: ORDERS },
  {
    createIndexes: 'orders',
    indexes: [
      { key: { n: 1 }, name: 'by_number', unique: true },
      { key: { at: 1 }, name: 'outdated', expireAfterSeconds: 1_000_000_000_000 },
      { key: { price: -1, 'lines.article': 1 }, name: 'dear', partialFilterExpression: { n: { $gt: 5 } } },
    ],
  },
  { create: 'log', capped: true, size: 4096 },
  { insert: 'log', documents: [{ _id: 1, text: 'begun' }] },
  { create: 'first', viewOn: 'orders', pipeline: [{ $match: { n: 0 } }] },
];

/** In the tenant's database, as operators make it: what they let others do there by name. */
const REPORTING = 'reporting';

export const mongodbBelongings: Belongings = {
  make: (uri) => inside(uri, async (run) => void (await each(MADE, run))),
  read: (uri) =>
    inside(uri, async (run) => {
      const asked = ['orders', 'log', 'first'].map((find) => ({ find, sort: { _id: 1 } }));
      const answers = await each(asked, run);
      return answers.map(({ cursor }) => EJSON.stringify(cursor.firstBatch));
    }),
  use: (uri) =>
    inside(uri, async (run) => {
      const updates = [{ q: { n: 1 }, u: { $set: { touched: true } } }];
      expect((await run({ update: 'orders', updates })).n).toBe(1);
    }),
  async makeOutsider(adminUrl, database) {
    const url = new URL(`/${database}?authSource=admin`, adminUrl);
    [url.username, url.password] = [`outside_${database}`, 'of-the-operators'];
    const privileges = [{ resource: { db: database, collection: 'kept' }, actions: ['find'] }];
    await inside(adminUrl, (run) => run({ createRole: REPORTING, privileges, roles: [] }), database);
    const roles = [{ role: REPORTING, db: database }];
    const user = { createUser: url.username, pwd: url.password, roles, mechanisms: ['SCRAM-SHA-256'] };
    await inside(adminUrl, (run) => run(user));
    return {
      uri: url.href,
      async close() {
        await inside(adminUrl, (run) => run({ dropUser: url.username }));
        await inside(adminUrl, (run) => run({ dropRole: REPORTING }), database);
      },
    };
  },
  async describe(adminUrl, database, loginPrefixes) {
    const found = await inside(
      adminUrl,
      async (run) => {
        const { cursor } = await run({ listCollections: 1 });
        const collections: Document[] = cursor.firstBatch;
        const tables = collections
          .filter(({ type }) => type === 'collection')
          .map(({ name }) => ({ listIndexes: name }));
        const indexes = (await each(tables, run)).map((answer) => answer.cursor.firstBatch);
        const { roles } = await run({ rolesInfo: 1, showPrivileges: true });
        return { collections: sortedBy(collections, 'name'), indexes: sortedBy(indexes.flat(), 'name'), roles };
      },
      database,
    );
    const { users } = await inside(adminUrl, (run) => run({ usersInfo: { forAllDBs: true } }));
    const ours: Document[] = users.filter(({ user }: Document) => loginPrefixes.some((each) => user.startsWith(each)));
    // a login that is let in again is another user of the same name: its id is new
    const logins = sortedBy(ours, 'user').map(({ userId, ...user }) => ({
      ...user,
      roles: sortedBy(user.roles, 'role', 'db'),
    }));
    return JSON.parse(EJSON.stringify({ ...found, logins }));
  },
};

/** The parts of what a server tells in an order of its own. */
function sortedBy(documents: Document[], ...fields: string[]): Document[] {
  const keyOf = (document: Document) => fields.map((field) => String(document[field])).join();
  return [...documents].sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
}

type Run = (command: Document) => Promise<Document>;

async function each(commands: Document[], run: Run): Promise<Document[]> {
  const answers: Document[] = [];
  for (const command of commands) answers.push(await run(command));
  return answers;
}

async function inside<T>(uri: string, work: (run: Run) => Promise<T>, database?: string): Promise<T> {
  const client = new MongoClient(uri, {
    directConnection: true,
    maxPoolSize: 1,
    retryReads: false,
    retryWrites: false,
  });
  try {
    return await work((command) => client.db(database).command(command));
  } finally {
    await client.close();
  }
}
