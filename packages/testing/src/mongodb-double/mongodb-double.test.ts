// The double is as strict as what it stands in for: everything here is asked with the real driver, over TCP. What MongoDB
// answers is taken from its manual and its source; that it does so has not been seen on a MongoDB here.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { connect } from 'node:net';
import { Binary, type Document, MongoClient } from 'mongodb';
import { makeVerifier, openConversation } from './scram';
import { type MongodbDouble, startMongodbDouble } from './start-double';

const ROOT = { username: 'root', password: 'root-of-the-double' };
const opened: MongoClient[] = [];
let double: MongodbDouble;
let root: MongoClient;

beforeAll(async () => {
  double = await startMongodbDouble(ROOT);
  root = await openClient(ROOT.username, ROOT.password);
});
afterAll(async () => {
  for (const client of opened) await client.close();
  await double?.close();
});

async function openClient(username: string | null, password = '', port = double.port): Promise<MongoClient> {
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    ...(username !== null && { auth: { username, password }, authSource: 'admin' }),
    maxPoolSize: 1,
    retryReads: false,
    retryWrites: false,
    serverSelectionTimeoutMS: 5_000,
  });
  opened.push(client);
  return client.connect();
}

const asRoot = (command: Document, db = 'admin') => root.db(db).command(command);
const createUser = (user: string, pwd: string, roles: Document[]) =>
  asRoot({ createUser: user, pwd, roles, mechanisms: ['SCRAM-SHA-256'] });

/** Code and name of what a command is refused with. */
async function refusalOf(deed: Promise<unknown>): Promise<unknown[]> {
  const error: unknown = await deed.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  return [Reflect.get(Object(error), 'code'), Reflect.get(Object(error), 'codeName')];
}

describe('logging in', () => {
  test('takes the password that was set, SASLprepped, and no other', async () => {
    await createUser('fox', 'o\ufb03ce', []);
    await openClient('fox', 'office');
    expect(await refusalOf(openClient('fox', 'offices'))).toEqual([18, 'AuthenticationFailed']);
    expect(await refusalOf(openClient('nobody', 'office'))).toEqual([18, 'AuthenticationFailed']);
  });

  test('takes a name with a comma, and a changed password at the next login', async () => {
    await createUser('a,b', 'old', []);
    const inside = await openClient('a,b', 'old');
    await asRoot({ updateUser: 'a,b', pwd: 'new', mechanisms: ['SCRAM-SHA-256'] });
    expect((await inside.db('admin').command({ connectionStatus: 1 })).authInfo.authenticatedUsers).toHaveLength(1);
    expect(await refusalOf(openClient('a,b', 'old'))).toEqual([18, 'AuthenticationFailed']);
    await openClient('a,b', 'new');
  });

  test('answers a right proof with its own, and refuses one with a bit changed and a nonce that is not its own', async () => {
    const password = 'secret';
    const verifier = await makeVerifier(password);
    const begin = () => openConversation('n,,n=fox,r=abc', () => verifier);
    const right = begin();
    const { nonce, proof, signature } = answerOf(password, right.first);
    const text = (bytes: Buffer) => bytes.toString('base64');
    expect(right.answer(`c=biws,r=${nonce},p=${text(proof)}`)).toBe(`v=${text(signature)}`);
    expect(() => begin().answer(`c=biws,r=${nonce},p=${text(proof)}`)).toThrow('Authentication failed.');
    const other = begin();
    const tampered = answerOf(password, other.first);
    tampered.proof.writeUInt8(tampered.proof.readUInt8(0) ^ 1, 0);
    expect(() => other.answer(`c=biws,r=${tampered.nonce},p=${text(tampered.proof)}`)).toThrow(
      'Authentication failed.',
    );
    expect(() => begin().answer('c=biws,r=abc,p=')).toThrow('Authentication failed.');
  });

  /** The client's side of RFC 5802 for the user fox and the nonce abc. */
  function answerOf(password: string, first: string) {
    const [, nonce = '', salt = '', rounds = ''] = /^r=(abc[^,]{20,}),s=([^,]+),i=(\d+)$/.exec(first) ?? [];
    const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(rounds), 32, 'sha256');
    const hmac = (key: Buffer, said: string) => createHmac('sha256', key).update(said).digest();
    const said = `n=fox,r=abc,${first},c=biws,r=${nonce}`;
    const clientKey = hmac(salted, 'Client Key');
    const mask = hmac(createHash('sha256').update(clientKey).digest(), said);
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (mask[at] ?? 0)));
    return { nonce, proof, signature: hmac(hmac(salted, 'Server Key'), said) };
  }

  test('refuses another mechanism, and a message that is no command ends the connection', async () => {
    const start = { saslStart: 1, mechanism: 'PLAIN', payload: new Binary(Buffer.from('\0root\0x')) };
    expect(await refusalOf(asRoot(start))).toEqual([2, 'BadValue']);
    const closed = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port: double.port }, () => socket.write('GET / HTTP/1.1\r\n\r\n'));
      socket.on('error', () => undefined).on('close', () => resolve(true));
    });
    expect(closed).toBe(true);
  });

  test('is asked of everybody but where there is no authorization', async () => {
    const stranger = await openClient(null);
    expect(await refusalOf(stranger.db('shop').command({ find: 'notes' }))).toEqual([13, 'Unauthorized']);
    const open = await startMongodbDouble({ ...ROOT, hasAuthorization: false });
    const anybody = await openClient(null, '', open.port);
    await anybody.db('shop').command({ find: 'notes' });
    await anybody.close();
    await open.close();
  });
});

describe('roles', () => {
  test('count per database and per command, and at the next command of an open connection', async () => {
    await createUser('clerk', 'pw', [{ role: 'read', db: 'shop' }]);
    const clerk = (await openClient('clerk', 'pw')).db('shop');
    const insert = { insert: 'notes', documents: [{ text: 'one' }] };
    await clerk.command({ find: 'notes' });
    expect(await refusalOf(clerk.command(insert))).toEqual([13, 'Unauthorized']);
    await asRoot({ grantRolesToUser: 'clerk', roles: [{ role: 'readWrite', db: 'shop' }] });
    await clerk.command(insert);
    expect(await refusalOf(clerk.command({ collMod: 'notes' }))).toEqual([13, 'Unauthorized']);
    await asRoot({ updateUser: 'clerk', roles: [] });
    expect(await refusalOf(clerk.command({ find: 'notes' }))).toEqual([13, 'Unauthorized']);
  });

  test.each([
    { usersInfo: { forAllDBs: true } },
    { createUser: 'other', pwd: 'x', roles: [], mechanisms: ['SCRAM-SHA-256'] },
    { updateUser: 'root', pwd: 'x', mechanisms: ['SCRAM-SHA-256'] },
    { dropUser: 'root' },
    { grantRolesToUser: 'owner', roles: [{ role: 'root', db: 'admin' }] },
    { serverStatus: 1 },
    { aggregate: 1, pipeline: [{ $currentOp: { allUsers: true, idleConnections: true } }], cursor: {} },
    { killOp: 1, op: 1 },
    { killAllSessions: [{ user: 'root', db: 'admin' }] },
    { find: 'system.users' },
  ])('do not let an owner of a database do %j', async (command) => {
    const owner = await openOwner('owner');
    expect(await refusalOf(owner.db('admin').command(command))).toEqual([13, 'Unauthorized']);
  });

  async function openOwner(name: string): Promise<MongoClient> {
    await createUser(name, 'pw', [{ role: 'dbOwner', db: 'owned' }]).catch(() => undefined); // of an earlier row
    return openClient(name, 'pw');
  }

  test('a dropped user is nobody on its open connection, also once one of its name was made again', async () => {
    await createUser('gone', 'pw', [{ role: 'readWrite', db: 'shop' }]);
    const inside = (await openClient('gone', 'pw')).db('shop');
    await inside.command({ find: 'notes' });
    await asRoot({ dropUser: 'gone' });
    await createUser('gone', 'pw', [{ role: 'readWrite', db: 'shop' }]);
    expect(await refusalOf(inside.command({ find: 'notes' }))).toEqual([13, 'Unauthorized']);
    await (await openClient('gone', 'pw')).db('shop').command({ find: 'notes' });
  });

  test('those that exist, on users that exist', async () => {
    expect(await refusalOf(createUser('x', 'x', [{ role: 'king', db: 'shop' }]))).toEqual([31, 'RoleNotFound']);
    expect(await refusalOf(createUser('x', 'x', [{ role: 'root', db: 'shop' }]))).toEqual([31, 'RoleNotFound']);
    expect(await refusalOf(createUser('root', 'x', []))).toEqual([51003, 'Location51003']);
    expect(await refusalOf(createUser('x', '', []))).toEqual([2, 'BadValue']);
    expect(await refusalOf(asRoot({ dropUser: 'x' }))).toEqual([11, 'UserNotFound']);
  });
});

describe('commands', () => {
  test.each([
    [{ renameCollection: 'a.b', to: 'a.c' }, 59, 'CommandNotFound'],
    [{ find: 'notes', hint: 'x' }, 40415, 'Location40415'],
    [{ find: 'notes', filter: { $where: 'while (true);' } }, 2, 'BadValue'],
    [{ find: 'notes', filter: { a: { $gt: 1 } } }, 2, 'BadValue'],
    [{ update: 'notes', updates: [{ q: {}, u: { $rename: { a: 'b' } }, upsert: true }] }, 2, 'BadValue'],
  ])('that are not known to it are refused: %j', async (command, code, name) => {
    expect(await refusalOf(asRoot(command, 'shop'))).toEqual([code, name]);
  });

  test('read the users as documents, and of them the fields that are asked for', async () => {
    await createUser('reader', 'pw', [{ role: 'userAdminAnyDatabase', db: 'admin' }]);
    const admin = (await openClient('reader', 'pw')).db('admin');
    const filter = { _id: { $gt: 'admin.reade' }, user: 'reader' };
    const { cursor } = await admin.command({
      find: 'system.users',
      filter,
      projection: { user: 1, 'customData.berth': 1 },
    });
    expect(cursor.firstBatch).toEqual([{ _id: 'admin.reader', user: 'reader' }]);
    const whole = await admin.command({ find: 'system.users', filter, sort: { _id: 1 } });
    expect(Object.keys(whole.cursor.firstBatch[0].credentials)).toEqual(['SCRAM-SHA-256']);
    expect(await refusalOf(admin.command({ delete: 'system.users', deletes: [] }))).toEqual([13, 'Unauthorized']);
  });

  test('answer no more than one answer holds: a document is refused, and a batch ends before it is full', async () => {
    const small = await startMongodbDouble({ ...ROOT, answerBytesMax: 4_000 });
    const db = (await openClient(ROOT.username, ROOT.password, small.port)).db('shop');
    for (const _id of ['a', 'b', 'c'])
      await db.command({ insert: 'notes', documents: [{ _id, text: 'x'.repeat(1_500) }] });
    const { cursor } = await db.command({ find: 'notes', sort: { _id: 1 }, singleBatch: true });
    expect(cursor.firstBatch.map(({ _id }: Document) => _id)).toEqual(['a', 'b']);
    await db.command({ insert: 'notes', documents: [{ _id: 'd', text: 'x'.repeat(4_500) }] });
    const large = db.command({ find: 'notes', filter: { _id: 'd' }, singleBatch: true });
    expect(await refusalOf(large)).toEqual([10334, 'BSONObjectTooLarge']);
    await small.close();
  });

  test('make a database with its first collection, and unmake it with its last', async () => {
    const names = async () =>
      (await asRoot({ listDatabases: 1, nameOnly: true })).databases.map(({ name }: Document) => name);
    await asRoot({ find: 'notes' }, 'brief');
    expect(await names()).not.toContain('brief');
    await asRoot({ create: 'notes' }, 'brief');
    expect(await refusalOf(asRoot({ create: 'notes' }, 'brief'))).toEqual([48, 'NamespaceExists']);
    expect(await names()).toContain('brief');
    expect(await refusalOf(asRoot({ collMod: 'others' }, 'brief'))).toEqual([26, 'NamespaceNotFound']);
    await asRoot({ drop: 'notes' }, 'brief');
    expect(await names()).not.toContain('brief');
  });

  test('refuse a database that differs by case alone, and one whose name is too long or no name', async () => {
    await asRoot({ create: 'notes' }, 'Case');
    expect(await refusalOf(asRoot({ create: 'notes' }, 'case'))).toEqual([13297, 'DatabaseDifferCase']);
    await asRoot({ create: 'notes' }, 'l'.repeat(63));
    const write = { insert: 'notes', documents: [{}] };
    expect(await refusalOf(asRoot(write, 'l'.repeat(64)))).toEqual([73, 'InvalidNamespace']);
    expect(await refusalOf(asRoot(write, 'a"b'))).toEqual([73, 'InvalidNamespace']);
  });

  test('that drop a database leave its users', async () => {
    await createUser('stays', 'pw', [{ role: 'read', db: 'dropped' }]);
    await asRoot({ create: 'notes' }, 'dropped');
    await asRoot({ dropDatabase: 1 }, 'dropped');
    expect((await asRoot({ usersInfo: 'stays' })).users).toMatchObject([{ roles: [{ role: 'read', db: 'dropped' }] }]);
  });

  test('write what is unique by id once, and change it in place', async () => {
    const notes = root.db('books').collection<{ _id: string; holders: string[] }>('locks');
    await notes.insertOne({ _id: 'a', holders: ['one'] });
    await expect(notes.insertOne({ _id: 'a', holders: [] })).rejects.toMatchObject({ code: 11000 });
    const push = { findAndModify: 'locks', query: { _id: 'a' }, update: { $push: { holders: 'two' } }, new: true };
    expect((await asRoot(push, 'books')).value).toEqual({ _id: 'a', holders: ['one', 'two'] });
    await notes.updateOne({ _id: 'a' }, { $pull: { holders: { $in: ['one'] } } });
    expect(await notes.find({ holders: 'two' }).toArray()).toEqual([{ _id: 'a', holders: ['two'] }]);
    expect(await notes.deleteOne({ _id: 'a', holders: { $size: 0 } })).toMatchObject({ deletedCount: 0 });
  });
});

describe('what a database holds beside documents', () => {
  const namesOf = async (command: Document) =>
    (await asRoot(command, 'shelf')).cursor.firstBatch.map(({ name }: Document) => name);

  test('is told as it was made: views show what they match, and are not written to', async () => {
    await asRoot({ create: 'notes', validator: { n: { $gte: 0 } } }, 'shelf');
    await asRoot({ insert: 'notes', documents: [{ n: 1 }, { n: 2 }] }, 'shelf');
    await asRoot({ create: 'first', viewOn: 'notes', pipeline: [{ $match: { n: 1 } }] }, 'shelf');
    await asRoot({ createIndexes: 'notes', indexes: [{ key: { n: 1 }, name: 'by_n', unique: true }] }, 'shelf');
    expect((await asRoot({ find: 'first' }, 'shelf')).cursor.firstBatch).toMatchObject([{ n: 1 }]);
    await asRoot({ insert: 'words', documents: [{ text: 'no number' }] }, 'shelf');
    const pipeline = [{ $set: { half: { $divide: ['$text', 2] } } }];
    await asRoot({ create: 'failing', viewOn: 'words', pipeline }, 'shelf');
    expect(await refusalOf(asRoot({ find: 'failing' }, 'shelf'))).toEqual([14, 'TypeMismatch']);
    const write = { insert: 'first', documents: [{ n: 3 }] };
    expect(await refusalOf(asRoot(write, 'shelf'))).toEqual([166, 'CommandNotSupportedOnView']);
    expect(await namesOf({ listCollections: 1, filter: { type: 'view' } })).toEqual(['first', 'failing']);
    expect(await namesOf({ listIndexes: 'notes' })).toEqual(['_id_', 'by_n']);
  });

  test('may be opened by a role of its own: that, and no more, until the role is dropped', async () => {
    const privileges = [{ resource: { db: 'shelf', collection: 'notes' }, actions: ['find'] }];
    await asRoot({ createRole: 'noting', privileges, roles: [] }, 'shelf');
    expect((await asRoot({ rolesInfo: 1, showPrivileges: true }, 'shelf')).roles).toMatchObject([{ privileges }]);
    await createUser('noter', 'pw', [{ role: 'noting', db: 'shelf' }]);
    const inside = (await openClient('noter', 'pw')).db('shelf');
    await inside.command({ find: 'notes' });
    for (const refused of [{ find: 'first' }, { insert: 'notes', documents: [{}] }, { rolesInfo: 1 }]) {
      expect(await refusalOf(inside.command(refused))).toEqual([13, 'Unauthorized']);
    }
    await asRoot({ dropRole: 'noting' }, 'shelf');
    expect(await refusalOf(inside.command({ find: 'notes' }))).toEqual([13, 'Unauthorized']);
  });
});

describe('what runs', () => {
  const SLEEP = { find: 'notes', filter: { $where: 'sleep(20000) || true' } };
  const pipeline = [
    { $currentOp: { allUsers: true, idleConnections: true } },
    { $match: { 'effectiveUsers.user': 'busy' } },
  ];
  const seen = async (): Promise<Document[]> => {
    return (await asRoot({ aggregate: 1, pipeline, cursor: {} })).cursor.firstBatch;
  };

  test('is seen, is killed by its number or its user, and its connection stays', async () => {
    await createUser('busy', 'pw', [{ role: 'read', db: 'shop' }]);
    const busy = (await openClient('busy', 'pw')).db('shop');
    expect(await seen()).toMatchObject([{ active: false }]);
    for (const kill of [
      async () => asRoot({ killOp: 1, op: (await seen())[0]?.opid }),
      () => asRoot({ killAllSessions: [{ user: 'busy', db: 'admin' }] }),
    ]) {
      const running = refusalOf(busy.command(SLEEP));
      while (!(await seen()).some(({ active }) => active)); // each look is a round trip
      expect(await seen()).toMatchObject([{ active: true, ns: 'shop.notes' }]);
      await kill();
      expect(await running).toEqual([11601, 'Interrupted']);
      expect(await seen()).toMatchObject([{ active: false }]);
      await busy.command({ find: 'notes' });
    }
  });

  test('takes no longer than it was given', async () => {
    expect(await refusalOf(asRoot({ ...SLEEP, maxTimeMS: 50 }, 'shop'))).toEqual([50, 'MaxTimeMSExpired']);
  });
});

describe('a double that is hurt', () => {
  let hurt: MongodbDouble;
  beforeAll(async () => {
    hurt = await startMongodbDouble(ROOT);
  });
  afterAll(() => hurt?.close());

  test('that was stopped refuses everybody, and holds what it held when it is back', async () => {
    const before = await openClient(ROOT.username, ROOT.password, hurt.port);
    await before.db('kept').collection('rows').insertOne({ text: 'first' });
    await hurt.stop();
    await expect(before.db('kept').collection('rows').findOne()).rejects.toThrow();
    await hurt.restart();
    const after = await openClient(ROOT.username, ROOT.password, hurt.port);
    expect(await after.db('kept').collection('rows').findOne()).toMatchObject({ text: 'first' });
  });

  test('that is frozen takes what it is sent, and answers when it thaws', async () => {
    const client = await openClient(ROOT.username, ROOT.password, hurt.port);
    hurt.freeze();
    let answered = false;
    const asked = client
      .db('admin')
      .command({ ping: 1 })
      .then(() => {
        answered = true;
      });
    const newcomer = connect({ port: hurt.port, host: '127.0.0.1' });
    await new Promise((resolve) => newcomer.once('connect', resolve));
    newcomer.destroy();
    expect(answered).toBe(false);
    hurt.thaw();
    await asked;
    expect(answered).toBe(true);
  });
});
