// Tenants that break something of their own. It is theirs, and it keeps nobody from the data: a restore brings back what
// was there before, a reset gives its password, and the evidence says what the login cannot do.
import { credentialReset, request } from '@berth/actions';
import type { ActionWithSteps } from '@berth/store';
import { Client } from 'pg';
import { type Journey, openJourney, withClient } from '../journey';
import { askRestore, evidenceOf, type Kept, makeKept, quarantine, rowsOf } from '../quarantine';
import { runAction } from '../run-action';
import { openTestPostgresql, type TestPostgresql } from '../test-postgresql';

let server: TestPostgresql;
let journey: Journey;
let count = 0;
/** All are broken, reset and restored at once, for each of them mostly waits; each test looks at its own. */
const seen = new Map<Case, Promise<Seen>>();

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
  for (const broken of Object.values(CASES)) seen.set(broken, breakAndMend(broken));
  await Promise.allSettled(seen.values()); // whose test looks at it hears of a failure
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

interface Case {
  /** What the tenant does; `SELF` is its login, `HERE` its database. */
  breaks: string;
  /** What only a superuser may do; an operator asked for it, perhaps. */
  asSuperuser?: string;
  /** What the evidence says that the login cannot do. Left out: nothing. */
  lacks?: RegExp;
  /** The same of a reset, which repairs nothing, where it differs. */
  lacksAtReset?: RegExp;
  /** What its own client is told, before and after. */
  refused?: string;
  /** What has to be undone, by a superuser, before its rows can be read again. */
  undo?: string;
}

const setting = (what: string) => `SET ROLE NONE; ALTER ROLE SELF IN DATABASE HERE SET ${what}`;
const UNSET = 'ALTER ROLE SELF IN DATABASE HERE RESET ALL';
/** Not for the superuser, who made it. */
const onEvent = (event: string, body: string) => `
  CREATE FUNCTION trap() RETURNS event_trigger SECURITY DEFINER LANGUAGE plpgsql AS
    $$ BEGIN IF session_user <> 'postgres' THEN ${body} END IF; END $$;
  CREATE EVENT TRIGGER trap ON ${event} EXECUTE FUNCTION trap()`;
const NO_TRAP = 'DROP EVENT TRIGGER trap';

const CASES: Record<string, Case> = {
  'dropped schema public': {
    breaks: 'CREATE SCHEMA mine; ALTER TABLE kept SET SCHEMA mine; DROP SCHEMA public CASCADE',
    undo: 'ALTER ROLE SELF IN DATABASE HERE SET search_path = mine',
  },
  'took its own rights on schema public': {
    breaks: 'REVOKE ALL ON SCHEMA public FROM CURRENT_USER',
    undo: 'GRANT ALL ON SCHEMA public TO PUBLIC',
  },
  'gave schema public to its login, and to nobody else': {
    breaks: 'SET ROLE NONE; ALTER SCHEMA public OWNER TO SELF; REVOKE ALL ON SCHEMA public FROM SELF',
    undo: 'GRANT ALL ON SCHEMA public TO PUBLIC',
  },
  'reads only': { breaks: setting('default_transaction_read_only = on') },
  'has a database that reads only': {
    breaks: '',
    asSuperuser: 'ALTER DATABASE HERE SET default_transaction_read_only = on',
  },
  'allows statements a millisecond': { breaks: setting('statement_timeout = 1'), undo: UNSET },
  'allows transactions a millisecond': { breaks: setting('transaction_timeout = 1'), undo: UNSET },
  'is ended by its errors': { breaks: setting('exit_on_error = on') },
  'looks for names nowhere': { breaks: setting(`search_path = 'nowhere'`), undo: UNSET },
  'acts as itself': { breaks: setting('role = none'), lacksAtReset: /acts as/ },
  'loads a library that is not there': {
    breaks: setting(`local_preload_libraries = 'nothing'`),
    lacks: /could not access file/,
    refused: '58P01',
    undo: UNSET,
  },
  'is thrown out at the door by a trigger': {
    breaks: '',
    asSuperuser: onEvent('login', `RAISE EXCEPTION 'closed for today';`),
    lacks: /closed for today/,
    refused: 'P0001',
    undo: NO_TRAP,
  },
  'is told by a trigger that it lacks the right to enter': {
    breaks: '',
    asSuperuser: onEvent('login', `RAISE insufficient_privilege;`),
    lacks: /42501/,
    refused: '42501',
    undo: NO_TRAP,
  },
  'is ended at the door by a trigger': {
    breaks: '',
    asSuperuser: onEvent('login', 'PERFORM pg_terminate_backend(pg_backend_pid());'),
    lacks: /terminating connection/,
    refused: '57P01',
    undo: NO_TRAP,
  },
  'may make no tables for a trigger': {
    breaks: '',
    asSuperuser: onEvent('ddl_command_start', `RAISE EXCEPTION 'frozen';`),
    lacks: /frozen/,
  },
};

const userOf = ({ uri }: Kept) => decodeURIComponent(new URL(uri).username);
const named = (sql: string, kept: Kept) =>
  sql.replaceAll('SELF', `"${userOf(kept)}"`).replaceAll('HERE', `"${kept.name}"`);
const asSuperuser = (kept: Kept, sql: string) =>
  withClient(server.url(kept.name).reveal(), (client) => client.query(named(sql, kept)));

async function breakIt({ breaks, asSuperuser: sql = '', refused }: Case): Promise<Kept> {
  count += 1;
  const kept = await makeKept(journey, `broken_${count}`);
  await withClient(kept.uri, (client) => client.query(named(breaks, kept)));
  await asSuperuser(kept, sql);
  expect(await toldTo(kept.uri)).toBe(refused ?? null);
  return kept;
}

/** Of a session that was let in and has a millisecond, on a machine that is busy. */
const TOO_SLOW = ['57014', '25P04'];

/** Null when it is let in, else the SQLSTATE that its client is told. */
async function toldTo(uri: string): Promise<unknown> {
  const error: unknown = await withClient(uri, (client) => client.query('SELECT 1')).then(() => null, Object);
  const code: unknown = error === null ? null : Reflect.get(Object(error), 'code');
  return TOO_SLOW.includes(String(code)) ? null : code;
}

/** The evidence of a check says what is lacking, if anything. */
function expectLacks(evidence: Record<string, unknown>, lacks: RegExp | undefined): void {
  expect(evidence.lacking).toEqual(lacks === undefined ? [] : [expect.stringMatching(lacks)]);
}

interface Seen {
  reset: ActionWithSteps;
  restore: ActionWithSteps;
  /** What its clients were told: with the old password after the reset, with the new one after it and after the restore. */
  told: unknown[];
  rows: string[];
}

async function breakAndMend(broken: Case): Promise<Seen> {
  const kept = await breakIt(broken);
  const { credentialId, databaseId } = kept;
  const asked = await request(journey.context, credentialReset, { credentialId }, journey.access);
  const reset = await journey.runHere(asked.id);
  const uri = await journey.uriOf(credentialId);
  const told = [await toldTo(kept.uri), await toldTo(uri)];
  await quarantine(journey, databaseId);
  const restore = await journey.runHere((await askRestore(journey, databaseId)).id);
  told.push(await toldTo(uri));
  await asSuperuser(kept, broken.undo ?? '');
  return { reset, restore, told, rows: await rowsOf(uri) };
}

test.each(Object.entries(CASES))('one that %s gets a new password, and its data back', async (_, broken) => {
  const { reset, restore, told, rows } = (await seen.get(broken)) ?? (await breakAndMend(broken));
  expect([reset.state, reset.error_message]).toEqual(['succeeded', null]);
  expectLacks(evidenceOf(reset, 'check_login'), broken.lacksAtReset ?? broken.lacks);
  expect([restore.state, restore.error_message]).toEqual(['succeeded', null]);
  expectLacks(evidenceOf(restore, 'check_logins'), broken.lacks);
  const refused = broken.refused ?? null;
  expect(told).toEqual(['28P01', refused, refused]);
  expect(rows).toEqual(['first']);
});

test('one whose clients take every connection as soon as they are let in is restored all the same', async () => {
  const kept = await breakIt({ breaks: '', asSuperuser: 'ALTER ROLE SELF CONNECTION LIMIT 1' });
  await quarantine(journey, kept.databaseId);
  const client = new Client({ connectionString: kept.uri });
  const { id } = await askRestore(journey, kept.databaseId);
  const ended = await runAction(journey.context, id, {
    onMoment: async (moment, step) => {
      if (moment === 'performed' && step === 'give_back') await client.connect();
    },
  });
  expect([ended.state, ended.failures]).toEqual(['succeeded', 0]);
  expectLacks(evidenceOf(ended, 'check_logins'), /too many connections/);
  expect((await client.query('SELECT text FROM kept')).rows).toEqual([{ text: 'first' }]);
  await client.end();
});
