// PostgreSQL as a server: what its log keeps, what its admins can do, and refusals that prove nothing.
import { readFile, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { idTail, newId, Secret } from '@berth/core';
import { ensureTenant, newPassword, openGround, refusalOf } from '../conformance/ground';
import { listen } from '../conformance/server';
import { postgresql } from '.';
import { liveServer, openClient } from './live-server';
import { applicationNameOf } from './names';
import { quoteIdentifier as quote, quoteLiteral } from './quote';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const logFile = process.env.BERTH_TEST_POSTGRESQL_LOG ?? '';
const ground = openGround(postgresql, async () => live);

const admins: { username: string; password: Secret }[] = [];

afterAll(async () => {
  for (const { username } of admins) {
    await live.asSuperuser(`REASSIGN OWNED BY ${username} TO CURRENT_USER`);
    await live.asSuperuser(`DROP OWNED BY ${username}`);
    await live.dropRole(username);
  }
});

/** Another admin of this server, with these attributes and these settings of its own. */
async function makeAdmin(attributes: string, ...statements: string[]) {
  const username = `admin_${idTail(newId('server'))}`;
  const password = newPassword();
  await live.asSuperuser(`CREATE ROLE ${username} LOGIN ${attributes} PASSWORD ${quoteLiteral(password.reveal())}`);
  admins.push({ username, password });
  await live.asSuperuser(`GRANT CONNECT ON DATABASE postgres TO ${username}`);
  for (const statement of statements) await live.asSuperuser(statement.replaceAll('ADMIN', username));
  return { username, password };
}

describe("the server's log", () => {
  const quiet = ["ALTER ROLE ADMIN SET log_statement = 'none'", 'ALTER ROLE ADMIN SET log_min_messages = warning'];

  test('holds neither password nor verifier of what succeeded, at the settings a server comes with', async () => {
    const own = await ground.open({ admin: await makeAdmin('SUPERUSER', ...quiet) });
    const logged = await logFromHere();
    const tenant = { database: ground.newDatabase(), login: ground.newLogin(), password: newPassword() };
    await ensureTenant(own, tenant);
    await own.proveLogin(tenant.database, tenant.login, tenant.password, 'owner');
    await own.proveRefused(tenant.database, tenant.login, new Secret('wrong-hunter2'));
    const log = await logged();
    expect(log).toContain(`password authentication failed for user "${tenant.login.name}"`); // the log is this server's
    for (const secret of [tenant.password.reveal(), 'hunter2', await verifierOf(tenant.login.name)])
      expect(log).not.toContain(secret);
  });

  test('holds neither password nor statement of what failed', async () => {
    const session = await ground.open({ admin: await makeAdmin('SUPERUSER', ...quiet) });
    const logged = await logFromHere();
    const password = newPassword();
    expect(await refusalOf(session.ensureLogin({ id: newId('credential'), name: 'public' }, password))).toBe(
      'engine_refused',
    );
    // the log is shared with other tests: only what this session's process wrote counts
    const entries = (await logged()).split(/\n(?=\d{4}-)/);
    const refusal = entries.find((entry) => entry.includes('role name "public" is reserved')) ?? '';
    const process = /\[\d+\]/.exec(refusal)?.[0] ?? 'no such process';
    const own = entries.filter((entry) => entry.includes(process)).join('\n');
    expect(own).toContain('role name "public" is reserved');
    for (const leak of ['CREATE ROLE "public"', 'SCRAM-SHA-256$', password.reveal()]) expect(own).not.toContain(leak);
  });

  test('never holds a password, even where an operator logs every statement', async () => {
    const own = await ground.open({
      admin: await makeAdmin('SUPERUSER', "ALTER ROLE ADMIN SET log_statement = 'all'"),
    });
    const logged = await logFromHere();
    const login = ground.newLogin();
    const password = newPassword();
    await own.ensureLogin(login, password);
    await own.ensurePassword(login, password);
    const log = await logged();
    expect(log).toContain(`ALTER ROLE ${quote(login.name)} PASSWORD`);
    expect(log).not.toContain(password.reveal());
  });

  async function logFromHere(): Promise<() => Promise<string>> {
    const { size } = await stat(logFile);
    return async () => (await readFile(logFile)).subarray(size).toString();
  }

  async function verifierOf(login: string): Promise<string> {
    const [row] = await live.asSuperuser(`SELECT rolpassword FROM pg_authid WHERE rolname = ${quoteLiteral(login)}`);
    return String(row?.rolpassword);
  }
});

describe('the admin', () => {
  test('is told what it lacks', async () => {
    const bare = await ground.open({ admin: await makeAdmin('NOCREATEDB') });
    const { lacks } = await bare.observeServer();
    for (const lack of ['CREATEDB', 'CREATEROLE', 'pg_signal_backend', 'pg_read_all_stats']) {
      expect(lacks).toContainEqual(expect.stringContaining(lack));
    }
    expect(await refusalOf(bare.ensureDatabase(ground.newDatabase()))).toBe('admin_refused');
    expect(await refusalOf(bare.ensureLogin(ground.newLogin(), newPassword()))).toBe('admin_refused');
  });

  test('need not be a superuser to make, shut and drop a tenant', async () => {
    const rights = ['pg_signal_backend', 'pg_read_all_stats'].map((role) => `GRANT ${role} TO ADMIN`);
    const own = await ground.open({ admin: await makeAdmin('CREATEDB CREATEROLE', ...rights) });
    expect((await own.observeServer()).lacks).toEqual([]);
    const tenant = { database: ground.newDatabase(), login: ground.newLogin(), password: newPassword() };
    const { database, login, password } = tenant;
    await ensureTenant(own, tenant);
    await ensureTenant(own, tenant);
    await own.proveLogin(database, login, password, 'owner');
    await own.proveIsolation(login, password);
    await ground.openTenant(tenant);
    await own.removeAccess({ database, logins: [login] });
    expect(await own.endSessions({ database, logins: [login] })).toMatchObject({ ended: 1 });
    await own.proveRefused(database, login, password);
    await ensureTenant(own, tenant);
    await own.removeDatabase(database);
    await own.removeLogin(login);
    expect([await live.hasDatabase(database.name), await live.hasLogin(login.name)]).toEqual([false, false]);
  });

  test('makes databases while template1 has a session', async () => {
    const { host, port, username, password } = live.admin;
    const busy = await openClient({ host, port, database: 'template1', username, password });
    await ground.session().ensureDatabase(ground.newDatabase());
    await busy.end();
  });

  test('is told which databases everybody can enter', async () => {
    const open = ground.foreignName();
    await live.makeForeignDatabase(open);
    const evidence = await ground.session().ensureServerPrepared();
    expect(evidence.open_to_everybody).toContain(open);
    expect(evidence.open_to_everybody).not.toContain('postgres');
  });
});

test("a newer holder of the lock ends the older one's visits inside databases as well", async () => {
  const key = newId('database');
  const { host, port, username, password } = live.admin;
  const visit = await openClient({ host, port, database: 'berth_canary', username, password });
  await visit.query(`SET application_name = '${applicationNameOf(key)}'`);
  const newer = await ground.open();
  await newer.lock(key);
  await expect(visit.query('SELECT 1')).rejects.toThrow();
  await visit.end();
});

describe('a refusal that proves nothing', () => {
  test.each([
    ['an address that pg_hba.conf does not know', '28000', 'ClientAuthentication', 'login_check_failed'],
    ['a full server', '53300', 'InitProcess', 'server_busy'],
    ['a server that is starting up', '57P03', 'ProcessStartupPacket', 'server_unreachable'],
  ])('is not counted as one: %s', async (_what, sqlstate, routine, code) => {
    const { database, login } = await ground.makeTenant();
    const mode = { refuses: false };
    const door = await listen((incoming) => {
      if (mode.refuses) {
        incoming.once('data', () => incoming.end(fatal(sqlstate, routine)));
        return;
      }
      const outgoing = connect(live.admin.port, live.admin.host).on('error', () => undefined);
      incoming.pipe(outgoing).pipe(incoming);
    });
    const through = await ground.open({ admin: { host: '127.0.0.1', port: door.port } });
    mode.refuses = true;
    expect(await refusalOf(through.proveRefused(database, login, newPassword()))).toBe(code);
    expect(await refusalOf(through.proveIsolation(login, newPassword()))).toBe(code);
    await through.close();
    await door.close();
  });
});

/** An ErrorResponse as the server sends it before it hangs up (protocol 3.0). */
function fatal(sqlstate: string, routine: string): Buffer {
  const fields = { S: 'FATAL', V: 'FATAL', C: sqlstate, M: 'no', R: routine };
  const body = Buffer.from(
    `${Object.entries(fields)
      .map(([type, text]) => `${type}${text}\0`)
      .join('')}\0`,
  );
  const head = Buffer.alloc(5, 'E');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
