// Servers that are not the newest, and admins that are no superusers: what the preflight says of them, and the whole life
// of a database on them.
import { request, serverPreflight } from '@berth/actions';
import { Secret } from '@berth/core';
import { Client } from 'pg';
import { describeWhere } from '../describe-where';
import { type Journey, openJourney, withClient } from '../journey';
import { GRANT_REST, type LesserAdminOptions, makeLesserAdmin } from '../lesser-admin';
import { askRemove, evidenceOf, makeKept, quarantine, refusalOf, restoreAndSee, stateOf } from '../quarantine';
import {
  debianBinaries,
  NO_OLDEST_POSTGRESQL,
  OLDEST_POSTGRESQL,
  openTestPostgresql,
  type TestPostgresql,
} from '../test-postgresql';

const oldest = debianBinaries(OLDEST_POSTGRESQL);

describe('PostgreSQL 18, an admin that is no superuser', () => describeLife(undefined, {}));
describeWhere(oldest !== null, NO_OLDEST_POSTGRESQL, 'PostgreSQL 15', () => {
  describe('a superuser', () => describeLife(oldest, null));
  describe('an admin that is no superuser, as on a managed service', () =>
    describeLife(oldest, { isTemplateOpen: true }));
});

function describeLife(binaries: typeof oldest | undefined, lesser: LesserAdminOptions | null): void {
  const openDatabases = lesser?.isTemplateOpen === true ? ['template1'] : [];
  let server: TestPostgresql;
  let journey: Journey;

  beforeAll(async () => {
    server = await openTestPostgresql(binaries ?? undefined);
    const superuser = server.url().reveal();
    const engineUrl = lesser === null ? superuser : await makeLesserAdmin(superuser, lesser);
    journey = await openJourney({ engineUrl, openDatabases });
  });
  afterAll(async () => {
    await journey?.close();
    await server?.close();
  });

  test('its limits are on the server for all operators to see', async () => {
    const found = await journey.context.store.servers.find(journey.serverId);
    expect(found).toMatchObject({ state: 'active', open_databases: openDatabases });
    const about = ['large objects', 'half-way', 'prepared transaction', "server's log"];
    const expected = lesser === null ? [] : [...openDatabases, ...about];
    expect(found?.cannot).toEqual(expected.map((word) => expect.stringContaining(word)));
  });

  test('a database is quarantined while its tenant writes, restored with its rows and password, and dropped', async () => {
    const kept = await makeKept(journey, 'lesser');
    const writer = new Client({ connectionString: kept.uri });
    writer.on('error', () => {}); // its end is what this is about
    await writer.connect();
    const loop = (async () => {
      for (;;) await writer.query(`INSERT INTO kept VALUES ('looped')`);
    })();
    const ended = expect(loop).rejects.toThrow();
    const action = await quarantine(journey, kept.databaseId);
    await ended;
    expect(evidenceOf(action, 'end_sessions')).toMatchObject({ looks: expect.arrayContaining([0]) });
    expect(await refusalOf(kept.uri)).toMatch(/login|database/);
    await restoreAndSee(journey, kept);
    const { id } = await askRemove(journey, kept.databaseId, 'drop');
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded', error_message: null });
    expect(await stateOf(journey, kept.databaseId)).toBe('deleted');
    const left = await withClient(server.url().reveal(), (client) =>
      client.query('SELECT rolname FROM pg_roles WHERE rolname LIKE $1', [`${kept.name}%`]),
    );
    expect(left.rows).toEqual([]);
  });
}

test('a preflight names everything that an admin lacks, and succeeds once it was granted or let be', async () => {
  const server = await openTestPostgresql();
  const superuser = server.url().reveal();
  const adminUrl = new Secret(await makeLesserAdmin(superuser, { isBare: true, isTemplateOpen: true }));
  const journey = await openJourney({ registerServer: false });
  const { access, context, runHere } = journey;
  const preflight = async (input: Parameters<typeof serverPreflight.plan>[1]) => {
    const { id, server_id } = await request(context, serverPreflight, input, access);
    return { action: await runHere(id), serverId: server_id };
  };
  const pool = 'postgresql-development';
  const register = { name: 'managed', engine: 'postgresql', pool, adminUrl, sizeBytesMax: null };
  const { action, serverId } = await preflight({ register });
  expect(action).toMatchObject({ state: 'failed', error_code: 'server_unfit' });
  for (const word of ['pg_signal_backend', 'pg_read_all_stats', 'shut the database template1', 'open_databases'])
    expect(action.error_message).toContain(word);
  expect(await context.store.servers.find(serverId)).toMatchObject({ state: 'unchecked', cannot: [] });

  await withClient(superuser, (client) => client.query(GRANT_REST));
  const again = await preflight({ change: { serverId, openDatabases: ['template1'] } });
  expect(again.action).toMatchObject({ state: 'succeeded', error_message: null });
  const found = await context.store.servers.find(serverId);
  expect(found).toMatchObject({ state: 'active', open_databases: ['template1'] });
  expect(found?.cannot).toContainEqual(expect.stringContaining('template1'));
  await journey.close();
  await server.close();
});
