// A session opens what its login opens, from a password that was right until it was written.
import { codeOf, Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import type { Access } from '@berth/store';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { createAccess, revokeAccess, rotateAccess } from './accesses';
import { openSession } from './sessions';

let journey: Journey;

beforeAll(async () => {
  journey = await openJourney({ registerServer: false });
});
afterAll(() => journey?.close());

/** A login, as it is when somebody has proven its password. */
async function proven(name: string): Promise<Access> {
  const { context, access } = journey;
  const password = new Secret('a password');
  const asked = { name, person: 'p', scopes: ['public' as const], kind: 'basic' as const, password };
  const { id } = (await createAccess(context, access, asked)).access;
  const login = await context.store.accesses.findLiving(id, 'basic');
  if (login === null) throw new Error('no login');
  return login;
}

test('it is opened with its secret, has the rights of its login, and is told in the audit without that', async () => {
  const { store } = journey.context;
  const login = await proven('opens');
  const { secret, session } = await openSession(journey.context, login);
  expect((await store.accesses.findSession(session.id, hashToken(secret)))?.access.id).toBe(login.id);
  const { data } = await store.audit.list({ subjectId: session.id }, { cursor: null, limit: 10 });
  expect(data.map(({ deed, access_id }) => [deed, access_id])).toEqual([['session_create', login.id]]);
  const kept = JSON.stringify([data, await store.accesses.find(session.id)]);
  expect(kept).not.toContain(secret.reveal());
});

test.each([
  ['was revoked', (id: string) => revokeAccess(journey.context, journey.access, id)],
  ['got another password', (id: string) => rotateAccess(journey.context, journey.access, id, { graceS: 0 })],
])('none is opened for a login that %s after its password was proven', async (how, change) => {
  const login = await proven(how.replaceAll(' ', '-'));
  await change(login.id);
  expect(await openSession(journey.context, login).catch(codeOf)).toBe('unauthenticated');
  const filter = { isRevoked: false, parentId: login.id };
  expect((await journey.context.store.accesses.list(filter, { cursor: null, limit: 10 })).data).toEqual([]);
});

test('a hundred of one login live, however many are opened at once; the one used least lately ends for another', async () => {
  const { context, storeUrl } = journey;
  const login = await proven('many');
  const open = async () => (await openSession(context, login)).session;
  const [first, second] = [await open(), await open()];
  await withClient(storeUrl, (client) =>
    client.query(`UPDATE accesses SET last_used_at = now() + interval '1 hour' WHERE id = $1`, [first.id]),
  );
  for (let count = 2; count < 100; count += 1) await open();
  const isOver = async ({ id }: Access) => (await context.store.accesses.find(id))?.revoked_at !== null;
  expect([await isOver(first), await isOver(second)]).toEqual([false, false]);
  await Promise.all([open(), open()]);
  expect([await isOver(first), await isOver(second)]).toEqual([false, true]);
  const filter = { isRevoked: false, parentId: login.id };
  const page = await context.store.accesses.list(filter, { cursor: null, limit: 200 });
  expect(page.data).toHaveLength(100);
});
