// Any tenant of a server may grant something of its own to any role of it, which keeps that role from being dropped. It keeps
// nobody's delete from being done, and a delete whose data are gone is never called back.
import { credentialCreate, credentialDelete, databaseRestore, request } from '@berth/actions';
import { codeOf } from '@berth/core';
import { Client } from 'pg';
import { eventually } from '../eventually';
import { type Journey, openJourney, withClient } from '../journey';
import { askRemove, type Kept, makeKept, quarantine, rowsOf, runToEnd, stateOf } from '../quarantine';
import { openTestPostgresql, type TestPostgresql } from '../test-postgresql';

let server: TestPostgresql;
let journey: Journey;
let attacker: Kept;
let count = 0;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
  attacker = await makeKept(journey, 'granting');
  const tables = [0, 1, 2, 3].map((index) => `CREATE TABLE granted_${index} (a int)`).join(';');
  await withClient(attacker.uri, (client) => client.query(tables));
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const onServer = async (sql: string, values: unknown[] = []) =>
  (await withClient(server.url().reveal(), (client) => client.query<Record<string, unknown>>(sql, values))).rows;
const limitOf = async ({ name }: Kept) =>
  (await onServer('SELECT datconnlimit AS "limit" FROM pg_database WHERE datname = $1', [name]))[0]?.limit;

/** A database of another team on that server. */
async function makeVictim(): Promise<Kept> {
  count += 1;
  return makeKept(journey, `granted_to_${count}`);
}

async function groupOf({ name }: Kept): Promise<string> {
  const [row] = await onServer(`SELECT rolname AS name FROM pg_roles WHERE rolname LIKE $1`, [`${name}\\_%\\_owner`]);
  return String(row?.name);
}

/** Grants again and again on four sessions, and comes back when it is thrown out; ends when the role is gone or it is told. */
async function grantAgainAndAgain(role: string): Promise<{ grants(): number; stop(): Promise<void> }> {
  let isOn = true;
  let grants = 0;
  const loop = async (index: number) => {
    while (isOn) {
      const client = new Client({ connectionString: attacker.uri });
      client.on('error', () => {}); // it is thrown out
      try {
        await client.connect();
        while (isOn) {
          await client.query(`GRANT SELECT ON granted_${index} TO "${role}"`);
          grants += 1;
        }
      } catch (error) {
        if (error instanceof Error && /does not exist/.test(error.message)) isOn = false;
      } finally {
        await client.end().catch(() => {}); // thrown out as well
      }
    }
  };
  const loops = [0, 1, 2, 3].map(loop);
  await eventually(() => grants > 20, { what: 'it to be granting' });
  return {
    grants: () => grants,
    async stop() {
      isOn = false;
      await Promise.all(loops);
    },
  };
}

test('a login is dropped although another tenant grants to it all the time; that tenant is let in again', async () => {
  const { databaseId } = await makeVictim();
  const create = await request(journey.context, credentialCreate, { databaseId }, journey.access);
  await journey.runHere(create.id);
  const credentialId = create.credential_id ?? '';
  const login = (await journey.context.store.credentials.find(credentialId))?.engine_username ?? '';
  const before = await limitOf(attacker);
  const granting = await grantAgainAndAgain(login);
  const { id } = await request(journey.context, credentialDelete, { credentialId }, journey.access);
  expect(await runToEnd(journey, id)).toMatchObject({ state: 'succeeded', claim: 1 }); // at the first attempt
  await granting.stop();
  expect(await onServer('SELECT FROM pg_roles WHERE rolname = $1', [login])).toEqual([]);
  expect(await limitOf(attacker)).toBe(before);
  expect(await rowsOf(attacker.uri)).toEqual(['first']);
});

test('a quarantined database is purged although another tenant grants to its owners all the time', async () => {
  const victim = await makeVictim();
  await quarantine(journey, victim.databaseId);
  const granting = await grantAgainAndAgain(await groupOf(victim));
  const { id } = await askRemove(journey, victim.databaseId, 'drop');
  expect(await runToEnd(journey, id)).toMatchObject({ state: 'succeeded', claim: 1 }); // at the first attempt
  await granting.stop();
  expect(await stateOf(journey, victim.databaseId)).toBe('deleted');
  expect(await onServer('SELECT FROM pg_roles WHERE rolname LIKE $1', [`${victim.name}%`])).toEqual([]);
});

test('a delete whose data are gone goes on until the rest is, and nobody is told that they can be restored', async () => {
  const victim = await makeVictim();
  const { databaseId } = victim;
  await quarantine(journey, databaseId);
  await onServer('CREATE DATABASE closed');
  const inClosed = `CREATE TABLE mine (a int); GRANT SELECT ON mine TO "${await groupOf(victim)}"`;
  await withClient(server.url('closed').reveal(), (client) => client.query(inClosed));
  await onServer('ALTER DATABASE closed ALLOW_CONNECTIONS false');
  const { id } = await askRemove(journey, databaseId, 'drop');
  for (let tries = 0; tries < 3; tries += 1) {
    const put = await journey.runHere(id);
    expect(put).toMatchObject({ state: 'queued', postponed_code: 'engine_refused' });
    await withClient(journey.storeUrl, (client) => client.query('UPDATE actions SET not_before = NULL'));
  }
  expect(await onServer('SELECT FROM pg_database WHERE datname = $1', [victim.name])).toEqual([]);
  const restore = request(journey.context, databaseRestore, { databaseId }, journey.access);
  expect(await restore.then(() => null, codeOf)).toBe('contradicts');
  await onServer('ALTER DATABASE closed ALLOW_CONNECTIONS true');
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  expect(await stateOf(journey, databaseId)).toBe('deleted');
});
