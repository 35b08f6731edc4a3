// The suite once more, with an admin that is no superuser: all that docs/engines.md asks for, and nothing else. What only
// such an admin could stumble over comes after it.
import { describeWhere, eventually, LESSER_ADMIN, makeLesserAdmin, openTestPostgresql } from '@berth/testing';
import type { Client } from 'pg';
import { describeEngine } from '../conformance';
import { newPassword, openGround, refusalOf, type Tenant } from '../conformance/ground';
import type { LoginRef, ServerAdmin } from '../contract';
import { postgresql } from '.';
import { openAdmin } from './admin';
import { type LiveServer, liveServer, openClient } from './live-server';
import { rollBackFound } from './prepared';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

/** `admin` is the lesser one; `superuser` is who holds what Berth waits for. */
type LesserServer = LiveServer & { superuser: ServerAdmin };

async function openLesser(): Promise<LesserServer> {
  const server = await openTestPostgresql();
  const live = liveServer(server.url().reveal());
  await makeLesserAdmin(server.url().reveal());
  const admin = { ...live.admin, ...LESSER_ADMIN };
  return { ...live, admin, superuser: live.admin, isThrownAway: true, close: server.close };
}

/** Its statements are others, so names and deadlines are tried with it as well. */
const LEFT_OUT = {
  passwords:
    'a verifier is made before any admin hears of it, and ALTER ROLE is the same for all; tried as a superuser',
  adoption: 'the databases of others here are a superuser’s: it is refused, see below',
  evidence: 'the same words by any admin; what each deed here tells is held against its shape all the same',
};

describeEngine(postgresql, openLesser, { parts: LEFT_OUT, tell: describeWhere });

describe('an admin that is no superuser', () => {
  let live: LesserServer;
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

  test('is refused a database of a superuser, and nothing of it is changed', async () => {
    const name = ground.foreignName();
    await live.makeForeignDatabase(name);
    const sql = `SELECT datacl, datdba, shobj_description(oid, 'pg_database') AS comment,
        (SELECT count(*) FROM pg_roles WHERE rolname LIKE ${quoteLiteral(`${name}%`)}) AS groups
      FROM pg_database WHERE datname = ${quoteLiteral(name)}`;
    const before = await live.asSuperuser(sql);
    const adopting = ground.session().ensureAdopted({ ...ground.newDatabase(name) }, []);
    expect(await refusalOf(adopting)).toBe('admin_refused');
    expect(await live.asSuperuser(sql)).toEqual(before);
  });

  test('is told what it cannot do, beside what it lacks', async () => {
    const { lacks, cannot } = await ground.session().observeServer();
    expect(lacks).toEqual([]);
    expect(cannot).toEqual([
      expect.stringContaining('large objects'),
      expect.stringContaining('half-way'),
      expect.stringContaining('prepared transaction'),
      expect.stringContaining("out of the server's log"),
    ]);
    await live.asSuperuser('GRANT SET ON PARAMETER log_min_error_statement TO berth_admin');
    expect((await ground.session().observeServer()).cannot).toHaveLength(3);
  });

  test('is told whose database it may not shut, and prepares the server where operators let it stay open', async () => {
    await live.asSuperuser('GRANT CONNECT, TEMPORARY ON DATABASE template1 TO PUBLIC');
    const told = await ground.session().observeServer();
    expect(told.lacks).toEqual([
      expect.stringMatching(/template1 to PUBLIC \(its owner postgres may: REVOKE .*open_databases/),
    ]);
    expect(await refusalOf(ground.session().ensureServerPrepared())).toBe('server_unfit');
    const tenant = await ground.makeTenant();
    expect(await refusalOf(ground.session().proveIsolation(tenant.login, tenant.password))).toBe('not_isolated');
    const lenient = await ground.open({ admin: { openDatabases: ['template1'] } });
    const facts = await lenient.observeServer();
    expect(facts).toMatchObject({ lacks: [], cannot: expect.arrayContaining([expect.stringContaining('template1')]) });
    expect(await lenient.ensureServerPrepared()).toMatchObject({ shut: [], left_open: ['template1'] });
    expect(await lenient.proveIsolation(tenant.login, tenant.password)).toMatchObject({
      refused: expect.arrayContaining(['berth_canary: privilege', 'postgres: privilege']),
      left_open: ['template1'],
    });
    await lenient.ensureLoginLimit(tenant.login, 1);
    const pool = await ground.openTenant(tenant); // a busy one: nothing can be tried
    expect(await lenient.proveIsolation(tenant.login, tenant.password)).toMatchObject({
      not_tried: expect.arrayContaining(['berth_canary', 'template1']),
      left_open: [],
    });
    await pool.close();
    await lenient.ensureLoginLimit(tenant.login, 5);
    const guest = await enter({ ...tenant, database: { ...tenant.database, name: 'template1' } });
    await guest.query('CREATE TEMPORARY TABLE mine (a int)');
    await expect(guest.query('CREATE TABLE public.mine (a int)')).rejects.toThrow('permission denied');
    const { rows } = await guest.query<{ large: number }>('SELECT lo_create(0) AS large');
    expect(rows[0]?.large).toBeGreaterThan(0);
    await guest.query('SELECT lo_create(0) FROM generate_series(1, 1500)');
    await guest.query('ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC');
    expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({ dropped: true, left: [] });
    expect(await ground.session().removeLogin(tenant.login)).toMatchObject({ dropped: true });
    const left = 'SELECT oid FROM pg_largeobject_metadata UNION ALL SELECT oid FROM pg_default_acl';
    expect(await live.asSuperuser(left, 'template1')).toEqual([]);
    await live.asSuperuser('REVOKE CONNECT, TEMPORARY ON DATABASE template1 FROM PUBLIC');
    const other = await ground.makeTenant();
    expect(await lenient.proveIsolation(other.login, other.password)).toMatchObject({
      refused: expect.arrayContaining(['template1: privilege']),
    });
  });

  test('is told of postgres that it cannot stay open, and why, and not what would be refused', async () => {
    await live.asSuperuser('GRANT CONNECT ON DATABASE postgres TO PUBLIC');
    const { lacks } = await ground.session().observeServer();
    await live.asSuperuser('REVOKE CONNECT ON DATABASE postgres FROM PUBLIC');
    expect(lacks).toEqual([
      expect.stringMatching(
        /postgres to PUBLIC \(its owner postgres may: REVOKE .*; it cannot stay open: Berth's locks/,
      ),
    ]);
    expect(lacks.join()).not.toContain('open_databases');
  });

  test('drops a login that left something in a database of a superuser that is open to all', async () => {
    const tenant = await ground.makeTenant();
    const open = ground.foreignName();
    await live.makeForeignDatabase(open);
    const guest = await enter({ ...tenant, database: { ...tenant.database, name: open } });
    await guest.query('SELECT lo_create(0)');
    expect(await ground.session().removeLogin(tenant.login)).toMatchObject({ dropped: true });
    const sql = 'SELECT lomowner::regrole::text AS owner FROM pg_largeobject_metadata';
    expect(await live.asSuperuser(sql, open)).toEqual([{ owner: 'berth_orphans' }]);
  });

  test('shuts and drops a database in which a transaction is prepared', async () => {
    const tenant = await ground.makeTenant();
    const { database, login } = tenant;
    const client = await enter(tenant);
    await client.query(`BEGIN; CREATE TABLE pending (a int); PREPARE TRANSACTION ${quoteLiteral(database.id)}`);
    const evidence = await ground.session().removeAccess({ database, logins: [login] });
    expect(evidence).toMatchObject({ details: { prepared: [database.id], rolled_back: [] } });
    expect(await limitOf(tenant)).toBe(0);
    expect(await ground.session().removeDatabase(database)).toMatchObject({
      dropped: true,
      details: { rolled_back: 1 },
    });
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

  test('enters a full database whose row its tenant holds, and leaves the limit as it was', async () => {
    const tenant = await ground.makeTenant();
    await ground.session().ensureDatabase({ ...tenant.database, connectionsMax: 1 });
    const holder = await enter(tenant);
    await holder.query(heldRow(tenant));
    const reader = await makeReader();
    await ground.session().ensureGrant(tenant.database, reader, 'readonly');
    expect(await limitOf(tenant)).toBe(1);
  });

  test('puts the limit back past a tenant that takes the row while it is raised', async () => {
    const tenant = await ground.makeTenant();
    const { holder, letIn } = await holdAtTheDoor(tenant);
    const granting = ground.session().ensureGrant(tenant.database, await makeReader(), 'readonly');
    await eventually(async () => Number(await limitOf(tenant)) > 1, { what: 'the limit to be raised' });
    await holder.query(heldRow(tenant));
    await letIn();
    await granting;
    expect(await limitOf(tenant)).toBe(1);
  });

  test('stays nowhere when the limit cannot be put back, and the next attempt sets it', async () => {
    const tenant = await ground.makeTenant();
    const { letIn } = await holdAtTheDoor(tenant);
    const reader = await makeReader();
    const hurried = await ground.open({ leftMs: () => 3_000 });
    const granting = refusalOf(hurried.ensureGrant(tenant.database, reader, 'readonly'));
    await eventually(async () => Number(await limitOf(tenant)) > 1, { what: 'the limit to be raised' });
    const operator = await openClient({ ...live.superuser, database: 'postgres' }); // who is waited for
    clients.push(operator);
    await operator.query(heldRow(tenant));
    await letIn();
    expect(await granting).toBe('deadline_passed');
    await operator.query('ROLLBACK');
    const inside = `SELECT FROM pg_stat_activity
      WHERE usename = 'berth_admin' AND datname = ${quoteLiteral(tenant.database.name)}`;
    await eventually(async () => (await live.asSuperuser(inside)).length === 0, { what: 'its visit to end' });
    await ground.session().removeAccess({ database: tenant.database, logins: [] });
    expect(await limitOf(tenant)).toBe(0);
  });

  test.each(['ended by its tenant meanwhile', 'there'])(
    'is no member of a login once it rolled back what that login prepared: %s',
    async (how) => {
      const tenant = await ground.makeTenant();
      const { database, login } = tenant;
      const prepared = { gid: login.id, database: database.name, owner: login.name };
      if (how === 'there') {
        const client = await enter(tenant);
        await client.query(
          `SET ROLE NONE; BEGIN; CREATE SCHEMA own; PREPARE TRANSACTION ${quoteLiteral(prepared.gid)}`,
        );
      }
      const admin = await openAdmin(live.admin, () => 20_000);
      // as a worker leaves it that is killed before it could give the membership back
      if (how === 'there') await admin.main.query(`GRANT ${quote(login.name)} TO CURRENT_USER WITH SET TRUE`);
      await rollBackFound(admin, [prepared]);
      await admin.main.close();
      expect(await live.asSuperuser('SELECT gid FROM pg_prepared_xacts')).toEqual([]);
      const memberships = `SELECT grantor::regrole FROM pg_auth_members
        WHERE roleid = ${quoteLiteral(quote(login.name))}::regrole AND (set_option OR inherit_option)`;
      expect(await live.asSuperuser(memberships)).toEqual([]);
    },
  );

  /** Leaves the row of the tenant's database locked, though it may grant nothing. */
  const heldRow = ({ database }: Tenant) =>
    `SET ROLE NONE; BEGIN; GRANT CONNECT ON DATABASE ${quote(database.name)} TO PUBLIC`;

  async function makeReader(): Promise<LoginRef> {
    const login = ground.newLogin();
    await ground.session().ensureLogin(login, newPassword());
    return login;
  }

  /** A tenant's client takes its only connection, and the admin's next one waits at the door until it is let in. */
  async function holdAtTheDoor(tenant: Tenant) {
    await ground.session().ensureDatabase({ ...tenant.database, connectionsMax: 1 });
    await live.asSuperuser(
      `CREATE FUNCTION wait_at_the_door() RETURNS event_trigger LANGUAGE plpgsql AS
         $$ BEGIN IF session_user = 'berth_admin' THEN PERFORM pg_advisory_xact_lock(1); END IF; END $$;
       CREATE EVENT TRIGGER wait_at_the_door ON login EXECUTE FUNCTION wait_at_the_door()`,
      tenant.database.name,
    );
    const holder = await enter(tenant);
    const door = await openClient({ ...live.superuser, database: tenant.database.name });
    clients.push(door);
    await door.query('SELECT pg_advisory_lock(1)');
    return { holder, letIn: () => door.query('SELECT pg_advisory_unlock(1)') };
  }
});
