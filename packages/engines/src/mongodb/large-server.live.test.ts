// A server of which one answer cannot tell everything: what is seen of it is whole, or it is said that it is not. On a double whose
// answers hold 4,000 bytes, and not the 16 MB that MongoDB's hold and a test would fill for minutes.
import { openMongodbDouble, type TestMongodb } from '@berth/testing';
import { type Document, MongoClient } from 'mongodb';
import type { EngineSession } from '../contract';
import { mongodb } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { DATABASES, REGISTRY } from './names';

const COUNT = 40;
const numbers = Array.from({ length: COUNT }, (_, number) => String(number).padStart(2, '0'));

let double: TestMongodb;
let server: LiveServer;
let session: EngineSession;
let client: MongoClient;

const ask = (database: string, command: Document) => client.db(database).command(command);

beforeAll(async () => {
  double = await openMongodbDouble(true, true, 4_000);
  server = liveServer(double.url.reveal());
  client = await openClient(server.admin);
  session = await mongodb.open(server.admin, { leftMs: () => 20_000 });
  await session.ensureServerPrepared();
});
afterAll(async () => {
  await session?.close();
  await client?.close();
  await double?.close();
});

test('all users are seen, in every database in which they have a role', async () => {
  await ask('shared', { create: 'theirs' });
  const roles = ['read', 'readWrite', 'dbAdmin'].map((role) => ({ role, db: 'shared' }));
  const user = { pwd: 'of-many', roles, mechanisms: ['SCRAM-SHA-256'], customData: { note: 'x'.repeat(200) } };
  for (const number of numbers) await ask('admin', { createUser: `user_${number}`, ...user });
  expect(await session.observeDatabases()).toMatchObject([{ name: 'shared', id: null, users: COUNT, sessions: 0 }]);
  const { grants, logins } = await session.observeAccess();
  expect(logins.map(({ name }) => name)).toEqual(numbers.map((number) => `user_${number}`));
  expect(grants).toHaveLength(COUNT);
});

test('all marks are read, however many were written down', async () => {
  const marks = numbers.map((number) => ({
    _id: `gone_${number}`,
    name: `gone_${number}`,
    id: `db_${'x'.repeat(100)}`,
  }));
  const documents = [...marks, { _id: 'shared', name: 'shared', id: 'db_the_last' }];
  for (const each of documents) await ask(REGISTRY, { insert: DATABASES, documents: [each] });
  expect(await session.observeDatabases()).toMatchObject([{ name: 'shared', id: 'db_the_last' }]);
});

test('all connections are counted', async () => {
  const { host, port } = server.admin;
  const crowd = new MongoClient(`mongodb://user_00:of-many@${host}:${port}/admin?directConnection=true`, {
    maxPoolSize: COUNT,
    maxConnecting: COUNT,
  });
  // each is at work until the last has come, and is open afterwards
  const waiting = { find: 'theirs', filter: { $where: 'sleep(100) || true' }, singleBatch: true };
  await Promise.all(numbers.map(() => crowd.db('shared').command(waiting)));
  expect(await session.observeDatabases()).toMatchObject([{ name: 'shared', sessions: COUNT }]);
  await crowd.close();
});

test('what is too much for one answer all the same is said', async () => {
  for (const number of numbers) await ask(`${'long'.repeat(15)}_${number}`, { create: 'theirs' });
  await expect(session.observeDatabases()).rejects.toMatchObject({
    code: 'engine_refused',
    message: expect.stringContaining('BSONObjectTooLarge'),
  });
});
