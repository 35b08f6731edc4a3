// Tenants that stand in the way: what a role may do to its own row, or to its database's, and never commit.
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Client } from 'pg';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { liveServer, openClient } from './live-server';
import { quoteIdentifier as quote } from './quote';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const ground = openGround(postgresql, async () => live);

/** The first byte of what a client sends about its password. */
const PASSWORD_MESSAGE = 'p'.charCodeAt(0);
const WAYS = ['in an open session', 'in a prepared transaction'] as const;

describe.each(WAYS)("a login that holds its own role's row %s", (way) => {
  test('gets a new password all the same', async () => {
    const tenant = await ground.makeTenant();
    const { database, login, password: old } = tenant;
    const password = newPassword();
    const holder = await hold(tenant, [`ALTER ROLE ${quote(login.name)} PASSWORD 'its own'`], way);
    await ground.session().ensurePassword(login, password);
    await holder.end();
    await ground.session().proveLogin(database, login, password, 'owner');
    await ground.session().proveRefused(database, login, old);
  });

  test('is made again all the same', async () => {
    const tenant = await ground.makeTenant();
    const { database, login, password } = tenant;
    const holder = await hold(tenant, [`ALTER ROLE ${quote(login.name)} PASSWORD 'its own'`], way);
    await ground.session().ensureLogin(login, password);
    await holder.end();
    await ground.session().proveLogin(database, login, password, 'owner');
  });

  test('is locked and dropped all the same', async () => {
    const tenant = await ground.makeTenant();
    const { database, login, password } = tenant;
    const statements = [`ALTER ROLE ${quote(login.name)} PASSWORD 'its own'`];
    const holder = await hold(tenant, statements, way);
    await ground.session().removeAccess({ logins: [login] });
    await holder.end();
    expect(await ground.session().proveRefused(database, login, password)).toMatchObject({ refused: true });
    await ground.session().ensureLogin(login, password);
    const again = await hold(tenant, statements, way);
    expect(await ground.session().removeLogin(login)).toMatchObject({ dropped: true });
    await again.end();
  });
});

describe.each(WAYS)("a tenant that holds its database's row %s", (way) => {
  test('is shut out all the same', async () => {
    const tenant = await ground.makeTenant();
    const { database, login, password } = tenant;
    const holder = await hold(tenant, [`GRANT CONNECT ON DATABASE ${quote(database.name)} TO PUBLIC`], way);
    await ground.session().removeAccess({ database, logins: [] });
    await holder.end();
    expect(await ground.session().proveRefused(database, login, password)).toMatchObject({ refused: true });
  });

  test('loses it all the same', async () => {
    const tenant = await ground.makeTenant();
    const { database } = tenant;
    const holder = await hold(tenant, [`GRANT CONNECT ON DATABASE ${quote(database.name)} TO PUBLIC`], way);
    expect(await ground.session().removeDatabase(database)).toMatchObject({ dropped: true });
    await holder.end();
  });
});

test("what others prepared in the same database stays when a login's row is freed", async () => {
  const tenant = await ground.makeTenant();
  const { database, login, password } = tenant;
  const other = await hold(tenant, ['CREATE TABLE public.pending (a int)'], 'in a prepared transaction', 'other');
  const holder = await hold(tenant, [`ALTER ROLE ${quote(login.name)} PASSWORD 'its own'`], WAYS[1]);
  await ground.session().ensurePassword(login, password);
  await Promise.all([other.end(), holder.end()]);
  await live.asSuperuser(`COMMIT PREPARED 'other ${database.id}'`, database.name);
});

test('a connection begun with the old password and finished after a reset is not let in', async () => {
  const { database, login, password: old } = await ground.makeTenant();
  const late = await beginHandshake({ database, login, password: old });
  const password = newPassword();
  await ground.session().ensurePassword(login, password);
  expect(await ground.session().endSessions({ logins: [login] })).toMatchObject({ details: { handshakes_left: 0 } });
  late.answer();
  await expect(late.connected).rejects.toThrow();
  await late.close();
  await ground.session().proveLogin(database, login, password, 'owner');
});

test('a database is dropped though a stranger keeps a handshake open', async () => {
  const tenant = await ground.makeTenant();
  const stranger = await beginHandshake({ ...tenant, login: { ...tenant.login, name: 'nobody_at_all' } });
  expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({ dropped: true });
  await expect(stranger.connected).rejects.toThrow();
  await stranger.close();
});

/** A login through a relay that keeps back its proof of the password, the second message of a SCRAM exchange. */
async function beginHandshake({ database, login, password }: Tenant) {
  const sockets: Socket[] = [];
  let answer = () => {};
  let waits = () => {};
  const isWaiting = new Promise<void>((resolve) => {
    waits = resolve;
  });
  const relay = createServer((near) => {
    const far = connect({ host: live.admin.host, port: live.admin.port });
    sockets.push(near, far);
    far.pipe(near).on('error', () => undefined);
    far.on('error', () => near.destroy());
    let proofs = 0;
    near.on('data', (bytes) => {
      if (bytes[0] !== PASSWORD_MESSAGE || ++proofs < 2) return void far.write(bytes);
      answer = () => void far.write(bytes);
      waits();
    });
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port } = relay.address() as AddressInfo;
  const connected = openClient({ host: '127.0.0.1', port, database: database.name, username: login.name, password });
  connected.catch(() => undefined); // awaited later
  await isWaiting;
  return {
    connected,
    answer: () => answer(),
    close: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => relay.close(resolve));
    },
  };
}

/** Runs the statements as the login itself, not as its group, and leaves them uncommitted. */
async function hold(
  { database, login, password }: Tenant,
  statements: string[],
  way: (typeof WAYS)[number],
  label = 'held',
): Promise<Client> {
  const { host, port } = live.admin;
  const client = await openClient({ host, port, database: database.name, username: login.name, password });
  await client.query('BEGIN');
  if (label === 'held') await client.query('SET LOCAL ROLE NONE');
  for (const statement of statements) await client.query(statement);
  await client.query('RESET ROLE'); // back to the group, who then owns what is prepared
  if (way === 'in a prepared transaction') await client.query(`PREPARE TRANSACTION '${label} ${database.id}'`);
  return client;
}
