// The suite once more, with an admin that has what docs/engines.md asks for and nothing else: no SUPER, no rights of its own
// beyond those.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idTail, newId, Secret } from '@berth/core';
import { describeWhere, eventually, whyNoMariadb } from '@berth/testing';
import { describeEngine } from '../conformance';
import { openGround, refusalOf } from '../conformance/ground';
import { mysql } from '.';
import { type LiveServer, liveServer, openClient } from './live-server';
import { quoteAccount, quoteName, quoteText } from './quote';

const url = process.env.BERTH_TEST_MYSQL_URL ?? '';
const missing = whyNoMariadb();
const PAGE = readFileSync(join(__dirname, '../../../../docs/engines.md'), 'utf8');
const [, SQL = ''] = /^ *```sql\n( *CREATE USER[\s\S]*?)^ *```/m.exec(PAGE) ?? [];

/** The statements of the page, for an admin of another name and without what `without` names. */
async function openLesser(without: string[] = []): Promise<LiveServer> {
  const live = liveServer(url);
  const username = `admin_${idTail(newId('server'))}`;
  const password = new Secret(`of-${username}`);
  const rights = without.reduce((sql, right) => sql.replace(new RegExp(`,\\s*${right}\\b`), ''), SQL);
  for (const sql of rights.replaceAll('berth_admin', username).replace("'…'", quoteText(password.reveal())).split(';'))
    if (sql.trim() !== '') await live.asSuperuser(sql);
  const close = async () => void (await live.asSuperuser(`DROP USER ${quoteAccount(username)}`));
  return { ...live, admin: { ...live.admin, username, password }, close };
}

describeWhere(missing === null, missing ?? '', 'MySQL, by an admin without SUPER', () => {
  describeEngine(mysql, () => openLesser(), {
    parts: {
      passwords: 'a hash is made before any admin hears of it, and ALTER USER is the same for all',
      adoption: 'others have more here than it may take: it is refused, see below',
      evidence: 'the same words by any admin; what each deed here tells is held against its shape all the same',
    },
    tell: describeWhere,
  });
});

describeWhere(missing === null, missing ?? '', 'an admin', () => {
  const ground = openGround(mysql, async () => liveServer(url));

  test.each([
    ['CREATE USER', /CREATE USER/],
    ['PROCESS', /PROCESS/],
    ['CONNECTION ADMIN', /CONNECTION ADMIN/],
    ['EVENT', /lacks EVENT on/],
    ['SHOW VIEW', /lacks SHOW VIEW on/],
  ])('that lacks %s is told so, and nothing is made of it', async (right, words) => {
    const server = await openLesser([right]);
    const session = await mysql.open(server.admin, { leftMs: () => 20_000 });
    const { lacks, identity } = await session.observeServer();
    expect(lacks).toEqual([expect.stringMatching(words)]);
    expect(identity).not.toBe('');
    await session.close();
    await server.close();
  });

  test('that could not shut a database to others does not adopt it', async () => {
    const server = await openLesser();
    const session = await mysql.open(server.admin, { leftMs: () => 20_000 });
    const name = ground.foreignName();
    await server.makeForeignDatabase(name);
    await server.asSuperuser(`CREATE USER ${quoteAccount(name)} IDENTIFIED BY 'theirs'`);
    await server.asSuperuser(`GRANT SELECT, DELETE HISTORY ON ${name}.* TO ${quoteAccount(name)}`);
    const database = ground.newDatabase(name);
    expect(await refusalOf(session.ensureAdopted(database, []))).toBe('engine_refused');
    expect(await session.observeDatabase(database)).toBe('foreign');
    await server.asSuperuser(`REVOKE DELETE HISTORY ON ${name}.* FROM ${quoteAccount(name)}`);
    await session.ensureAdopted(database, []);
    expect(await session.observeDatabase(database)).toBe('ours');
    await session.close();
    await server.close();
  });

  test('that may not name definers is told what it cannot do, and is fit', async () => {
    const server = await openLesser(['SET USER']);
    const session = await mysql.open(server.admin, { leftMs: () => 20_000 });
    expect(await session.observeServer()).toMatchObject({ lacks: [], cannot: [expect.stringContaining('events')] });
    await session.close();
    await server.close();
  });

  test('that may not name definers leaves events to run, and without a grant they write nothing', async () => {
    const server = await openLesser(['SET USER']);
    const session = await mysql.open(server.admin, { leftMs: () => 20_000 });
    const tenant = await ground.makeTenant();
    const inside = await openClient({
      ...server.admin,
      ...{ database: tenant.database.name, username: tenant.login.name, password: tenant.password },
    });
    await inside.query('CREATE TABLE ticks (a INT)');
    await inside.query('CREATE EVENT tick ON SCHEDULE EVERY 1 SECOND DO INSERT INTO ticks VALUES (1)');
    const ticks = () => server.asSuperuser(`SELECT COUNT(*) AS count FROM ${quoteName(tenant.database.name)}.ticks`);
    const ofHere = `event_schema = ${quoteText(tenant.database.name)}`;
    const start = async () => {
      const look = () =>
        server.asSuperuser(`SELECT status, last_executed FROM information_schema.events WHERE ${ofHere}`);
      const before = JSON.stringify(await look());
      await eventually(async () => JSON.stringify(await look()) !== before, { what: 'the event to start' });
    };
    await start();

    const shut = await session.removeAccess({ database: tenant.database, logins: [tenant.login] });
    expect(shut).toMatchObject({ shut: true, details: { events_disabled: [] } });
    await session.endSessions({ database: tenant.database, logins: [tenant.login] });
    const before = await ticks();
    expect(before).not.toEqual([{ count: 0 }]);
    await start();
    await start();
    expect(await ticks()).toEqual(before);
    await inside.end().catch(() => undefined); // it was ended
    await session.close();
    await server.close();
  });

  test('that may do nothing is told all of it at once, and is refused', async () => {
    const server = await openLesser();
    await server.asSuperuser(`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${quoteAccount(server.admin.username)}`);
    const session = await mysql.open(server.admin, { leftMs: () => 20_000 });
    const { lacks } = await session.observeServer();
    for (const words of ['CREATE USER', 'PROCESS', 'CONNECTION ADMIN', 'SELECT, INSERT', 'GRANT OPTION', 'mysql.*'])
      expect(lacks.join('\n')).toContain(words);
    expect(await refusalOf(session.ensureDatabase(ground.newDatabase()))).toBe('admin_refused');
    await session.close();
    await server.close();
  });
});
