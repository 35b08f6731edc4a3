// What tenants and operators can do to a database and its logins on MongoDB, and what comes of it.
import { randomBytes } from 'node:crypto';
import { idTail, newId, ROLES, Secret } from '@berth/core';
import { eventually } from '@berth/testing';
import { ensureTenant, refusalOf, type Tenant } from '../conformance/ground';
import type { EngineSession } from '../contract';
import { mongodb } from '.';
import { liveServer, openClient } from './live-server';
import { LOGINS, PLACEHOLDER, REGISTRY } from './names';

const server = liveServer(process.env.BERTH_TEST_MONGODB_AT ?? '');
const closing: { close(): Promise<void> }[] = [];
let session: EngineSession;
const made: Tenant[] = [];

beforeAll(async () => {
  session = await mongodb.open(server.admin, { leftMs: () => 20_000 });
  await session.ensureServerPrepared();
});
afterAll(async () => {
  for (const client of closing) await client.close();
  for (const { database, login } of made) {
    await session.removeDatabase(database);
    await session.removeLogin(login);
  }
  await session?.close();
});

function newTenant(): Tenant {
  const id = newId('database');
  const database = { id, name: `shop_${idTail(id)}`, connectionsMax: 5 };
  const login = { id: newId('credential'), name: database.name };
  const tenant = { database, login, password: new Secret(randomBytes(12).toString('hex')) };
  made.push(tenant);
  return tenant;
}

async function makeTenant(): Promise<Tenant> {
  const tenant = newTenant();
  await ensureTenant(session, tenant);
  return tenant;
}

async function openInside({ login, password }: Pick<Tenant, 'login' | 'password'>) {
  const client = await openClient({ ...server.admin, username: login.name, password });
  closing.push(client);
  return client;
}

const rolesOf = async (name: string) => (await server.asAdmin('admin', { usersInfo: name })).users[0]?.roles;

describe('an owner', () => {
  test('that drops all there is in its database keeps it: it is ours, and made again', async () => {
    const tenant = await makeTenant();
    const inside = (await openInside(tenant)).db(tenant.database.name);
    await inside.command({ drop: PLACEHOLDER });
    expect(await server.hasDatabase(tenant.database.name)).toBe(false);
    expect(await session.observeDatabase(tenant.database)).toBe('ours');
    expect(await session.observeDatabase({ ...tenant.database, id: newId('database') })).toBe('foreign');
    await inside.command({ insert: 'notes', documents: [{}] });
    await session.ensureDatabase(tenant.database);
    await session.proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
  });

  test('that fills the placeholder changes nothing of whose the database is', async () => {
    const tenant = await makeTenant();
    const inside = (await openInside(tenant)).db(tenant.database.name);
    await inside.command({ insert: PLACEHOLDER, documents: [{ id: 'db_other', name: 'other' }] });
    expect(await session.observeDatabase(tenant.database)).toBe('ours');
    await session.removeDatabase(tenant.database);
    expect(await session.observeDatabase(tenant.database)).toBe('free');
  });

  test('that has a view that cannot be read where Berth looks keeps no login from being let in, or refused', async () => {
    const tenant = await makeTenant();
    const inside = (await openInside(tenant)).db(tenant.database.name);
    await inside.command({ insert: 'notes', documents: [{ text: 'no number' }] });
    await inside.command({ drop: PLACEHOLDER });
    const pipeline = [{ $set: { half: { $divide: ['$text', 2] } } }];
    await inside.command({ create: PLACEHOLDER, viewOn: 'notes', pipeline });
    await expect(inside.command({ find: PLACEHOLDER })).rejects.toThrow('$divide');
    await session.ensureDatabase(tenant.database);
    for (const role of ROLES) {
      await session.ensureGrant(tenant.database, tenant.login, role);
      const entry = await session.proveEntry(tenant.database, tenant.login, tenant.password, role);
      expect(entry).toMatchObject({ role, lacks: null, can_read: true });
    }
    await session.removeGrant(tenant.database, tenant.login);
    const refused = await session.proveRefused(tenant.database, tenant.login, tenant.password);
    expect(refused).toMatchObject({ reason: 'privilege' });
  });

  test.each([
    ['admin', { createUser: 'friend', pwd: 'x', roles: [], mechanisms: ['SCRAM-SHA-256'] }],
    ['own', { createUser: 'friend', pwd: 'x', roles: [], mechanisms: ['SCRAM-SHA-256'] }],
    ['admin', { usersInfo: { forAllDBs: true } }],
    ['own', { usersInfo: 'friend' }],
    ['admin', { grantRolesToUser: 'self', roles: [{ role: 'dbOwner', db: 'own' }] }],
    ['berth', { find: 'databases' }],
    ['berth', { delete: 'databases', deletes: [{ q: {}, limit: 0 }] }],
  ])('is refused in %s: %j', async (where, command) => {
    const { database, login, password } = await makeTenant();
    const text = JSON.stringify(command)
      .replaceAll('"self"', `"${login.name}"`)
      .replaceAll('"own"', `"${database.name}"`);
    const inside = (await openInside({ login, password })).db(where === 'own' ? database.name : where);
    await expect(inside.command(JSON.parse(text))).rejects.toMatchObject({ code: 13 });
  });
});

describe('a name', () => {
  test('of a database that exists in another case is taken, and the other is left alone', async () => {
    const tenant = newTenant();
    const other = tenant.database.name.toUpperCase();
    await server.makeForeignDatabase(other);
    expect(await session.observeDatabase(tenant.database)).toBe('foreign');
    expect(await refusalOf(session.ensureDatabase(tenant.database))).toBe('taken_on_server');
    await session.removeDatabase(tenant.database);
    expect(await server.hasDatabase(other)).toBe(true);
    await server.dropForeign(other);
  });

  test('that a database dropped by hand left in the roles of a login does not open the next one', async () => {
    const tenant = newTenant();
    const left = `left_${idTail(newId('credential'))}`;
    const password = new Secret('still-known');
    await server.makeForeignLogin(left, password, tenant.database.name);
    await ensureTenant(session, tenant);
    const inside = (await openClient({ ...server.admin, username: left, password })).db(tenant.database.name);
    await expect(inside.command({ find: 'notes' })).rejects.toMatchObject({ code: 13 });
    await inside.client.close();
    await server.asAdmin('admin', { dropUser: left });
  });

  test.each(['a"b', 'Ä/B', 'x'.repeat(64), ''])(
    '%j is no database, and says so before anything is made',
    async (name) => {
      const database = { id: newId('database'), name, connectionsMax: 1 };
      expect(await refusalOf(session.ensureDatabase(database))).toBe('engine_refused');
      expect(await session.observeDatabase(database)).toBe('free');
    },
  );
});

test('a user that operators made in the database itself is shut out with the rest, and counts as inside until then', async () => {
  const { database } = await makeTenant();
  const password = new Secret('of-the-operators');
  const roles = [{ role: 'read', db: database.name }];
  const user = { createUser: 'report', pwd: password.reveal(), roles, mechanisms: ['SCRAM-SHA-256'] };
  await server.asAdmin(database.name, user);
  const inside = await openClient({ ...server.admin, username: 'report', password }, database.name);
  closing.push(inside);
  await inside.db(database.name).command({ find: 'notes' });
  expect(await refusalOf(session.endSessions({ database, logins: [] }))).toBe('sessions_remain');
  expect((await session.removeAccess({ database, logins: [] })).revoked).toContain('report');
  expect((await session.endSessions({ database, logins: [] })).looks).toEqual([0, 0]);
  await expect(inside.db(database.name).command({ find: 'notes' })).rejects.toMatchObject({ code: 13 });
  await server.asAdmin(database.name, { dropUser: 'report' });
});

test('a user with a role that operators made is let in still, and nothing else is claimed', async () => {
  const { database, login } = await makeTenant();
  const own = `own_${idTail(newId('credential'))}`;
  const resource = { db: database.name, collection: 'notes' };
  await server.asAdmin('admin', { createRole: own, privileges: [{ resource, actions: ['find'] }], roles: [] });
  const password = new Secret('of-the-operators');
  const roles = [{ role: own, db: 'admin' }];
  await server.asAdmin('admin', { createUser: own, pwd: password.reveal(), roles, mechanisms: ['SCRAM-SHA-256'] });
  const shut = await session.removeAccess({ database, logins: [login] });
  const inside = await openInside({ login: { id: newId('credential'), name: own }, password });
  await inside.db(database.name).command({ find: 'notes' });
  expect(shut).toMatchObject({ shut: true, revoked: [login.name], still_let_in: null });
  await server.asAdmin('admin', { dropUser: own });
  await server.asAdmin('admin', { dropRole: own });
});

describe('a locked login', () => {
  test('has no role, keeps what it is to get back where tenants cannot reach it, and gets back all of it', async () => {
    const [one, other] = [await makeTenant(), await makeTenant()];
    await session.ensureGrant(other.database, one.login, 'readonly');
    await session.removeAccess({ logins: [one.login] });
    await session.removeAccess({ logins: [one.login] });
    expect(await rolesOf(one.login.name)).toEqual([]);
    expect(await session.proveRefused(one.database, one.login, one.password)).toMatchObject({ reason: 'password' });
    await session.ensureLogin(one.login, one.password);
    await session.proveEntry(one.database, one.login, one.password, 'owner');
    await session.proveEntry(other.database, one.login, one.password, 'readonly');
    expect(
      (await server.asAdmin(REGISTRY, { find: LOGINS, filter: { _id: one.login.name } })).cursor.firstBatch,
    ).toEqual([]);
  });

  test('is given and refused roles as any other, and has them when it is let in', async () => {
    const [one, other] = [await makeTenant(), await makeTenant()];
    await session.removeAccess({ logins: [one.login] });
    await session.ensureGrant(other.database, one.login, 'readwrite');
    await session.removeGrant(one.database, one.login);
    expect(await rolesOf(one.login.name)).toEqual([]);
    await session.ensureLogin(one.login, one.password);
    expect(await rolesOf(one.login.name)).toEqual([{ role: 'readWrite', db: other.database.name }]);
  });

  test('does not get back a role in a database that was shut or dropped meanwhile', async () => {
    const [one, other] = [await makeTenant(), await makeTenant()];
    await session.ensureGrant(other.database, one.login, 'owner');
    await session.removeAccess({ logins: [one.login] });
    await session.removeDatabase(other.database);
    await session.ensureLogin(one.login, one.password);
    const left = (await rolesOf(one.login.name)).map(({ db }: { db: string }) => db);
    expect(new Set(left)).toEqual(new Set([one.database.name]));
  });

  test('whose unlocking died between the old user and the new one is let in by the next, with its roles', async () => {
    const { database, login, password } = await makeTenant();
    await session.removeAccess({ logins: [login] });
    await server.asAdmin('admin', { dropUser: login.name });
    expect(await session.observeLogin(login)).toBe('free');
    await session.ensureLogin(login, password);
    await session.proveEntry(database, login, password, 'owner');
  });

  test('of another id gets nothing of what was kept under its name', async () => {
    const { login, password } = await makeTenant();
    await session.removeAccess({ logins: [login] });
    await server.asAdmin('admin', { dropUser: login.name });
    const next = { id: newId('credential'), name: login.name };
    await session.ensureLogin(next, password);
    expect(await rolesOf(login.name)).toEqual([]);
    await session.removeLogin(next);
  });
});

test('a command that runs is ended with its login, with its database, and with its role there', async () => {
  const tenant = await makeTenant();
  for (const end of [
    () => session.removeAccess({ logins: [tenant.login] }).then(() => session.endSessions({ logins: [tenant.login] })),
    () => session.removeGrant(tenant.database, tenant.login),
    () => session.removeDatabase(tenant.database),
  ]) {
    await ensureTenant(session, tenant);
    const inside = (await openInside(tenant)).db(tenant.database.name);
    const command = { find: 'notes', filter: { $where: 'sleep(19000) || true' } };
    const running = inside.command(command).then(
      () => 'done',
      (error: unknown) => Reflect.get(Object(error), 'code'),
    );
    await eventually(() => isBusy(tenant.login.name), { what: "the tenant's command to run" });
    await end();
    expect(await running).toBe(11601);
  }
});

async function isBusy(name: string): Promise<boolean> {
  const pipeline = [
    { $currentOp: { allUsers: true, idleConnections: true } },
    { $match: { 'effectiveUsers.user': name } },
  ];
  const { cursor } = await server.asAdmin('admin', { aggregate: 1, pipeline, cursor: {} });
  return cursor.firstBatch.some(({ active }: { active: boolean }) => active);
}
