// MongoDB as journeys meet it, or the double that stands in for it: by the driver itself, past the engine that is tried.
import { mongodb } from '@berth/engines/mongodb';
import { type Document, MongoClient } from 'mongodb';
import { testServers } from '../stack';
import { openMongodbDouble } from '../test-mongodb';
import { mongodbBelongings } from './mongodb-belongings';
import { mongodbMisdeeds } from './mongodb-misdeeds';
import { type TenantSession, type TenantsServer, type TenantsView, testEngine } from './tenants';

export const onMongodb = testEngine({
  title: 'MongoDB',
  engine: mongodb,
  belongings: mongodbBelongings,
  misdeeds: mongodbMisdeeds,
  sessionsAreInOneDatabase: true, // its rights are looked up for each command
  whyMissing: () => null, // where there is none, the double
  sharedUrl: () => testServers().mongodbUrl,
  openServer,
  view,
  enter: async (uri) => sessionOf(await connect(uri)),
  async changePassword(uri, password, adminUrl) {
    const updateUser = decodeURIComponent(new URL(uri).username);
    const admin = await connect(adminUrl); // changeOwnPassword is in no role that tenants have
    const change = { updateUser, pwd: password, mechanisms: ['SCRAM-SHA-256'] };
    await admin
      .db('admin')
      .command(change)
      .finally(() => admin.close());
  },
  knock: async (uri) => {
    const client = await connect(uri);
    await sessionOf(client)
      .read()
      .finally(() => client.close()); // whoever has no right here is let in, and told so when it asks for something
  },
  codeField: 'code',
  refusals: { 18: 'login', 13: 'database' },
});

const SILENT_MS_MAX = 5_000;
/** More than any tenant of a journey writes: the double keeps no cursors, and gives what it has at once. */
const ROWS_MAX = 10_000;

async function connect(uri: string): Promise<MongoClient> {
  const client = new MongoClient(uri, {
    directConnection: true,
    maxPoolSize: 1,
    retryReads: false,
    retryWrites: false,
    serverSelectionTimeoutMS: SILENT_MS_MAX,
  });
  try {
    return await client.connect();
  } catch (error) {
    await client.close();
    throw error;
  }
}

function sessionOf(client: MongoClient): TenantSession {
  const write = async (text: string, table = 'kept') => void (await client.db().collection(table).insertOne({ text }));
  return {
    write, // the first document makes the collection
    insert: write,
    async read(table = 'kept') {
      const found = await client
        .db()
        .collection(table)
        .find({}, { sort: { _id: 1 }, batchSize: ROWS_MAX })
        .toArray();
      return found.map(({ text }) => String(text));
    },
    end: () => client.close(),
  };
}

function view(adminUrl: string): TenantsView {
  async function ask(command: Document, database = 'admin'): Promise<Document> {
    const client = await connect(adminUrl);
    try {
      return await client.db(database).command(command);
    } finally {
      await client.close();
    }
  }
  const inCanary = [{ role: 'read', db: 'berth_canary' }];
  return {
    async listNames(prefix) {
      const { databases } = await ask({ listDatabases: 1, nameOnly: true });
      const { users } = await ask({ usersInfo: { forAllDBs: true } });
      const names: string[] = [
        ...databases.map(({ name }: Document) => String(name)),
        ...users.map(({ user }: Document) => String(user)),
      ];
      return names.filter((name) => name.startsWith(prefix)).sort();
    },
    async hasDatabase(name) {
      const { databases } = await ask({ listDatabases: 1, nameOnly: true });
      return databases.some((each: Document) => each.name === name);
    },
    hasLogin: async (name) => (await ask({ usersInfo: name })).users.length > 0,
    async findVerifier(user) {
      const { cursor } = await ask({ find: 'system.users', filter: { user } });
      return cursor.firstBatch.length === 0 ? null : JSON.stringify(cursor.firstBatch);
    },
    isLocked: async (name) => (await ask({ usersInfo: name })).users[0]?.customData?.locked === true,
    dropDatabase: async (name) => void (await ask({ dropDatabase: 1 }, name)),
    dropLogin: async (name) => void (await ask({ dropUser: name })),
    letIntoCanary: async (login) => void (await ask({ grantRolesToUser: login, roles: inCanary })),
    shutOutOfCanary: async (login) => void (await ask({ revokeRolesFromUser: login, roles: inCanary })),
    findLimit: async () => null, // there is none
  };
}

/** The double, whatever else the machine has: a named server is not ours to hurt. */
async function openServer(): Promise<TenantsServer> {
  const double = await openMongodbDouble();
  return {
    url: double.url.reveal(),
    stop: double.stop,
    kill9: double.stop, // it holds all that was committed either way
    restart: double.restart,
    freeze: async () => double.freeze(),
    thaw: async () => double.thaw(),
    readLog: async () => null,
    close: double.close,
  };
}
