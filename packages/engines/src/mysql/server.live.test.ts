// MariaDB as a server: what it was set up with, what its logs keep, and what the preflight says of that. Each on a server of
// its own, for what is tried here would disturb others.
import { existsSync } from 'node:fs';
import { inspect } from 'node:util';
import { newId, Secret } from '@berth/core';
import { describeWhere, openTestMariadb, type TestMariadb, testWhere, whyNoMariadb } from '@berth/testing';
import { ensureTenant, newPassword, openGround, refusalOf } from '../conformance/ground';
import { mysql } from '.';
import { type Admin, openAdmin } from './admin';
import { type LiveServer, liveServer, openClient } from './live-server';
import { lockNameOf } from './names';
import { proveIsolation } from './prove';
import { quoteAccount } from './quote';
import { observeServer } from './server';

const missing = whyNoMariadb();

/** A plugin that comes with Debian's whole server, and not with the core that a run installs. */
const HAS_CHECK = existsSync('/usr/lib/mysql/plugin/simple_password_check.so');
const NO_CHECK = "the plugin simple_password_check is not here: it is in Debian's package mariadb-server";

/** A server with these settings before the tests of a block, thrown away after them. */
function useServer(settings: Record<string, string> = {}) {
  const standing: { server?: TestMariadb; live?: LiveServer } = {};
  const ground = openGround(mysql, async () => {
    standing.server = await openTestMariadb(settings);
    standing.live = liveServer(standing.server.url.reveal());
    return { ...standing.live, isThrownAway: true, close: () => (standing.server ?? demand()).close() };
  });
  const demand = (): never => {
    throw new Error('The server is used before it was opened');
  };
  return { ground, server: () => standing.server ?? demand(), live: () => standing.live ?? demand() };
}

describeWhere(
  missing === null,
  missing ?? '',
  'a server whose sql_mode reads quotes and backslashes its own way',
  () => {
    const { ground, server } = useServer({ 'sql-mode': 'ANSI,NO_BACKSLASH_ESCAPES,ORACLE' });

    test.each(["\\' ACCOUNT LOCK -- ", `"; DROP DATABASE mysql; --`, `' OR ''='`])(
      'means by %j what every server means',
      async (text) => {
        const name = `${text}${newId('database').slice(-5)}`.replaceAll('/', '');
        const tenant = { database: ground.newDatabase(name), login: ground.newLogin(name), password: new Secret(text) };
        await ensureTenant(ground.session(), tenant);
        await ground.session().proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
        await ground.session().removeDatabase(tenant.database);
        await ground.session().removeLogin(tenant.login);
        expect(await ground.server().hasDatabase(name)).toBe(false);
      },
    );

    test('has no password in its logs, though it logs every statement', async () => {
      const tenant = {
        database: ground.newDatabase(),
        login: ground.newLogin(),
        password: new Secret('hunter2-first'),
      };
      await ensureTenant(ground.session(), tenant);
      await ground.session().ensurePassword(tenant.login, new Secret('hunter2-second'));
      await ground.session().proveRefused(tenant.database, tenant.login, new Secret('hunter2-wrong'));
      const log = await server().readLog();
      expect(log).toContain(`ALTER USER ${quoteAccount(tenant.login.name)}`); // the log is this server's
      expect(log).not.toContain('hunter2');
    });
  },
);

describeWhere(missing === null, missing ?? '', 'a server where names have no case', () => {
  const { ground, live } = useServer({ 'lower-case-table-names': '1' });

  test('has one database for two spellings, and it is whose it was first', async () => {
    const tail = newId('database').slice(-5);
    const [upper, lower] = [ground.newDatabase(`Shop_${tail}`), ground.newDatabase(`shop_${tail}`)];
    const tenant = { database: upper, login: ground.newLogin(), password: newPassword() };
    await ensureTenant(ground.session(), tenant);
    await ensureTenant(ground.session(), tenant);
    await ground.session().proveLogin(upper, tenant.login, tenant.password, 'owner');
    expect(await ground.session().observeDatabase(upper)).toBe('ours');
    expect(await ground.session().observeDatabase(lower)).toBe('foreign');
    expect(await refusalOf(ground.session().ensureDatabase(lower))).toBe('taken_on_server');
    const inside = await ground.openTenant(tenant);
    await ground.session().removeAccess({ database: upper, logins: [] });
    expect(await ground.session().endSessions({ database: upper, logins: [] })).toMatchObject({ ended: 1 });
    await expect(inside.read()).rejects.toThrow();
    await ground.session().proveRefused(upper, tenant.login, tenant.password);
    await ground.session().removeDatabase(upper);
    expect(await live().hasDatabase(lower.name)).toBe(false);
  });
});

describeWhere(missing === null, missing ?? '', 'a server before its preflight', () => {
  const { ground, live, server } = useServer();
  const lacks = async (openDatabases: string[] = []) =>
    (await (await ground.open({ admin: { openDatabases } })).observeServer()).lacks;

  test('is fit as it comes', async () => {
    expect(await lacks()).toEqual([]);
  });

  test('is told of accounts without a name, and is fit once they are gone', async () => {
    await live().asSuperuser(`CREATE USER ''@'localhost'`);
    const [said, ...others] = await lacks();
    expect([said, others]).toEqual([expect.stringContaining(`DROP USER ''@'localhost'`), []]);
    expect(await refusalOf(ground.session().ensureServerPrepared())).toBe('server_unfit');
    await live().asSuperuser(/DROP USER [^)]*/.exec(said ?? '')?.[0] ?? '');
    expect(await lacks()).toEqual([]);
  });

  test('says which database stays open as operators said, and so does the proof of isolation, which tries it', async () => {
    await live().asSuperuser('CREATE DATABASE test');
    await live().asSuperuser(`INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', 'test', '', 'Y')`);
    await live().asSuperuser('FLUSH PRIVILEGES');
    const lenient = await ground.open({ admin: { openDatabases: ['test'] } });
    expect(await lenient.ensureServerPrepared()).toMatchObject({ left_open: ['test'], open_to_everybody: [] });
    const { database, login, password } = await ground.makeTenant();
    const isolation = { refused: expect.arrayContaining(['mysql: privilege']), left_open: ['test'] };
    expect(await lenient.proveIsolation(login, password)).toMatchObject(isolation);
    await lenient.ensureLoginLimit(login, 1);
    const pool = await ground.openTenant({ database, login, password }); // a busy one: nothing can be tried
    const untried = { refused: [], not_tried: expect.arrayContaining(['berth_canary', 'test']), left_open: [] };
    expect(await lenient.proveIsolation(login, password)).toMatchObject(untried);
    await pool.close();
    await lenient.ensureLoginLimit(login, 5);
    await live().asSuperuser(`DELETE FROM mysql.db WHERE User = ''`);
    await live().asSuperuser('FLUSH PRIVILEGES');
    expect(await lenient.proveIsolation(login, password)).toMatchObject({ left_open: [] });
    await live().asSuperuser('DROP DATABASE test');
  });

  test.each(['test', 'test\\_%'])(
    'is told of %s open to everybody, and the remedy it names is one',
    async (pattern) => {
      await live().asSuperuser(
        `INSERT INTO mysql.db (Host, Db, User, Select_priv) VALUES ('%', '${pattern.replace('\\', '\\\\')}', '', 'Y')`,
      );
      await live().asSuperuser('FLUSH PRIVILEGES');
      const [said, ...others] = await lacks();
      expect([said, others]).toEqual([expect.stringContaining(`called ${pattern} `), []]);
      expect(await refusalOf(ground.session().ensureServerPrepared())).toBe('server_unfit');
      const [remedy = '', flush = ''] = (/\((DELETE.*)\)$/.exec(said ?? '')?.[1] ?? '').split('; ');
      expect(await lacks(['test'])).toHaveLength(pattern === 'test' ? 0 : 1); // what operators said may stay
      for (const sql of [remedy, flush]) await live().asSuperuser(sql);
      expect(await lacks()).toEqual([]);
    },
  );

  test('is told of rights that everybody has by PUBLIC', async () => {
    await live().asSuperuser('GRANT SELECT ON *.* TO PUBLIC');
    expect(await lacks()).toEqual([expect.stringContaining('FROM PUBLIC')]);
    await live().asSuperuser('REVOKE SELECT ON *.* FROM PUBLIC');
    expect(await lacks()).toEqual([]);
  });

  test('is told of who may write what is Berth’s', async () => {
    await live().asSuperuser('CREATE USER curious');
    await live().asSuperuser('GRANT SELECT ON berth.* TO curious');
    expect(await lacks()).toEqual([expect.stringMatching(/'curious'@'%' may enter .* berth/)]);
    await live().asSuperuser('DROP USER curious');
  });

  test('is told that it is read-only', async () => {
    await live().asSuperuser('SET GLOBAL read_only = ON');
    expect(await lacks()).toEqual([expect.stringContaining('read-only')]);
    await live().asSuperuser('SET GLOBAL read_only = OFF');
  });

  // a MariaDB that says it is a MySQL of that kind: what MySQL itself answers was seen on none
  test.each<[string, Partial<Admin>, RegExp]>([
    [
      'that every login has a role',
      { mandatoryRoles: '`reader`@`%`' },
      /roles `reader`@`%`, .*SET PERSIST mandatory_roles/,
    ],
    ['that no login could be made', { activePlugins: ['unix_socket'] }, /no way to log in .*mysql_native_password/],
  ])('is told %s', async (_, told, words) => {
    const admin = await openAdmin(live().admin, () => 20_000);
    expect(admin).toMatchObject({ mandatoryRoles: '', activePlugins: expect.arrayContaining([admin.plugin]) });
    const { lacks: said } = await observeServer({ ...admin, ...told }).finally(() => admin.main.close());
    expect(said).toContainEqual(expect.stringMatching(words));
  });

  test('on which every login has a role proves nobody to be isolated', async () => {
    const { login, password } = await ground.makeTenant();
    const admin = await openAdmin(live().admin, () => 20_000);
    await expect(proveIsolation(admin, login, password)).resolves.toBeDefined();
    const open = proveIsolation({ ...admin, mandatoryRoles: '`reader`@`%`' }, login, password);
    await expect(open).rejects.toMatchObject({
      code: 'not_isolated',
      message: expect.stringMatching(/^[^`]*SET PERSIST mandatory_roles/),
    });
    await admin.main.close();
  });

  test('counts a lock that comes between the knock and the look as no isolation', async () => {
    const tenant = await ground.makeTenant();
    await ground.session().ensureLoginLimit(tenant.login, 1);
    const pool = await ground.openTenant(tenant);
    await live().letIntoCanary(tenant.login.name);
    const admin = await openAdmin(live().admin, () => 20_000);
    let looks = 0;
    const query: typeof admin.main.query = async (sql) => {
      if (looks++ === 0) await live().asSuperuser(`ALTER USER ${quoteAccount(tenant.login.name)} ACCOUNT LOCK`);
      return admin.main.query(sql);
    };
    const proof = proveIsolation({ ...admin, main: { ...admin.main, query } }, tenant.login, tenant.password);
    expect(await refusalOf(proof)).toBe('server_busy');
    expect(looks).toBeGreaterThan(0);
    await Promise.all([admin.main.close(), pool.close()]);
    await ground.session().removeLogin(tenant.login); // and its grant on the canary
  });

  testWhere(HAS_CHECK, NO_CHECK, 'is told that it takes no hashes of passwords', async () => {
    await live().asSuperuser("INSTALL SONAME 'simple_password_check'");
    expect(await lacks()).toEqual([expect.stringContaining('strict_password_validation = OFF')]);
    await live().asSuperuser('SET GLOBAL strict_password_validation = OFF');
    expect(await lacks()).toEqual([]);
    await ground.session().ensureLogin(ground.newLogin(), newPassword());
    await live().asSuperuser("UNINSTALL SONAME 'simple_password_check'");
  });

  test('keeps its identity, and what is Berth’s, over a crash; a server without Berth’s own database has another', async () => {
    const { identity } = await ground.session().observeServer();
    const tenant = await ground.makeTenant();
    await server().restart(); // this one writes nothing down at a commit of InnoDB's
    const again = await ground.open();
    expect((await again.observeServer()).identity).toBe(identity);
    const seen = [await again.observeDatabase(tenant.database), await again.observeLogin(tenant.login)];
    expect(seen).toEqual(['ours', 'ours']);
    await again.proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
    await live().asSuperuser('DROP DATABASE berth');
    expect((await again.observeServer()).identity).not.toBe(identity);
  });

  test('on which berth is somebody else’s is left alone', async () => {
    const own = await ground.open();
    await live().asSuperuser('DROP DATABASE IF EXISTS berth');
    await live().asSuperuser('CREATE DATABASE berth');
    await live().asSuperuser('CREATE TABLE berth.ships (a INT)');
    expect(await refusalOf(own.observeServer())).toBe('server_unfit');
    expect(await refusalOf(own.ensureServerPrepared())).toBe('server_unfit');
    expect(await live().asSuperuser('SHOW TABLES FROM berth')).toEqual([{ Tables_in_berth: 'ships' }]);
    await live().asSuperuser('DROP DATABASE berth');
    expect(await refusalOf(own.observeDatabase(ground.newDatabase()))).toBe('engine_refused'); // it says so, and touches nothing
    await own.ensureServerPrepared();
  });
});

describeWhere(missing === null, missing ?? '', 'the lock', () => {
  const { ground, live } = useServer();

  test("is under a name that no tenant can know: one that takes Berth's lock without the secret keeps nobody", async () => {
    const tenant = await ground.makeTenant();
    const { host, port } = live().admin;
    const { login, password } = tenant;
    const client = await openClient({ host, port, username: login.name, password });
    const key = tenant.database.id;
    await client.query(`SELECT GET_LOCK('${lockNameOf(key, '')}', 0), GET_LOCK('${key}', 0)`);
    const worker = await ground.open();
    await worker.lock(key);
    await expect(client.query('SELECT 1')).resolves.toBeDefined(); // it was not in the way
    await expect(client.query('SELECT lock_secret FROM berth.server')).rejects.toThrow('denied');
    await client.end();
  });

  test('errors hold nothing of a statement', async () => {
    const session = await ground.open();
    await live().asSuperuser('RENAME TABLE berth.things TO berth.gone');
    const error: unknown = await session
      .ensureLogin(ground.newLogin(), new Secret('hunter2'))
      .catch((thrown) => thrown);
    await live().asSuperuser('RENAME TABLE berth.gone TO berth.things');
    expect(error).toMatchObject({ code: 'engine_refused' });
    expect(inspect(error, { depth: 9, showHidden: true })).not.toMatch(/hunter2|SELECT id/);
  });
});
