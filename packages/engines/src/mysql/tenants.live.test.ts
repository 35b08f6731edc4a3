// What tenants of MariaDB and MySQL can do that those of other engines cannot: be granted by pattern, leave grants and
// definers behind, run without a session, drop their own database, hold tables by XA.
import { idTail } from '@berth/core';
import { describeWhere, eventually, whyNoMariadb } from '@berth/testing';
import type { Connection } from 'mysql2/promise';
import { ensureTenant, newPassword, openGround, refusalOf, type Tenant } from '../conformance/ground';
import { mysql } from '.';
import { liveServer, openClient, rowsOf } from './live-server';
import { checkTableOf } from './names';
import { quoteAccount, quoteName, quoteText } from './quote';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'tenants of MariaDB', () => {
  const live = liveServer(process.env.BERTH_TEST_MYSQL_URL ?? 'mysql://nobody');
  const ground = openGround(mysql, async () => live);
  const clients: Connection[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined))); // ended by Berth, some
  });

  async function enter({ database, login, password }: Tenant, where: string | null = database.name) {
    const { host, port } = live.admin;
    const client = await openClient({ host, port, username: login.name, password, ...(where && { database: where }) });
    clients.push(client);
    return client;
  }

  /** One more login of the tenant's database. */
  async function makeOwner({ database }: Tenant): Promise<Tenant> {
    const other = { database, login: ground.newLogin(), password: newPassword() };
    await ensureTenant(ground.session(), other);
    return other;
  }

  const quarantine = async ({ database, login }: Tenant) => {
    const revoked = await ground.session().removeAccess({ database, logins: [login] });
    await ground.session().endSessions({ database, logins: [login] });
    await ground.session().ensurePassword(login, newPassword());
    return revoked;
  };
  const exactly = (tenant: Tenant) => quoteName(tenant.database.name);
  const rows = async (sql: string) => (await live.asSuperuser(sql)).map((row) => Object.values(row));

  test('a name with _ in it opens no database that differs there, whatever was made first', async () => {
    const neighbour = await ground.makeTenant();
    const name = neighbour.database.name.replace('_', 'x');
    const lookalike = { database: ground.newDatabase(name), login: ground.newLogin(name), password: newPassword() };
    await ensureTenant(ground.session(), lookalike);
    await expect(enter(neighbour, name)).rejects.toThrow('Access denied');
    await expect(enter(lookalike, neighbour.database.name)).rejects.toThrow('Access denied');
  });

  describe('a name used before', () => {
    test("is taken while somebody else's grant on it is left, and says whose", async () => {
      const [database, stranger] = [ground.newDatabase(), ground.foreignName()];
      await live.makeForeignLogin(stranger, newPassword(), database.name);
      expect(await ground.session().observeDatabase(database)).toBe('foreign');
      const made = ground.session().ensureDatabase(database);
      await expect(made).rejects.toMatchObject({ code: 'taken_on_server', message: expect.stringContaining(stranger) });
      expect(await live.hasDatabase(database.name)).toBe(false);
    });

    test('is taken while a pattern of somebody else matches it; one that matches every name is an operator', async () => {
      const [database, stranger] = [ground.newDatabase(), ground.foreignName()];
      await live.asSuperuser(`CREATE USER ${quoteAccount(stranger)}`);
      const pattern = `${database.name.slice(0, -1).replaceAll('_', '\\_')}%`;
      await live.asSuperuser(`GRANT SELECT ON \`${pattern}\`.* TO ${quoteAccount(stranger)}`);
      expect(await refusalOf(ground.session().ensureDatabase(database))).toBe('taken_on_server');
      await live.asSuperuser(`REVOKE SELECT ON \`${pattern}\`.* FROM ${quoteAccount(stranger)}`);
      await live.asSuperuser(`GRANT SELECT ON \`%\`.* TO ${quoteAccount(stranger)}`);
      await ground.session().ensureDatabase(database);
      await live.asSuperuser(`DROP USER ${quoteAccount(stranger)}`); // other files prepare this server as well
    });

    test('lets in nobody who was let in before, though nothing was told of the drop', async () => {
      const tenant = await ground.makeTenant();
      await live.asSuperuser(`DROP DATABASE ${exactly(tenant)}`);
      await live.asSuperuser(`DELETE FROM berth.things WHERE id = ${quoteText(tenant.database.id)}`);
      const again = ground.newDatabase(tenant.database.name);
      await ground.session().ensureDatabase(again);
      expect(await ground.session().proveRefused(again, tenant.login, tenant.password)).toMatchObject({
        reason: 'privilege',
      });
    });

    test('runs nothing for its next holder: a login that left a view is told, and its name counts as taken', async () => {
      const tenant = await ground.makeTenant();
      const leaver = {
        ...tenant,
        login: ground.newLogin(`leaver${tenant.login.id.slice(-8)}`),
        password: newPassword(),
      };
      await ensureTenant(ground.session(), leaver);
      const client = await enter(leaver);
      await client.query('CREATE VIEW left_view AS SELECT 1');
      await client.query('CREATE PROCEDURE left_procedure() SELECT 1');
      const { details } = await ground.session().removeLogin(leaver.login);
      expect(details).toMatchObject({ databases: 1, definitions_left: 2 });
      expect(JSON.stringify(details)).not.toContain(idTail(tenant.database.id));
      const next = ground.newLogin(leaver.login.name);
      expect(await ground.session().observeLogin(next)).toBe('foreign');
      expect(await refusalOf(ground.session().ensureLogin(next, newPassword()))).toBe('taken_on_server');
      await live.asSuperuser(`DROP VIEW ${exactly(tenant)}.left_view`);
      await live.asSuperuser(`DROP PROCEDURE ${exactly(tenant)}.left_procedure`);
      // not while another file keeps a table of this server locked
      await eventually(async () => (await ground.session().observeLogin(next)) === 'free', { what: 'a free name' });
    });

    test('belongs to the account of one host that has it, and is left to it', async () => {
      const login = ground.newLogin();
      const account = quoteAccount(login.name, 'localhost');
      await live.asSuperuser(`CREATE USER ${account}`);
      expect(await ground.session().observeLogin(login)).toBe('foreign');
      expect(await refusalOf(ground.session().ensureLogin(login, newPassword()))).toBe('taken_on_server');
      await live.asSuperuser(`DROP USER ${account}`);
    });

    test('stays ours when an account of it is made for one host: ours is shut, and theirs keeps its rights', async () => {
      const [tenant, other] = [await ground.makeTenant(), ground.foreignName()];
      const account = quoteAccount(tenant.login.name, '10.1.2.3');
      await live.makeForeignDatabase(other);
      await live.asSuperuser(`CREATE USER ${account}`);
      await live.asSuperuser(`GRANT SELECT ON ${quoteName(other)}.* TO ${account}`);
      expect(await quarantine(tenant)).toMatchObject({ locked: [tenant.login.name] });
      await ground.session().proveRefused(tenant.database, tenant.login, tenant.password);
      await ground.session().removeLogin(tenant.login);
      expect(await rows(`SELECT Db FROM mysql.db WHERE Host = '10.1.2.3'`)).toEqual([[other]]);
      await live.asSuperuser(`DROP USER ${account}`);
    });
  });

  describe('written down and not made', () => {
    const written = (kind: string, { id, name }: { id: string; name: string }) =>
      live.asSuperuser(`INSERT INTO berth.things VALUES ('${kind}', ${quoteText(name)}, ${quoteText(id)}, 'making')`);

    test('a database that was made empty is ours; one with a table, or with a grant, is not', async () => {
      const [empty, filled, granted] = [ground.newDatabase(), ground.newDatabase(), ground.newDatabase()];
      for (const database of [empty, filled, granted]) {
        await written('database', database);
        await live.makeForeignDatabase(database.name);
      }
      await live.asSuperuser(`CREATE TABLE ${quoteName(filled.name)}.data (a INT)`);
      await live.makeForeignLogin(ground.foreignName(), newPassword(), granted.name);
      const seen = [empty, filled, granted].map((database) => ground.session().observeDatabase(database));
      expect(await Promise.all(seen)).toEqual(['ours', 'foreign', 'foreign']);
      for (const { name } of [filled, granted]) await live.dropForeign(name);
    });

    test('a login without rights is ours, one with rights is not', async () => {
      const [bare, granted] = [ground.newLogin(), ground.newLogin()];
      for (const login of [bare, granted]) {
        await written('login', login);
        await live.asSuperuser(`CREATE USER ${quoteAccount(login.name)}`);
      }
      await live.asSuperuser(`GRANT SELECT ON test.* TO ${quoteAccount(granted.name)}`);
      expect(await ground.session().observeLogin(bare)).toBe('ours');
      expect(await ground.session().observeLogin(granted)).toBe('foreign');
      await live.dropForeign(granted.name);
    });
  });

  describe('an event', () => {
    const counted = (tenant: Tenant) => rows(`SELECT COUNT(*) FROM ${exactly(tenant)}.ticks`);
    const described = ({ database }: Tenant) =>
      rows(
        `SELECT event_name, definer, status, character_set_client, collation_connection, sql_mode, event_definition
           FROM information_schema.events WHERE event_schema = ${quoteText(database.name)} ORDER BY 1`,
      );

    async function makeTicking(): Promise<Tenant> {
      const tenant = await ground.makeTenant();
      const client = await enter(tenant);
      await client.query('CREATE TABLE ticks (a INT)');
      await client.query("SET NAMES latin1, sql_mode = 'ANSI_QUOTES'");
      await client.query('CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO "ticks" VALUES (1)');
      await client.query('CREATE EVENT asleep ON SCHEDULE EVERY 1 SECOND DISABLE DO INSERT INTO "ticks" VALUES (1000)');
      await eventually(async () => Number((await counted(tenant))[0]?.[0]) > 0, { what: 'the event to have run' });
      return tenant;
    }

    test('is disabled in quarantine, by name, and goes on after a restore as its own definer; others stay asleep', async () => {
      const tenant = await makeTicking();
      const before = await described(tenant);
      expect(await quarantine(tenant)).toMatchObject({ details: { events_disabled: ['tick'] } });
      const shut = await described(tenant);
      expect(shut.map(([name, definer, status]) => [name, definer, status])).toEqual([
        ['asleep', `${tenant.login.name}@%`, 'DISABLED'],
        ['tick', `${tenant.login.name}@%`, 'DISABLED'],
      ]);
      const ticks = await counted(tenant);
      await ground.session().endSessions({ database: tenant.database, logins: [tenant.login] });
      await ground.session().endSessions({ database: tenant.database, logins: [tenant.login] });
      await ground.session().endSessions({ database: tenant.database, logins: [tenant.login] }); // 0.75 s and more
      await ground.session().endSessions({ database: tenant.database, logins: [tenant.login] });
      expect(await counted(tenant)).toEqual(ticks);
      await ensureTenant(ground.session(), tenant);
      expect(await described(tenant)).toEqual(before);
      await eventually(async () => Number((await counted(tenant))[0]?.[0]) > Number(ticks[0]?.[0]), {
        what: 'the event to run again',
      });
    });

    test('that an open session enables again while the database is shut is disabled when sessions end', async () => {
      const tenant = await makeTicking();
      const client = await enter(tenant);
      await ground.session().removeAccess({ database: tenant.database, logins: [tenant.login] });
      await client.query('ALTER EVENT tick ENABLE'); // refused one day: rejoice
      const ended = await ground.session().endSessions({ database: tenant.database, logins: [tenant.login] });
      expect(ended).toMatchObject({ details: { events_disabled: ['tick'] } });
      expect((await described(tenant)).map(([, , status]) => status)).toEqual(['DISABLED', 'DISABLED']);
    });
  });

  test('a session in no database, or in another, ends with those of a database that its login was let into', async () => {
    const [tenant, other] = [await ground.makeTenant(), ground.newDatabase()];
    await ground.session().ensureDatabase(other);
    await ground.session().ensureGrant(other, tenant.login, 'owner');
    const [nowhere, elsewhere] = [await enter(tenant, null), await enter(tenant, other.name)];
    await ground.session().removeAccess({ database: tenant.database, logins: [] });
    expect(await ground.session().endSessions({ database: tenant.database, logins: [] })).toMatchObject({ ended: 2 });
    for (const gone of [nowhere, elsewhere]) await expect(gone.query('SELECT 1')).rejects.toThrow();
  });

  test('whoever is given less loses the routines it was given by name, too', async () => {
    const tenant = await makeOwner(await ground.makeTenant());
    const maker = await enter(tenant);
    await maker.query('CREATE PROCEDURE doing() SELECT 1');
    await live.asSuperuser(
      `GRANT EXECUTE, ALTER ROUTINE ON PROCEDURE ${exactly(tenant)}.doing TO ${quoteAccount(tenant.login.name)}`,
    );
    await ground.session().ensureGrant(tenant.database, tenant.login, 'readonly');
    await expect((await enter(tenant)).query('CALL doing()')).rejects.toThrow('denied');
    const left = `SELECT COUNT(*) FROM mysql.procs_priv WHERE User = ${quoteText(tenant.login.name)}`;
    expect(await rows(left)).toEqual([[0]]);
  });

  test.each(['ensureGrant', 'removeGrant'] as const)(
    '%s tells rights on a single table as what was there before',
    async (verb) => {
      const tenant = await ground.makeTenant();
      const { database, login } = tenant;
      await ground.session().removeGrant(database, login);
      await live.asSuperuser(`CREATE TABLE ${exactly(tenant)}.notes (a INT)`);
      await live.asSuperuser(`GRANT SELECT ON ${exactly(tenant)}.notes TO ${quoteAccount(login.name)}`);
      expect(await ground.session()[verb](database, login, 'readonly')).toMatchObject({ role_before: 'other' });
    },
  );

  test('an owner that drops its database and makes it again is still its owner, and a drop still clears its grants', async () => {
    const tenant = await ground.makeTenant();
    const client = await enter(tenant);
    await client.query(`DROP DATABASE ${exactly(tenant)}`);
    expect(await ground.session().observeDatabase(tenant.database)).toBe('free');
    await client.query(`CREATE DATABASE ${exactly(tenant)}`);
    expect(await ground.session().observeDatabase(tenant.database)).toBe('ours');
    await client.query(`DROP DATABASE ${exactly(tenant)}`);
    await ground.session().removeDatabase(tenant.database);
    const left = `SELECT COUNT(*) FROM mysql.db WHERE User = ${quoteText(tenant.login.name)}`;
    expect(await rows(left)).toEqual([[0]]);
  });

  test('a table that a transaction holds open keeps no database from being dropped', async () => {
    const tenant = await ground.makeTenant();
    const client = await enter(tenant, null);
    await client.query(`CREATE TABLE ${exactly(tenant)}.held (a INT)`);
    await client.query('BEGIN');
    await client.query(`INSERT INTO ${exactly(tenant)}.held VALUES (1)`);
    expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({ dropped: true, ended: 1 });
  });

  test('a transaction prepared by XA holds its table whoever is gone: that is said', async () => {
    const tenant = await ground.makeTenant();
    const client = await enter(tenant);
    const xid = quoteText(tenant.database.id);
    await client.query('CREATE TABLE held (a INT)');
    for (const sql of [`XA START ${xid}`, 'INSERT INTO held VALUES (1)', `XA END ${xid}`, `XA PREPARE ${xid}`]) {
      await client.query(sql);
    }
    const dropping = ground.session().removeDatabase(tenant.database);
    await expect(dropping).rejects.toMatchObject({ code: 'server_busy', message: expect.stringContaining('XA') });
    await live.asSuperuser(`XA ROLLBACK ${xid}`);
    expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({ dropped: true });
  });

  test('a proof that died between making its table and dropping it is cleared by the next', async () => {
    const tenant = await ground.makeTenant();
    const { database, login, password } = tenant;
    await ground.session().proveLogin(database, login, password, 'owner');
    const client = await enter(tenant);
    expect(await rowsOf(client, 'SHOW TABLES')).toEqual([]);
    await client.query(`CREATE TABLE ${checkTableOf(login.id)} (left_by INT)`);
    await ground.session().proveLogin(database, login, password, 'owner');
    expect(await rowsOf(client, 'SHOW TABLES')).toEqual([]);
  });
});
