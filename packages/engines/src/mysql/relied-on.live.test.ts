// What MySQL and MariaDB do that this folder is built around, each beside what Berth makes of it: a test that fails here says
// that a server has changed, or that Berth has stopped minding.
import { describeWhere, eventually, whyNoMariadb } from '@berth/testing';
import type { Connection } from 'mysql2/promise';
import { newPassword, openGround, refusalOf } from '../conformance/ground';
import type { LoginRef } from '../contract';
import { mysql } from '.';
import { pluginOf } from './admin';
import { liveServer, openClient, rowsOf } from './live-server';
import { escapePattern, quoteAccount, quoteEverythingIn, quoteName, quoteText } from './quote';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'what MariaDB is relied on for', () => {
  const live = liveServer(process.env.BERTH_TEST_MYSQL_URL ?? 'mysql://nobody');
  const ground = openGround(mysql, async () => live);
  const clients: Connection[] = [];
  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.end().catch(() => undefined))); // ended by Berth, some
  });

  async function enter(name: string, password = newPassword(), database?: string) {
    const { host, port } = live.admin;
    const client = await openClient({ host, port, username: name, password, ...(database && { database }) });
    clients.push(client);
    return client;
  }

  /** A login that Berth knows nothing of, with a grant on the pattern as it stands. */
  async function makeStranger(pattern: string) {
    const [name, password] = [ground.foreignName(), newPassword()];
    await live.asSuperuser(`CREATE USER ${quoteAccount(name)} IDENTIFIED BY ${quoteText(password.reveal())}`);
    await live.asSuperuser(`GRANT ALL ON ${quoteEverythingIn(pattern)} TO ${quoteAccount(name)}`);
    return { name, password };
  }

  describe('a pattern in a grant', () => {
    test.each(['_', '%'])('%s stands for other letters, unless it is escaped', async (wildcard) => {
      const base = ground.foreignName();
      const [made, neighbour] = [base.replace('_', wildcard), base.replace('_', 'x')];
      await live.makeForeignDatabase(neighbour);
      const [loose, exact] = [await makeStranger(made), await makeStranger(escapePattern(made))];
      await expect(enter(loose.name, loose.password, neighbour)).resolves.toBeDefined(); // refused one day: rejoice
      await expect(enter(exact.name, exact.password, neighbour)).rejects.toThrow('Access denied');
      await live.dropForeign(neighbour);
    });
  });

  describe('a grant', () => {
    test('outlives its database, and lets in where another one is made under the name', async () => {
      const database = ground.foreignName();
      await live.makeForeignDatabase(database);
      const { name, password } = await makeStranger(escapePattern(database));
      await live.asSuperuser(`DROP DATABASE ${quoteName(database)}`);
      await live.makeForeignDatabase(database);
      await expect(enter(name, password, database)).resolves.toBeDefined(); // refused one day: rejoice
    });

    test('goes with the database that Berth drops: whoever makes another of its name keeps it to himself', async () => {
      const { database, login, password } = await ground.makeTenant();
      const stranger = await makeStranger(escapePattern(database.name));
      expect(await ground.session().removeDatabase(database)).toMatchObject({
        revoked: [login.name, stranger.name].sort(),
      });
      await live.makeForeignDatabase(database.name);
      await expect(enter(login.name, password, database.name)).rejects.toThrow('Access denied');
      await expect(enter(stranger.name, stranger.password, database.name)).rejects.toThrow('Access denied');
      await live.dropForeign(database.name);
    });

    test('is lost with DROP USER; by a new password, a lock and an unlocking it is not, whoever gave it', async () => {
      const [theirs, { login, password }] = [ground.foreignName(), await ground.makeTenant()];
      await live.makeForeignDatabase(theirs);
      const give = (name: string) =>
        live.asSuperuser(`GRANT SELECT ON ${quoteEverythingIn(escapePattern(theirs))} TO ${quoteAccount(name)}`);
      await give(login.name);
      await ground.session().ensurePassword(login, newPassword());
      await ground.session().removeAccess({ logins: [login] });
      await ground.session().ensureLogin(login, password);
      await ground.session().ensureLogin(login, password);
      await expect(enter(login.name, password, theirs)).resolves.toBeDefined();

      const stranger = await makeStranger(escapePattern(theirs));
      const account = quoteAccount(stranger.name);
      await live.asSuperuser(`DROP USER ${account}`);
      await live.asSuperuser(`CREATE USER ${account} IDENTIFIED BY ${quoteText(stranger.password.reveal())}`);
      await expect(enter(stranger.name, stranger.password, theirs)).rejects.toThrow('Access denied');
    });
  });

  test('an event writes on after a lock, a new password and the end of every session, until the grant is revoked', async () => {
    const { database, login, password } = await ground.makeTenant();
    const [here, account] = [quoteName(database.name), quoteAccount(login.name)];
    const client = await enter(login.name, password, database.name);
    await client.query('CREATE TABLE ticks (a INT)');
    await client.query('CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (1)');
    const ticks = async () => Number((await live.asSuperuser(`SELECT COUNT(*) AS count FROM ${here}.ticks`))[0]?.count);
    const started = async () => {
      const sql = `SELECT last_executed AS at FROM information_schema.events WHERE event_schema = ${quoteText(database.name)}`;
      return String((await live.asSuperuser(sql))[0]?.at);
    };

    await live.asSuperuser(`ALTER USER ${account} ACCOUNT LOCK`);
    await ground.session().ensurePassword(login, newPassword());
    await ground.session().endSessions({ logins: [login] });
    const shut = await ticks();
    await eventually(async () => (await ticks()) > shut, { what: 'the event to write though nobody is there' }); // never, one day: rejoice

    await live.asSuperuser(
      `REVOKE ALL PRIVILEGES ON ${quoteEverythingIn(escapePattern(database.name))} FROM ${account}`,
    );
    const before = await started();
    await eventually(async () => (await started()) !== before, { what: 'the event to start without a right' });
    const [revoked, second] = [await ticks(), await started()];
    await eventually(async () => (await started()) !== second, { what: 'the event to start once more' });
    expect(await ticks()).toBe(revoked);
  });

  describe('a plugin', () => {
    test.each([
      [true, ['mysql_native_password', 'ed25519', 'caching_sha2_password'], 'mysql_native_password'],
      [false, ['mysql_native_password', 'caching_sha2_password'], 'caching_sha2_password'],
      [false, ['caching_sha2_password', 'sha256_password'], 'caching_sha2_password'],
      [false, ['mysql_native_password', 'sha256_password'], 'mysql_native_password'],
    ])('is chosen from those that the server has (MariaDB: %s; %j)', (isMariaDb, plugins, chosen) => {
      expect(pluginOf(isMariaDb, plugins)).toBe(chosen);
    });

    test('that an operator gave one of our logins is Berth’s again with the next password', async () => {
      const { database, login, password } = await ground.makeTenant();
      await live.asSuperuser(`ALTER USER ${quoteAccount(login.name)} IDENTIFIED VIA unix_socket`);
      expect(await refusalOf(ground.session().proveLogin(database, login, password, 'owner'))).toBe(
        'login_check_failed',
      );
      await ground.session().ensurePassword(login, password);
      await ground.session().proveLogin(database, login, password, 'owner');
      const sql = `SELECT plugin FROM mysql.user WHERE User = ${quoteText(login.name)}`;
      expect(await live.asSuperuser(sql)).toEqual([{ plugin: 'mysql_native_password' }]);
    });
  });

  describe('a right to act as another login', () => {
    /** As GRANT PROXY does it, which takes a root of the server's own machine. */
    async function letAct(who: string, whom: string) {
      const row = `'%', ${quoteText(who)}, '%', ${quoteText(whom)}, 0, '', NOW()`;
      await live.asSuperuser(`INSERT INTO mysql.proxies_priv VALUES (${row})`);
      await live.asSuperuser('FLUSH PRIVILEGES');
    }

    /** Not while another file keeps a table of this server locked. */
    const becomesFree = (login: LoginRef) =>
      eventually(async () => (await ground.session().observeLogin(login)) === 'free', { what: 'the name to be free' });

    test('outlives the login that others act as: its name counts as taken, and that is said', async () => {
      const [{ login }, other] = [await ground.makeTenant(), ground.newLogin()];
      await ground.session().ensureLogin(other, newPassword());
      await letAct(other.name, login.name);
      await ground.session().removeLogin(login);
      const next = ground.newLogin(login.name);
      expect(await ground.session().observeLogin(next)).toBe('foreign');
      const made = ground.session().ensureLogin(next, newPassword());
      const words = expect.stringContaining(`'${other.name}'@'%' to act as "${login.name}"`);
      await expect(made).rejects.toMatchObject({ code: 'taken_on_server', message: words });
      await ground.session().removeLogin(other); // its rights to act go with it
      await becomesFree(next);
    });

    test('that no account has yet counts against its name as well', async () => {
      const [next, whom] = [ground.newLogin(), ground.foreignName()];
      await letAct(next.name, whom);
      expect(await ground.session().observeLogin(next)).toBe('foreign');
      await live.asSuperuser(`DELETE FROM mysql.proxies_priv WHERE User = ${quoteText(next.name)}`);
      await live.asSuperuser('FLUSH PRIVILEGES');
      await becomesFree(next);
    });
  });

  test('a session is in no one database: information_schema.processlist names the current one alone', async () => {
    const { database, login, password } = await ground.makeTenant();
    const client = await enter(login.name, password, database.name);
    await client.query('CREATE TABLE rows_here (a INT)');
    await client.query('USE information_schema');
    const shown = await live.asSuperuser(
      `SELECT db FROM information_schema.processlist WHERE user = ${quoteText(login.name)}`,
    );
    expect(shown).toEqual([{ db: 'information_schema' }]);
    await client.query(`INSERT INTO ${quoteName(database.name)}.rows_here VALUES (1)`);
    expect(await ground.session().endSessions({ database, logins: [] })).toMatchObject({ ended: 1 });
    await expect(rowsOf(client, 'SELECT 1')).rejects.toThrow();
  });
});
