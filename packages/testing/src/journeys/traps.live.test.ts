// A login that two databases share, and a trap in the second: whatever happens to the login there, the first is shut, and
// the evidence says what was seen.
import { grantCreate, request } from '@berth/actions';
import { type Journey, openJourney, withClient } from '../journey';
import { evidenceOf, type Kept, makeKept, quarantine, refusalOf } from '../quarantine';
import { openTestPostgresql, type TestPostgresql } from '../test-postgresql';

let server: TestPostgresql;
let journey: Journey;
let count = 0;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const onServer = (sql: string, database = 'postgres') =>
  withClient(server.url(database).reveal(), (client) => client.query(sql));

/** Two databases, of which the second lets the login of the first in as well. */
async function makeSharing(): Promise<{ first: Kept; second: Kept; login: string }> {
  count += 2;
  const first = await makeKept(journey, `trap_${count}`);
  const second = await makeKept(journey, `trap_${count + 1}`);
  const asked = { credentialId: first.credentialId, database: second.databaseId, role: 'owner' as const };
  const { id } = await request(journey.context, grantCreate, asked, journey.access);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  return { first, second, login: decodeURIComponent(new URL(first.uri).username) };
}

const onLogin = (body: string) => `
  CREATE FUNCTION trap() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN IF session_user <> 'postgres' THEN ${body} END IF; END $$;
  CREATE EVENT TRIGGER trap ON login EXECUTE FUNCTION trap()`;

const TRAPS: [name: string, sql: (login: string, database: string) => string, seen: RegExp][] = [
  [
    'ends the session',
    () => onLogin('PERFORM pg_terminate_backend(pg_backend_pid());'),
    /let in; .*terminating connection/,
  ],
  ['throws it out', () => onLogin(`RAISE EXCEPTION 'caught';`), /let in; .*caught/],
  [
    'looks for a library that is not there',
    (login, database) => `ALTER ROLE "${login}" IN DATABASE "${database}" SET local_preload_libraries = 'nothing'`, // its tenant may do that
    /let in; .*could not access file/,
  ],
  [
    'acts as somebody else',
    (login, database) => `ALTER ROLE "${login}" IN DATABASE "${database}" SET role = none`,
    /let in; .*acts as/,
  ],
  [
    'is shut behind our back',
    (_, database) => `ALTER DATABASE "${database}" ALLOW_CONNECTIONS false`,
    /: login_check_failed$/,
  ],
  ['is full', (_, database) => `ALTER DATABASE "${database}" CONNECTION LIMIT 0`, /: server_busy$/],
  ['is gone', (_, database) => `DROP DATABASE "${database}"`, /: login_check_failed$/],
];

test.each(TRAPS)('in a database that %s', async (_, trap, seen) => {
  const { first, second, login } = await makeSharing();
  const sql = trap(login, second.name);
  await onServer(sql, sql.includes('EVENT TRIGGER') ? second.name : undefined);
  const action = await quarantine(journey, first.databaseId);
  expect(action.failures).toBe(0);
  expect(evidenceOf(action, 'check_refused')).toEqual({
    refused: [`${login}: privilege`],
    still_elsewhere: [expect.stringMatching(seen)],
  });
  expect(await refusalOf(first.uri)).toBe('database');
});
