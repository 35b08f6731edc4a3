// Logins that are named in a product's way, and requests that are made again because their answer was not heard: on a real
// server, by real actions.
import { openTestPostgresql, type TestPostgresql } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { cleanUpAfter } from '../clean-up';
import type { WishedLogin } from '../engine-names';
import { request } from '../request';
import { revealCredential } from '../reveal';
import { credentialCreate, credentialReset, databaseCreate, grantCreate, grantRemove } from '.';

let server: TestPostgresql;
let journey: Journey;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const wish = (asked: string): WishedLogin => ({ asked, other: (tail) => `${asked}_${tail}` });
const store = () => journey.context.store;

async function done(asked: Promise<{ id: string }>) {
  const action = await journey.runHere((await asked).id);
  expect(action).toMatchObject({ state: 'succeeded', error_message: null });
  return action;
}

const newDatabase = (name: string, owner?: WishedLogin) =>
  done(request(journey.context, databaseCreate, { name, ownerLogin: 'auto', owner }, journey.access));

const askLogin = (databaseId: string | null, username: WishedLogin) =>
  request(journey.context, credentialCreate, { databaseId: databaseId ?? '', username }, journey.access);

async function nameOf(credentialId: string | null): Promise<string> {
  const row = await store().credentials.find(credentialId ?? '');
  expect(row?.username).toBe(row?.engine_username);
  return row?.engine_username ?? '';
}

/** Has the password shown, as an answer to the request does. */
async function hear(credentialId: string | null): Promise<void> {
  const credential = await store().credentials.find(credentialId ?? '');
  if (credential !== null) await revealCredential(journey.context, journey.access, credential);
}

const enters = (credentialId: string) =>
  journey.uriOf(credentialId).then((uri) =>
    withClient(uri, (client) => client.query('SELECT 1')).then(
      () => true,
      () => false,
    ),
  );

test('a first login has the name that was wished, or the other one where somebody has that', async () => {
  const first = await newDatabase('wished_one', wish('u_same'));
  const second = await newDatabase('wished_two', wish('u_same'));
  expect(await nameOf(first.credential_id)).toBe('u_same');
  expect(await nameOf(second.credential_id)).toBe(`u_same_${second.credential_id?.slice(-5)}`);
  expect([await enters(first.credential_id ?? ''), await enters(second.credential_id ?? '')]).toEqual([true, true]);
});

test('a role that is on the server and not of Berth has its name, and the new login gets another', async () => {
  await withClient(server.url().reveal(), (client) => client.query('CREATE ROLE u_foreign'));
  const made = await newDatabase('wished_foreign', wish('u_foreign'));
  const row = await store().credentials.find(made.credential_id ?? '');
  expect(row?.engine_username).toMatch(/^u_foreign_/);
  expect(await enters(made.credential_id ?? '')).toBe(true);
});

test('a login that is wished again while it is being made is joined; heard of, its name is taken, under either name', async () => {
  const [one, other] = [await newDatabase('again_one'), await newDatabase('again_two')];
  for (const { database_id } of [one, other]) {
    const first = await askLogin(database_id, wish('u_again'));
    expect((await askLogin(database_id, wish('u_again'))).id).toBe(first.id);
    await done(Promise.resolve(first));
    expect((await askLogin(database_id, wish('u_again'))).id).toBe(first.id); // nobody heard of its password yet
    await hear(first.credential_id);
    await expect(askLogin(database_id, wish('u_again'))).rejects.toMatchObject({ code: 'name_taken' });
  }
  await expect(askLogin(one.database_id, wish('postgres'))).rejects.toMatchObject({ code: 'invalid_request' });
});

test('a reset that may join does join one under way or unheard of, and any other is one more', async () => {
  const { credential_id } = await newDatabase('resets');
  const credentialId = credential_id ?? '';
  const ask = (joins?: true) => request(journey.context, credentialReset, { credentialId, joins }, journey.access);
  const first = await ask(true);
  expect((await ask(true)).id).toBe(first.id);
  const second = await ask();
  expect(second.id).not.toBe(first.id);
  await done(Promise.resolve(first));
  await done(Promise.resolve(second));
  expect((await ask(true)).id).toBe(second.id); // nobody heard of that password yet
  await hear(credentialId);
  const third = await ask(true);
  expect([first.id, second.id]).not.toContain(third.id);
  await done(Promise.resolve(third));
  expect(await enters(credentialId)).toBe(true);
});

test('a login that is taken out of its databases one by one goes with the last', async () => {
  const [one, other] = [await newDatabase('leaves_one'), await newDatabase('leaves_two')];
  const credentialId = one.credential_id ?? '';
  const grant = { credentialId, database: other.database_id ?? '', role: 'readwrite' } as const;
  await done(request(journey.context, grantCreate, grant, journey.access));
  const leave = (databaseId: string | null) =>
    request(journey.context, grantRemove, { credentialId, databaseId: databaseId ?? '' }, journey.access);
  expect(await done(leave(one.database_id))).toMatchObject({ kind: 'grant_delete' });
  await expect(leave(one.database_id)).rejects.toMatchObject({ code: 'not_found' });
  const name = await nameOf(credentialId);
  expect(await done(leave(other.database_id))).toMatchObject({ kind: 'credential_delete' });
  await expect(leave(other.database_id)).rejects.toMatchObject({ code: 'not_found' });
  const { rowCount } = await withClient(server.url().reveal(), (client) =>
    client.query('SELECT FROM pg_roles WHERE rolname = $1', [name]),
  );
  expect(rowCount).toBe(0);
});

test('what a create did not make is cleaned up at once, and what it made is not', async () => {
  const made = await newDatabase('stays');
  await cleanUpAfter(journey.context, made);
  const kept = await store().databases.find(made.database_id ?? '');
  expect(kept).toMatchObject({ state: 'available', delete_accepted_at: null });
  const input = { name: 'fails', ownerLogin: 'auto' } as const;
  const asked = await request(journey.context, databaseCreate, input, journey.access);
  const claimed = await store().actions.claim(asked.id, 'a worker');
  await store().transaction(async (tx) => {
    await tx.actions.fail(claimed ?? asked, 'engine_refused', 'No.');
    await tx.databases.becomeFailed(asked.database_id ?? '');
    await tx.credentials.becomeFailed(asked.credential_id ?? '');
  });
  for (const _ of [1, 2]) await cleanUpAfter(journey.context, asked);
  const again = await request(journey.context, databaseCreate, input, journey.access);
  expect(again.database_id).not.toBe(asked.database_id);
});
