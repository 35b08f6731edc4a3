// The suite once more, with an admin that is no superuser: all that docs/engines.md asks for, and nothing else. What only
// such an admin could stumble over comes after it.
import { Secret } from '@berth/core';
import { openTestPostgresql } from '@berth/testing';
import type { Client } from 'pg';
import { describeEngine } from '../conformance';
import { newPassword, openGround, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

async function openLesser(): Promise<LiveServer> {
  const server = await openTestPostgresql();
  const live = liveServer(server.url().reveal());
  const admin = { ...live.admin, username: 'berth_admin', password: new Secret('of-the-lesser-admin') };
  for (const sql of [
    `CREATE ROLE berth_admin LOGIN CREATEDB CREATEROLE PASSWORD ${quoteLiteral(admin.password.reveal())}`,
    'GRANT pg_signal_backend, pg_read_all_stats TO berth_admin',
    'REVOKE CONNECT, TEMPORARY ON DATABASE postgres, template1 FROM PUBLIC',
    'GRANT CONNECT ON DATABASE postgres TO berth_admin',
  ]) {
    await live.asSuperuser(sql);
  }
  return { ...live, admin, close: server.close };
}

describeEngine(postgresql, openLesser);

describe('an admin that is no superuser', () => {
  let live: LiveServer;
  const clients: Client[] = [];
  const ground = openGround(postgresql, async () => {
    live = await openLesser();
    return live;
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined))); // ended by Berth, some
  });

  async function enter({ database, login, password }: Tenant): Promise<Client> {
    const { host, port } = live.admin;
    const client = await openClient({ host, port, database: database.name, username: login.name, password });
    clients.push(client);
    return client;
  }

  async function limitOf({ database }: Tenant): Promise<unknown> {
    const sql = `SELECT datconnlimit AS "limit" FROM pg_database WHERE datname = ${quoteLiteral(database.name)}`;
    return (await live.asSuperuser(sql))[0]?.limit;
  }

  test('shuts and drops a database in which a transaction is prepared', async () => {
    const tenant = await ground.makeTenant();
    const { database, login } = tenant;
    const client = await enter(tenant);
    await client.query(`BEGIN; CREATE TABLE pending (a int); PREPARE TRANSACTION ${quoteLiteral(database.id)}`);
    const evidence = await ground.session().removeAccess({ database, logins: [login] });
    expect(evidence).toMatchObject({ prepared: [database.id], rolled_back: [] });
    expect(await limitOf(tenant)).toBe(0);
    expect(await ground.session().removeDatabase(database)).toMatchObject({ dropped: true, rolled_back: 1 });
  });

  test('locks a login whose row is held by its own prepared transaction, in a database that is shut', async () => {
    const tenant = await ground.makeTenant();
    const { database, login } = tenant;
    const client = await enter(tenant);
    await client.query(`SET ROLE NONE; BEGIN; ALTER ROLE ${quote(login.name)} PASSWORD 'its own'`);
    await client.query(`PREPARE TRANSACTION ${quoteLiteral(login.id)}`);
    await ground.session().removeAccess({ database, logins: [] });
    expect(await ground.session().removeAccess({ logins: [login] })).toMatchObject({ locked: [login.name] });
    expect(await limitOf(tenant)).toBe(0);
  });

  test('gives and takes roles in a database whose connections are all taken', async () => {
    const tenant = await ground.makeTenant();
    await ground.session().ensureDatabase({ ...tenant.database, connectionsMax: 1 });
    const other = { ...tenant, login: ground.newLogin(), password: newPassword() };
    await enter(tenant);
    await ground.session().ensureLogin(other.login, other.password);
    await ground.session().ensureGrant(tenant.database, other.login, 'readonly');
    await ground.session().ensureGrant(tenant.database, other.login, 'owner');
    await ground.session().removeGrant(tenant.database, other.login);
    await ground.session().removeLogin(other.login);
    expect(await limitOf(tenant)).toBe(1);
  });
});
