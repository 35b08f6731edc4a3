// Lists of databases look at their server first: as long as that is quick, and never longer than two seconds.
import type { Scope } from '@berth/core';
import { eventually } from '@berth/testing';
import { decode } from './decode.fixture';
import * as fixture from './street.fixture';

const { as, asked, openStreet, stackPath, succeedCreate } = fixture;
let street: fixture.Street;
let path: string;
let uid: string;

const SCOPES: Scope[] = ['public', 'admin'];
/** Who waits takes two seconds; all less is the machine's. */
const AT_ONCE_MS = 1_900;

beforeEach(async () => {
  street = await openStreet();
  path = `${await stackPath(street, 'development')}/server_groups/${street.server.number}/databases`;
  uid = await succeedCreate(street, (await asked(street, path, 'looked_at')).id);
});

afterEach(() => street.close());

async function list(url = path) {
  const beganAt = performance.now();
  const { body } = await as(street).get(url).expect(200);
  return { body, tookMs: performance.now() - beganAt };
}

const openLook = () => street.store.actions.findOpenOfServer(street.server.id, 'server_refresh');

/** Ends the look as a worker does, with this size of the database. */
async function endLook(sizeBytes: number): Promise<void> {
  const look = await eventually(openLook, { what: 'a look to be asked for' });
  const since = await street.store.now();
  const claimed = await street.store.actions.claim(look.id, 'a worker');
  if (claimed === null) throw new Error('The look cannot be claimed.');
  const seen = { id: uid, name: 'looked_at', sizeBytes, users: 1, sessions: 0, charset: 'UTF8', collation: 'C.UTF-8' };
  await street.store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    await tx.servers.recordRefresh(street.server.id, [seen], since);
  });
}

test.each([
  ['the list', () => path, (body: unknown) => decode.databases(body).response[0]],
  ['one of it', () => `${path}/${uid}`, (body: unknown) => decode.database(body).response],
])('%s shows what was seen on the server now, as soon as it was', async (_what, urlOf, shownIn) => {
  const [{ body, tookMs }] = await Promise.all([list(urlOf()), endLook(123_456_789)]);
  expect(shownIn(body)).toMatchObject({ uid, size_bytes: 123_456_789 });
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
});

test('where nobody looks the first answers after two seconds with what is known, and those after it at once', async () => {
  const first = await list();
  expect(decode.databases(first.body).response).toMatchObject([{ uid, size_bytes: 104_857_600 }]);
  expect(first.tookMs).toBeGreaterThan(1_500);
  expect(first.tookMs).toBeLessThan(3_500);
  for (const url of [path, `${path}.json?page=2`, `${path}/${uid}`])
    expect((await list(url)).tookMs).toBeLessThan(AT_ONCE_MS);
});

test('thirty at once cost one look', async () => {
  const lists = Array.from({ length: 30 }, () => list());
  await Promise.all([...lists, endLook(5)]);
  const look = (await street.store.actions.list({}, { cursor: null, limit: 100 })).data;
  expect(look.filter(({ kind }) => kind === 'server_refresh')).toHaveLength(1);
});

test('a client in a loop does not have the server looked at for each list: what was seen within a second is of now', async () => {
  await Promise.all([list(), endLook(5)]);
  const seenAt = await street.store.now();
  const { tookMs } = await list();
  expect((await street.store.now()).getTime() - seenAt.getTime() < 800 ? await openLook() : null).toBeNull();
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  await street.sql("UPDATE servers SET refreshed_at = now() - interval '1001 milliseconds'");
  await Promise.all([list(), endLook(6)]);
});

test('a process that is to stop answers at once', async () => {
  const waiting = list();
  await eventually(openLook, { what: 'a look to be asked for' });
  street.stopping.abort();
  expect((await waiting).tookMs).toBeLessThan(1_500);
});

test('a server that is offline is not waited for, and not asked', async () => {
  await street.store.servers.turn(street.server.id, 'offline');
  const { body, tookMs } = await list();
  expect(decode.databases(body).count).toBe(1);
  expect(tookMs).toBeLessThan(AT_ONCE_MS);
  expect(await openLook()).toBeNull();
});

test('what is refused asks the server nothing', async () => {
  const otherToken = await fixture.newToken(street, SCOPES, street.otherTeam);
  await as(street, otherToken).get(path).expect(404);
  await as(street).get(`${path}/db_unknown`).expect(404);
  expect(await openLook()).toBeNull();
});
