// What tenants of MariaDB and MySQL may try: to read on what was taken from them, and to keep Berth from what it does. Each is
// tried with nothing but the rights that Berth gives, on a server of its own: some of it is in everybody's way.
import { describeWhere, eventually, openTestMariadb, whyNoMariadb } from '@berth/testing';
import type { Connection } from 'mysql2/promise';
import { newPassword, openGround, refusalOf, type Tenant } from '../conformance/ground';
import type { DatabaseSpec } from '../contract';
import { mysql } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { quoteName, quoteText } from './quote';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'a tenant of MariaDB', () => {
  let live: LiveServer;
  const ground = openGround(mysql, async () => {
    const own = await openTestMariadb();
    live = liveServer(own.url.reveal());
    return { ...live, isThrownAway: true, close: own.close };
  });
  const clients: Connection[] = [];
  afterEach(() => {
    for (const client of clients.splice(0)) client.destroy();
  });

  async function enter({ database, login, password }: Tenant, where = database.name) {
    const { host, port } = live.admin;
    const client = await openClient({ host, port, username: login.name, password, database: where });
    clients.push(client);
    return client;
  }

  /** One more database of the tenant's login. */
  async function makeOther({ login }: Tenant): Promise<DatabaseSpec> {
    const other = ground.newDatabase();
    await ground.session().ensureDatabase(other);
    await ground.session().ensureGrant(other, login, 'owner');
    return other;
  }

  const nameOf = ({ name }: { name: string }) => quoteName(name);
  const shut = async ({ database }: Tenant) => {
    await ground.session().removeAccess({ database, logins: [] });
    return ground.session().endSessions({ database, logins: [] });
  };

  describe('that lost a database', () => {
    test('reads nothing of it through a HANDLER that it opened before, from another database', async () => {
      const tenant = await ground.makeTenant();
      const inside = await enter(tenant, (await makeOther(tenant)).name);
      await inside.query(`CREATE TABLE ${nameOf(tenant.database)}.prices (price INT PRIMARY KEY) ENGINE = InnoDB`);
      await inside.query(`HANDLER ${nameOf(tenant.database)}.prices OPEN AS kept_open`);
      await ground.session().removeGrant(tenant.database, tenant.login);
      await live.asSuperuser(`INSERT INTO ${nameOf(tenant.database)}.prices VALUES (42)`);
      await expect(inside.query('HANDLER kept_open READ `PRIMARY` LAST')).rejects.toThrow();
    });

    test('is as shut out where it dropped it itself, and cannot make it again', async () => {
      const tenant = await ground.makeTenant();
      const { database, login, password } = tenant;
      const other = await makeOther(tenant);
      await (await enter(tenant)).query(`DROP DATABASE ${nameOf(database)}`);
      expect(await refusalOf(ground.session().proveRefused(database, login, password))).toBe('login_check_failed');
      expect(await shut(tenant)).toMatchObject({ ended: 1 });
      const again = await enter(tenant, other.name);
      await expect(again.query(`CREATE DATABASE ${nameOf(database)}`)).rejects.toThrow('denied');
      expect(await ground.session().proveRefused(database, login, password)).toMatchObject({ reason: 'privilege' });
      await ground.session().ensureDatabase(database);
      await ground.session().ensureGrant(database, login, 'owner');
      await ground.session().proveLogin(database, login, password, 'owner');
    });

    test('has no grant left on it, where that was taken after it had dropped the database', async () => {
      const tenant = await ground.makeTenant();
      const other = await makeOther(tenant);
      await (await enter(tenant)).query(`DROP DATABASE ${nameOf(tenant.database)}`);
      await ground.session().removeGrant(tenant.database, tenant.login);
      const again = await enter(tenant, other.name);
      await expect(again.query(`CREATE DATABASE ${nameOf(tenant.database)}`)).rejects.toThrow('denied');
    });
  });

  test('keeps no database by a foreign key of another one that points into it', async () => {
    const tenant = await ground.makeTenant();
    const other = await makeOther(tenant);
    const inside = await enter(tenant);
    await inside.query('CREATE TABLE parents (id INT PRIMARY KEY) ENGINE = InnoDB');
    const reference = `FOREIGN KEY (parent) REFERENCES ${nameOf(tenant.database)}.parents (id)`;
    await inside.query(`CREATE TABLE ${nameOf(other)}.children (parent INT, ${reference}) ENGINE = InnoDB`);
    expect(await ground.session().removeDatabase(tenant.database)).toMatchObject({ dropped: true });
  });

  test('is waited for while its session, though killed, does not leave yet', async () => {
    const tenant = await ground.makeTenant();
    const inside = await enter(tenant);
    // a function of the system's, which no KILL ends: four seconds of it, at the speed that it has here and now
    const hash = (rounds: number) => `SELECT ENCRYPT('x', '$6$rounds=${rounds}$abcdefgh')`;
    const measured = performance.now();
    await inside.query(hash(500_000));
    const started = performance.now();
    const slow = inside.query(hash(Math.round((500_000 * 4_000) / (started - measured)))).catch(() => 'ended');
    const { database, login } = tenant;
    await eventually(async () => (await live.asSuperuser(seen(login.name, "info LIKE '%ENCRYPT%'"))).length > 0, {
      what: 'the function to run',
    });
    await ground.session().removeAccess({ database, logins: [login] });
    const { looks } = await ground.session().endSessions({ database, logins: [login] });
    expect(performance.now() - started).toBeGreaterThan(1_500); // longer than clients that come back are put up with
    expect(Array.isArray(looks) && looks.slice(-2)).toEqual([0, 0]);
    await slow;
    expect(await live.asSuperuser(seen(login.name, 'TRUE'))).toEqual([]);
  });

  describe('that locks a table of its own', () => {
    test.each(['with', 'without'])(
      'hides nothing that may run in a name, and keeps nobody waiting, %s a lock',
      async (how) => {
        const tenant = await ground.makeTenant();
        const [inside, locking] = [await enter(tenant), await enter(tenant)];
        await inside.query('CREATE TABLE seen (a INT)');
        // each will warn, and by default the server keeps 64 warnings
        for (let view = 0; view < 70; view++) await inside.query(`CREATE VIEW broken_${view} AS SELECT a FROM seen`);
        await inside.query('DROP TABLE seen');
        const locked = locking.query('CREATE TABLE locked AS SELECT SLEEP(60) AS a').catch(() => undefined);
        const sleeping = seen(tenant.login.name, "state = 'User sleep'");
        await eventually(async () => (await live.asSuperuser(sleeping)).length > 0, { what: 'the table to be locked' });
        const own = await ground.open();
        if (how === 'with') await own.lock(tenant.database.id);
        const next = ground.newLogin(`next${tenant.login.id.slice(-8)}`);
        const started = performance.now();
        expect(await own.observeLogin(next)).toBe('foreign');
        expect(performance.now() - started).toBeLessThan(2_500); // a lock would be waited for 3 s, and more than once
        expect(await refusalOf(own.ensureLogin(next, newPassword()))).toBe('server_busy');
        expect(await own.ensureLogin(ground.newLogin(), newPassword())).toMatchObject({ made: true });
        const measuring = performance.now();
        await own.observeDatabases();
        expect(performance.now() - measuring).toBeLessThan(2_500);
        await live.asSuperuser(`KILL ${locking.threadId}`);
        await locked;
        const isFree = async () => (await own.observeLogin(next)) === 'free';
        await eventually(isFree, { what: 'the name to be free' });
        await own.close();
      },
    );
  });

  test('that stacks views upon views keeps its database from nothing, and nobody from being measured', async () => {
    const tenant = await ground.makeTenant();
    const inside = await enter(tenant);
    // each of a block reads the one before twice; the upper block is put on the lower one when it is there: 2^18 openings
    const makeBlock = async (block: string, bottom: string) => {
      await inside.query(bottom);
      for (let view = 1; view <= 9; view++) {
        const below = `SELECT a FROM ${block}${view - 1}`;
        await inside.query(`CREATE ALGORITHM = TEMPTABLE VIEW ${block}${view} AS ${below} UNION ALL ${below}`);
      }
    };
    await makeBlock('low', 'CREATE TABLE low0 (a INT)');
    await makeBlock('high', 'CREATE TABLE high0 (a INT)');
    await inside.query('DROP TABLE high0');
    await inside.query('CREATE VIEW high0 AS SELECT a FROM low9');
    const started = performance.now();
    expect(await ground.session().ensureDatabase(tenant.database)).toMatchObject({ sizeBytes: expect.any(Number) });
    const seen = await ground.session().observeDatabases();
    expect(seen.find(({ id }) => id === tenant.database.id)).toMatchObject({ sizeBytes: expect.any(Number) });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('that makes more views than a statement can name keeps nobody from being measured, itself neither', async () => {
    const [tenant, neighbour] = [await ground.makeTenant(), await ground.makeTenant()];
    const inside = await enter(tenant);
    const tables = ['base', 'zero'].map((name) => `CREATE TABLE ${name} ENGINE = MyISAM SELECT REPEAT('a', 9000) AS a`);
    for (const sql of tables) await inside.query(sql);
    await (await enter(neighbour)).query('CREATE TABLE other ENGINE = MyISAM SELECT 1 AS a');
    const measure = async () => {
      const own = await ground.open(); // the limit is that of a session's beginning
      const seen = await own.observeDatabases().finally(() => own.close());
      return [tenant, neighbour].map(({ database }) => seen.find(({ id }) => id === database.id)?.sizeBytes);
    };
    const before = await measure();
    expect(before[0]).toBeGreaterThan(18_000);
    expect(before[1]).toBeGreaterThan(0);
    await inside.query(`CREATE PROCEDURE many() BEGIN FOR i IN 1..400 DO
      EXECUTE IMMEDIATE CONCAT('CREATE VIEW ', RPAD(CONCAT('v', i, '_'), 64, 'x'), ' AS SELECT a FROM base'); END FOR; END`);
    await inside.query('CALL many()');
    await live.asSuperuser('SET GLOBAL max_allowed_packet = 32768'); // 32 views in one statement, and not 400
    expect(await measure()).toEqual(before);
    await live.asSuperuser('SET GLOBAL max_allowed_packet = DEFAULT');
  });
});

/** The sessions of a login of which that is so. */
function seen(user: string, where: string): string {
  return `SELECT id FROM information_schema.processlist WHERE user = ${quoteText(user)} AND ${where}`;
}
