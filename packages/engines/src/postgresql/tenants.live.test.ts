// What a tenant of PostgreSQL may and may not do from inside its own database.
import type { Client } from 'pg';
import { openGround, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { liveServer, openClient } from './live-server';
import { groupNameOf, markerOf } from './names';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const ground = openGround(postgresql, async () => live);

test('a tenant cannot lift its limit, change its owner, open or close it, rename it or drop it', async () => {
  const tenant = await ground.makeTenant();
  const name = quote(tenant.database.name);
  const before = await stateOf(tenant);
  const group = quote(groupNameOf(tenant.database));
  await asTenant(tenant, async (client) => {
    for (const acting of ['RESET ROLE', 'SET ROLE NONE', `SET ROLE ${group}`]) {
      await client.query(acting);
      for (const sql of [
        `ALTER DATABASE ${name} CONNECTION LIMIT -1`,
        `ALTER DATABASE ${name} OWNER TO ${group}`,
        `ALTER DATABASE ${name} OWNER TO ${quote(tenant.login.name)}`,
        `ALTER DATABASE ${name} ALLOW_CONNECTIONS false`,
        `ALTER DATABASE ${name} IS_TEMPLATE true`,
        `ALTER DATABASE ${name} SET search_path = 'x'`,
        `ALTER DATABASE ${name} RENAME TO other`,
        `DROP DATABASE ${name}`,
        `DROP DATABASE ${name} WITH (FORCE)`,
      ]) {
        expect([acting, sql, await sqlstateOf(client, sql)]).toEqual([
          acting,
          sql,
          expect.stringMatching(/^(42501|55006)$/),
        ]);
      }
    }
  });
  expect(await stateOf(tenant)).toEqual(before);
});

test('a tenant cannot let others in', async () => {
  const [tenant, neighbour] = [await ground.makeTenant(), await ground.makeTenant()];
  const name = quote(tenant.database.name);
  const before = await stateOf(tenant);
  await asTenant(tenant, async (client) => {
    // without grant option these are warnings, not errors: only the state tells
    await client.query(`GRANT CONNECT, TEMPORARY, CREATE ON DATABASE ${name} TO PUBLIC`);
    await client.query(`GRANT CONNECT ON DATABASE ${name} TO ${quote(neighbour.login.name)}`);
    const group = quote(groupNameOf(tenant.database));
    expect(await sqlstateOf(client, `GRANT ${group} TO ${quote(neighbour.login.name)}`)).toBe('42501');
  });
  expect(await stateOf(tenant)).toEqual(before);
  await ground.session().proveRefused(tenant.database, neighbour.login, neighbour.password);
});

test('a tenant cannot forge or wipe a marker', async () => {
  const [tenant, victim] = [await ground.makeTenant(), await ground.makeTenant()];
  await asTenant(tenant, async (client) => {
    for (const sql of [
      `COMMENT ON DATABASE ${quote(tenant.database.name)} IS ${quoteLiteral(markerOf(victim.database.id))}`,
      `COMMENT ON DATABASE ${quote(tenant.database.name)} IS NULL`,
      `COMMENT ON ROLE ${quote(tenant.login.name)} IS ${quoteLiteral(markerOf(victim.login.id))}`,
      `COMMENT ON ROLE ${quote(groupNameOf(tenant.database))} IS NULL`,
      `COMMENT ON ROLE ${quote(victim.login.name)} IS ${quoteLiteral(markerOf(tenant.login.id))}`,
      'CREATE ROLE another',
      'CREATE DATABASE another',
      `ALTER ROLE ${quote(tenant.login.name)} CREATEROLE`,
      `ALTER ROLE ${quote(tenant.login.name)} RENAME TO another`,
    ]) {
      expect([sql, await sqlstateOf(client, sql)]).toEqual([sql, expect.stringMatching(/^(42501|0A000)$/)]); // 0A000: session user
    }
  });
  for (const { database, login } of [tenant, victim]) {
    expect(await ground.session().observeDatabase(database)).toBe('ours');
    expect(await ground.session().observeLogin(login)).toBe('ours');
  }
});

test('what a tenant makes belongs to the group, schemas and trusted extensions too', async () => {
  const tenant = await ground.makeTenant();
  const group = groupNameOf(tenant.database);
  await asTenant(tenant, async (client) => {
    await client.query('CREATE TABLE in_public (a int)');
    await client.query('CREATE SCHEMA app CREATE TABLE in_app (a int)');
    await client.query('CREATE EXTENSION pgcrypto');
    const owners = await client.query<{ owner: string }>(
      `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relname IN ('in_public', 'in_app')
       UNION SELECT extowner::regrole::text FROM pg_extension WHERE extname = 'pgcrypto'`,
    );
    expect(owners.rows).toEqual([{ owner: group }]);
  });
});

test('schema public belongs to the group and PUBLIC has nothing in it, until its owners say so; they may drop it', async () => {
  const tenant = await ground.makeTenant();
  const look = () =>
    live.asSuperuser(
      `SELECT nspowner::regrole::text AS owner,
              EXISTS (SELECT FROM aclexplode(nspacl) WHERE grantee = 0) AS public_has_something
         FROM pg_namespace WHERE nspname = 'public'`,
      tenant.database.name,
    );
  const owner = groupNameOf(tenant.database);
  expect(await look()).toEqual([{ owner, public_has_something: false }]);
  await asTenant(tenant, (client) => client.query('GRANT USAGE ON SCHEMA public TO PUBLIC'));
  await ground.session().ensureDatabase(tenant.database);
  expect(await look()).toEqual([{ owner, public_has_something: true }]);
  await asTenant(tenant, (client) => client.query('DROP SCHEMA public'));
  await ground.session().ensureDatabase(tenant.database);
  await ground.session().proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
});

test("a tenant cannot end its neighbour's sessions, nor see what they run", async () => {
  const [tenant, neighbour] = [await ground.makeTenant(), await ground.makeTenant()];
  const next = await ground.openTenant(neighbour);
  await next.write('secret plans');
  await asTenant(tenant, async (client) => {
    const who = quoteLiteral(neighbour.login.name);
    const sql = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = ${who}`;
    expect(await sqlstateOf(client, sql)).toBe('42501');
    const seen = await client.query<{ query: string }>(`SELECT query FROM pg_stat_activity WHERE usename = ${who}`);
    expect(seen.rows).toEqual([{ query: '<insufficient privilege>' }]);
  });
  await next.write('undisturbed');
});

test('a login that gave up its group in its own settings acts as the group again once it is granted again', async () => {
  const tenant = await ground.makeTenant();
  const { database, login, password } = tenant;
  await asTenant(tenant, async (client) => {
    await client.query('SET ROLE NONE');
    await client.query(`ALTER ROLE ${quote(login.name)} IN DATABASE ${quote(database.name)} RESET role`);
  });
  const proof = ground.session().proveLogin(database, login, password, 'owner');
  await expect(proof).rejects.toMatchObject({ code: 'login_check_failed' });
  await ground.session().ensureGrant(database, login, 'owner');
  await ground.session().proveLogin(database, login, password, 'owner');
});

test('the connection limit of the plan holds for the tenant, and a full database is busy, not broken', async () => {
  const tenant = await ground.makeTenant();
  await ground.session().ensureDatabase({ ...tenant.database, connectionsMax: 1 });
  const inside = await ground.openTenant(tenant);
  await expect(ground.openTenant(tenant)).rejects.toThrow('too many connections');
  const { database, login, password } = tenant;
  const proof = ground.session().proveLogin(database, login, password, 'owner');
  await expect(proof).rejects.toMatchObject({ code: 'server_busy' });
  await inside.close();
});

async function asTenant<T>({ database, login, password }: Tenant, deed: (client: Client) => Promise<T>): Promise<T> {
  const { host, port } = live.admin;
  const client = await openClient({ host, port, database: database.name, username: login.name, password });
  try {
    return await deed(client);
  } finally {
    await client.end();
  }
}

/** The SQLSTATE a statement was refused with; `done` when it was not. */
async function sqlstateOf(client: Client, sql: string): Promise<string> {
  try {
    await client.query(sql);
    return 'done';
  } catch (error) {
    return String(Reflect.get(Object(error), 'code'));
  }
}

function stateOf({ database }: Tenant) {
  return live.asSuperuser(
    `SELECT datname, datdba::regrole::text, datconnlimit, datallowconn, datistemplate, datacl::text,
            (SELECT count(*)::int FROM pg_auth_members WHERE roleid = ${quoteLiteral(quote(groupNameOf(database)))}::regrole) AS members
       FROM pg_database WHERE datname = ${quoteLiteral(database.name)}`,
  );
}
