// What MongoDB does that this folder is built around, each beside what Berth makes of it. On a double it says no more than that
// Berth and the manual agree; on a MongoDB it says whether the manual does (docs/engines.md).
import { newId } from '@berth/core';
import { MongoClient } from 'mongodb';
import { newPassword, openGround, refusalOf, type Tenant } from '../conformance/ground';
import { rulesOf } from '../rules';
import { mongodb } from '.';
import { liveServer, openClient } from './live-server';

const server = liveServer(process.env.BERTH_TEST_MONGODB_AT ?? '');
const ground = openGround(mongodb, async () => server);
const clients: MongoClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close();
});

/** A client as applications open it: by a URL and nothing else. */
async function enter(url: string): Promise<MongoClient> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: 5_000 });
  clients.push(client);
  return client.connect();
}

function urlOf({ database, login, password }: Tenant): string {
  const { host, port } = server.admin;
  const facts = { host, port, tls: 'disable' as const, database: database.name, username: login.name, password };
  return rulesOf('mongodb').connectionUrl(facts).reveal();
}

const userOf = async (name: string, db = 'admin') => (await server.asAdmin(db, { usersInfo: name })).users[0];

describe('a login', () => {
  test('is of the database admin, and of no other: the URL that a tenant is given says so', async () => {
    const tenant = await ground.makeTenant();
    const { database, login } = tenant;
    expect([await userOf(login.name), await userOf(login.name, database.name)]).toEqual([
      expect.objectContaining({ db: 'admin' }),
      undefined,
    ]);
    const url = urlOf(tenant);
    await (await enter(url)).db().command({ insert: 'notes', documents: [{ text: 'by the URL alone' }] });
    for (const other of [url.replace('authSource=admin', `authSource=${database.name}`), url.replace(/\?.*/, '')]) {
      expect(other).not.toBe(url);
      await expect(enter(other)).rejects.toMatchObject({ code: 18 });
    }
  });

  test('of one URL works in every database that it has a grant on', async () => {
    const [tenant, other] = [await ground.makeTenant(), ground.newDatabase()];
    await ground.session().ensureDatabase(other);
    await ground.session().ensureGrant(other, tenant.login, 'readonly');
    const client = await enter(urlOf(tenant));
    await client.db().command({ insert: 'notes', documents: [{}] });
    await client.db(other.name).command({ find: 'notes' });
    const insert = { insert: 'notes', documents: [{}] };
    await expect(client.db(other.name).command(insert)).rejects.toMatchObject({ code: 13 });
  });
});

describe('a drop', () => {
  test('by hand leaves users and their roles, and they open what is made under the name', async () => {
    const [name, password] = [ground.foreignName(), newPassword()];
    await server.makeForeignDatabase(name);
    await server.makeForeignLogin(name, password, name);
    await server.asAdmin(name, { dropDatabase: 1 });
    expect(await userOf(name)).toMatchObject({ roles: [{ role: 'readWrite', db: name }] });
    await server.makeForeignDatabase(name);
    const client = await openClient({ ...server.admin, username: name, password });
    clients.push(client);
    await client.db(name).command({ find: 'theirs' }); // refused one day: rejoice
  });

  test('by Berth leaves no role in the database, whoever made the user and wherever it lives', async () => {
    const tenant = await ground.makeTenant();
    const { database, login } = tenant;
    const password = newPassword();
    const roles = [{ role: 'read', db: database.name }];
    const report = { createUser: 'report', pwd: password.reveal(), roles, mechanisms: ['SCRAM-SHA-256'] };
    await server.asAdmin(database.name, report);
    const inside = await enter(urlOf(tenant));
    await inside.db().command({ find: 'notes' });
    expect((await ground.session().removeDatabase(database)).revoked).toEqual(
      expect.arrayContaining(['report', login.name]),
    );
    expect([await userOf(login.name), await userOf('report', database.name)]).toMatchObject([
      { roles: [] },
      { roles: [] },
    ]);
    await server.makeForeignDatabase(database.name);
    await expect(inside.db().command({ find: 'theirs' })).rejects.toMatchObject({ code: 13 });
    const other = await openClient({ ...server.admin, username: 'report', password }, database.name);
    clients.push(other);
    await expect(other.db(database.name).command({ find: 'theirs' })).rejects.toMatchObject({ code: 13 });
    await server.asAdmin(database.name, { dropUser: 'report' });
    await server.dropForeign(database.name);
  });
});

test('a database in which nothing was written is not there, and one that Berth has just made is', async () => {
  const [empty, database] = [ground.foreignName(), ground.newDatabase()];
  await server.asAdmin(empty, { find: 'notes' });
  expect(await server.hasDatabase(empty)).toBe(false);
  await ground.session().ensureDatabase(database);
  expect(await server.hasDatabase(database.name)).toBe(true);
  expect((await ground.session().observeDatabases()).map(({ name }) => name)).toContain(database.name);
});

describe('a right', () => {
  test('that is taken counts from the next command of an open connection; a new password counts from the next login', async () => {
    const tenant = await ground.makeTenant();
    const find = { find: 'notes' };
    const open = (await enter(urlOf(tenant))).db();
    await open.command(find);
    await ground.session().ensurePassword(tenant.login, newPassword());
    await open.command(find); // refused one day: rejoice
    await expect(enter(urlOf(tenant))).rejects.toMatchObject({ code: 18 });
    await ground.session().removeAccess({ database: tenant.database, logins: [] });
    await expect(open.command(find)).rejects.toMatchObject({ code: 13 });
  });
});

describe('a name', () => {
  const rules = rulesOf('mongodb');
  const refused = async (name: string) =>
    server.asAdmin(name, { create: 'notes' }).then(
      () => null,
      (error: unknown) => Reflect.get(Object(error), 'code'),
    );

  test('is unique whatever its case, and Berth gives none that could meet another so', async () => {
    const { database } = await ground.makeTenant();
    const upper = database.name.toUpperCase();
    expect(await refused(upper)).toBe(13297);
    expect(rules.canBeDatabaseName(upper)).toBe(false);
    const asked = { ...ground.newDatabase(upper), id: newId('database') };
    expect(await ground.session().observeDatabase(asked)).toBe('foreign');
    expect(await refusalOf(ground.session().ensureDatabase(asked))).toBe('taken_on_server');
  });

  test.each(['x'.repeat(64), 'é'.repeat(32), ...'/\\ "$'.split('').map((letter) => `a${letter}b`)])(
    'that the server refuses is refused before it hears of it: %j',
    async (name) => {
      expect([await refused(name), rules.canBeDatabaseName(name)]).toEqual([73, false]);
      const database = { id: newId('database'), name, connectionsMax: 1 };
      expect(await refusalOf(ground.session().ensureDatabase(database))).toBe('engine_refused');
    },
  );

  test.each('.*<>:|?'.split('').map((letter) => `a${letter}b`))(
    'that the driver or a server on Windows refuses is given to no database: %j',
    async (name) => {
      const database = { id: newId('database'), name, connectionsMax: 1 };
      expect(rules.canBeDatabaseName(name)).toBe(false);
      expect(await refusalOf(ground.session().ensureDatabase(database))).toBe('engine_refused');
    },
  );
});
