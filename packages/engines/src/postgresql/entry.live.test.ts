// Let in, or not: what a tenant has used up or broken of its own is told apart from a password, a lock or a grant.
import { codeOf } from '@berth/core';
import { eventually, openTestPostgresql } from '@berth/testing';
import { newPassword, openGround, refusalOf, type Tenant } from '../conformance/ground';
import { postgresql } from '.';
import { type LiveServer, liveServer } from './live-server';
import { groupNameOf } from './names';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

let live: LiveServer;

const ground = openGround(postgresql, async () => {
  const server = await openTestPostgresql();
  live = liveServer(server.url().reveal());
  return { ...live, close: server.close };
});

const enter = ({ database, login, password }: Tenant) =>
  ground.session().proveEntry(database, login, password, 'owner');

const LIMITS = {
  login: ({ login }: Tenant) => `ALTER ROLE ${quote(login.name)} CONNECTION LIMIT 1`,
  database: ({ database }: Tenant) => `ALTER DATABASE ${quote(database.name)} CONNECTION LIMIT 1`,
};

describe.each(['login', 'database'] as const)(
  'a tenant whose own clients have taken each connection of the %s',
  (whose) => {
    test('is let in: it holds them; another password and another role are not', async () => {
      const tenant = await ground.makeTenant();
      await live.asSuperuser(LIMITS[whose](tenant));
      const inside = await ground.openTenant(tenant);
      expect(await enter(tenant)).toMatchObject({
        can_write: null,
        lacks: expect.stringContaining('too many connections'),
      });
      expect(await refusalOf(enter({ ...tenant, password: newPassword() }))).toBe('login_check_failed');
      const asReader = ground.session().proveEntry(tenant.database, tenant.login, tenant.password, 'readonly');
      expect(await refusalOf(asReader)).toBe('server_busy');
      await inside.close();
    });

    test('is isolated: tried, or by the catalogue where that is not possible', async () => {
      const tenant = await ground.makeTenant();
      await live.asSuperuser(LIMITS[whose](tenant));
      const inside = await ground.openTenant(tenant);
      const { not_tried, refused } = await ground.session().proveIsolation(tenant.login, tenant.password);
      if (whose === 'login') expect(not_tried).toContain('berth_canary');
      else expect(refused).toContain('berth_canary: privilege');
      await live.letIntoCanary(tenant.login.name);
      const expected = whose === 'login' ? 'server_busy' : 'not_isolated';
      expect(await refusalOf(ground.session().proveIsolation(tenant.login, tenant.password))).toBe(expected);
      await inside.close();
    });
  },
);

test('a limit of none is not used up by its clients: it is shut', async () => {
  const tenant = await ground.makeTenant();
  await live.asSuperuser(`ALTER DATABASE ${quote(tenant.database.name)} CONNECTION LIMIT 0`);
  expect(await refusalOf(enter(tenant))).toBe('server_busy');
});

test('a login that hangs at the door once its password was taken is let in, and nothing is left hanging', async () => {
  const tenant = await ground.makeTenant();
  await live.asSuperuser(
    `CREATE FUNCTION hang() RETURNS event_trigger LANGUAGE plpgsql AS
       $$ BEGIN IF session_user <> 'postgres' THEN PERFORM pg_sleep(3600); END IF; END $$;
     CREATE EVENT TRIGGER hang ON login EXECUTE FUNCTION hang()`,
    tenant.database.name,
  );
  const hurried = await ground.open({ leftMs: () => 1_000 });
  expect(await hurried.proveEntry(tenant.database, tenant.login, tenant.password, 'owner')).toMatchObject({
    lacks: expect.stringContaining('took the password'),
  });
  const sessions = `SELECT FROM pg_stat_activity WHERE usename = ${quoteLiteral(tenant.login.name)}`;
  await eventually(async () => (await live.asSuperuser(sessions)).length === 0, { what: 'its session to end' });
});

test('a reader of a database that lets everybody make tables, or write, or locks them, is let in, and told of', async () => {
  const { prove, tenant: reader, sql } = await makeLesser('readonly');
  const tried = { can_write: false, tried_on: 'public.notes' };
  await sql('GRANT CREATE ON SCHEMA public TO PUBLIC');
  expect(await prove()).toMatchObject({ lacks: expect.stringContaining('not refused to make a table') });
  await sql('REVOKE CREATE ON SCHEMA public FROM PUBLIC');
  for (const right of ['INSERT', 'UPDATE', 'DELETE']) {
    await sql(`GRANT ${right} ON notes TO PUBLIC`);
    expect(await prove()).toMatchObject({
      can_write: null,
      lacks: 'The login was not refused to write to public.notes',
    });
    const strictly = ground.session().proveLogin(reader.database, reader.login, reader.password, 'readonly');
    expect(await refusalOf(strictly)).toBe('login_check_failed');
    await sql(`REVOKE ${right} ON notes FROM PUBLIC`);
  }
  const refused = expect.arrayContaining(['to make a table', 'to write to public.notes']);
  expect(await prove()).toMatchObject({ ...tried, can_read: true, lacks: null, details: { refused } });
  await sql(`BEGIN; LOCK notes; PREPARE TRANSACTION ${quoteLiteral(reader.database.id)}`);
  expect(await prove()).toMatchObject({ ...tried, can_read: null, lacks: null, details: { refused } });
});

test('what a writer may is tried, and not asked of the catalogue: a lock, a policy and a right taken back are told', async () => {
  const { prove, sql, tenant: writer } = await makeLesser('readwrite');
  const tried = { tried_on: 'public.notes' };
  expect(await prove()).toMatchObject({ ...tried, can_write: true, can_read: true, lacks: null });
  await sql(`CREATE FUNCTION closed() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
    REVOKE EXECUTE ON FUNCTION closed FROM PUBLIC;
    ALTER TABLE notes ENABLE ROW LEVEL SECURITY; CREATE POLICY closed ON notes USING (closed())`);
  const lacks = expect.stringContaining('permission denied for function closed');
  expect(await prove()).toMatchObject({ ...tried, can_write: true, can_read: false, lacks });
  await sql('ALTER TABLE notes DISABLE ROW LEVEL SECURITY');
  const name = quoteLiteral(writer.database.id);
  await sql(`BEGIN; LOCK notes IN SHARE MODE; PREPARE TRANSACTION ${name}`);
  expect(await prove()).toMatchObject({ ...tried, can_write: null, can_read: true, lacks: null });
  await sql(`ROLLBACK PREPARED ${name}`);
  await sql(`REVOKE INSERT, UPDATE, DELETE ON notes FROM ${quote(groupNameOf(writer.database, 'readwrite'))}`);
  const refused = expect.stringContaining('permission denied for table notes');
  expect(await prove()).toMatchObject({ ...tried, can_write: false, can_read: true, lacks: refused });
  const strictly = ground.session().proveLogin(writer.database, writer.login, writer.password, 'readwrite');
  expect(await strictly).toMatchObject({ can_write: false, lacks: refused }); // the owner of the table has its reasons
});

test('a fault of our own while a role is tried is no evidence of what the login lacks', async () => {
  const { database, login, password } = await ground.makeTenant();
  for (let asks = 0; ; asks++) {
    const claim = { asked: 0, isOpen: false };
    const leftMs = () => {
      if (claim.isOpen && claim.asked++ === asks) throw new TypeError('a fault of our own');
      return 20_000;
    };
    const own = await ground.open({ leftMs });
    claim.isOpen = true;
    const outcome = await own.proveEntry(database, login, password, 'owner').catch(codeOf);
    await own.close();
    if (claim.asked <= asks) break; // it never came to that
    expect([asks, outcome]).toEqual([asks, 'internal']);
  }
});

/** A login with a lesser role on a database whose owner has one table. */
async function makeLesser(role: 'readonly' | 'readwrite') {
  const owner = await ground.makeTenant();
  await (await ground.openTenant(owner)).write('there');
  const tenant: Tenant = { ...owner, login: ground.newLogin(), password: newPassword() };
  await ground.session().ensureLogin(tenant.login, tenant.password);
  await ground.session().ensureGrant(owner.database, tenant.login, role);
  return {
    tenant,
    prove: () => ground.session().proveEntry(tenant.database, tenant.login, tenant.password, role),
    sql: (statements: string) => live.asSuperuser(statements, owner.database.name),
  };
}
