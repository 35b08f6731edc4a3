// What stands, and for whom: the databases, grants and actions that products see which know no actions and no tombstones.
import { openStreet, type Street } from './street.fixture';

let street: Street;
let stray: string;

beforeAll(async () => {
  street = await openStreet();
  stray = (await street.store.catalog.ensureTeam('other team')).id;
});
afterAll(() => street?.close());

const all = () => ({ teamId: street.teamId, projectId: null, environmentId: null });
const facts = { sizeBytes: 1, charset: 'UTF8', collation: 'C' };

/** A database that is available, with an active login. */
async function made() {
  const database = await street.database();
  const credential = await street.credential(database.id);
  await street.store.databases.becomeAvailable(database.id, facts);
  await street.store.credentials.becomeActive(credential.id);
  return { id: database.id, number: database.number, credentialId: credential.id };
}

const set = (id: string, change: string) => street.sql(`UPDATE databases SET ${change} WHERE id = $1`, [id]);

async function keepUnseen(id: string): Promise<void> {
  await street.store.databases.hide(id);
  await street.store.databases.becomeQuarantined(id, 7);
}

/** Who sees the database: all, those alone who see what is in quarantine, or nobody; lists and single looks agree. */
async function seenBy(number: number): Promise<string> {
  const seen: boolean[] = [];
  for (const withQuarantined of [false, true]) {
    const filter = { ...all(), withQuarantined };
    const one = await street.store.standing.findDatabase(filter, number);
    const { data, total } = await street.store.standing.listDatabases(filter, 0, 1_000);
    expect(data.some((each) => each.number === number)).toBe(one !== null);
    expect(data).toHaveLength(total);
    const grants = await street.store.standing.listGrants(filter, 0, 1_000);
    expect(grants.data).toHaveLength(grants.total);
    if (one === null) expect(grants.data.some((each) => each.database_number === number)).toBe(false);
    else expect(one.grant_numbers).toEqual(grantsOf(grants.data, number));
    seen.push(one !== null);
  }
  return seen[0] ? 'all' : seen[1] ? 'managers' : 'nobody';
}

function grantsOf(grants: { number: number; database_number: number }[], number: number): number[] {
  return grants.filter((each) => each.database_number === number).map((each) => each.number);
}

test.each([
  ['that is there', async () => {}, 'all'],
  ['of which an update is under way', (id: string) => street.action(id), 'all'],
  ['that is about to be quarantined', (id: string) => street.action(id, { kind: 'database_quarantine' }), 'managers'],
  ['in quarantine', (id: string) => street.store.databases.becomeQuarantined(id, 7), 'managers'],
  ['that is about to be dropped', (id: string) => street.action(id, { kind: 'database_delete' }), 'nobody'],
  ['whose drop failed', (id: string) => street.store.databases.acceptDelete(id), 'managers'],
  ['that is kept unseen', keepUnseen, 'nobody'],
  ['that is about to be kept unseen', (id: string) => street.store.databases.hide(id), 'nobody'],
  ['that could not be made', (id: string) => set(id, "state = 'failed'"), 'nobody'],
  ['that is gone', (id: string) => street.store.databases.becomeDeleted(id), 'nobody'],
] as [string, (id: string) => Promise<unknown>, string][])('a database %s is seen by: %#', async (_, change, who) => {
  const { id, number } = await made();
  await change(id);
  expect(await seenBy(number)).toBe(who);
});

test('nothing is seen outside the team, the project and the environment that are asked for', async () => {
  const { number } = await made();
  const { findDatabase, findGrant, listDatabases, listGrants } = street.store.standing;
  const grant = (await findDatabase({ ...all(), withQuarantined: true }, number))?.grant_numbers[0] ?? 0;
  const whole = { ...all(), withQuarantined: true };
  expect(await findGrant(whole, grant)).toMatchObject({ database_number: number });
  for (const over of [{ teamId: stray }, { projectId: 'proj_other' }, { environmentId: 'env_other' }]) {
    const filter = { ...whole, ...over };
    expect([await findDatabase(filter, number), await findGrant(filter, grant)]).toEqual([null, null]);
    expect(await listDatabases(filter, 0, 10)).toEqual({ data: [], total: 0 });
    expect(await listGrants(filter, 0, 10)).toEqual({ data: [], total: 0 });
  }
  expect((await listDatabases({ ...whole, name: 'none of this name' }, 0, 10)).total).toBe(0);
});

test('a grant stands while it and its login do', async () => {
  const { findGrant, findDatabase } = street.store.standing;
  const filter = { ...all(), withQuarantined: true };
  const lose: ((id: string) => Promise<unknown>)[] = [
    (id) => street.sql('UPDATE grants SET revoked_at = now() WHERE credential_id = $1', [id]),
    (id) => street.store.credentials.acceptDelete(id),
    (id) => street.store.credentials.becomeDeleted(id),
  ];
  for (const change of lose) {
    const { credentialId, number } = await made();
    const [grant = 0] = (await findDatabase(filter, number))?.grant_numbers ?? [];
    expect(await findGrant(filter, grant)).not.toBeNull();
    await change(credentialId);
    expect(await findGrant(filter, grant)).toBeNull();
    expect((await findDatabase(filter, number))?.grant_numbers).toEqual([]);
  }
});

test('the open action that makes it, takes it away or brings it back is told with it, and no other', async () => {
  const filter = { ...all(), withQuarantined: true };
  const { id, number } = await made();
  await street.action(id);
  expect((await street.store.standing.findDatabase(filter, number))?.open).toBeNull();
  const asked = await street.action(id, { kind: 'database_quarantine' });
  const open = (await street.store.standing.findDatabase(filter, number))?.open;
  expect(open).toEqual({ id: asked.id, number: asked.number, kind: asked.kind, created_at: asked.created_at });
});

test('actions are told of the team alone, inside the limits, without those about what is kept unseen', async () => {
  const { id, number } = await made();
  const action = await street.action(id);
  const wanted = { ...all(), id: action.id, number: null, states: null, kinds: null, databaseNumber: null };
  const filter = { ...wanted, databaseName: null };
  const found = async (over: object) =>
    (await street.store.actions.listOfTeam({ ...filter, ...over }, { by: 'made', isNewestFirst: true }, 0, 10)).total;
  expect(await found({ number: action.number, databaseNumber: number, states: ['queued'] })).toBe(1);
  for (const over of [
    { teamId: stray },
    { projectId: 'proj_other' },
    { environmentId: 'env_other' },
    { number: action.number + 1 },
    { states: ['running'] },
    { kinds: [] },
    { databaseNumber: number + 1 },
    { databaseName: 'none of this name' },
  ])
    expect([over, await found(over)]).toEqual([over, 0]);
  await keepUnseen(id);
  expect(await found({})).toBe(0);
});
