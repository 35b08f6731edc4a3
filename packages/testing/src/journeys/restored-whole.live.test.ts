// What comes back with a restore: everything. Data of every kind, each login with its role and its password, what the
// tenant had set and made, what operators had given others there, and what Berth remembers of the database.
import { credentialCreate, databaseDelete, grantCreate, request, updateDatabase } from '@berth/actions';
import { codeOf, type Role } from '@berth/core';
import { type Journey, openJourney } from '../journey';
import { askRestore, type Kept, makeKept, quarantine, refusalOf, stateOf } from '../quarantine';
import type { Outsider } from '../tenants/belongings';
import { onEachEngine } from '../tenants/on-each-engine';
import { withSession } from '../tenants/tenants';

onEachEngine((engine) => {
  const { belongings } = engine;
  const prefixes = ['whole', 'beside'].map((name) => `${name}_${process.pid}`);
  let journey: Journey;
  let kept: Kept;
  let other: Kept;
  let outsider: Outsider;
  /** One login of each role that is this database's alone, and one that writes here and owns the other database. */
  let uris: Record<Role | 'shared', string>;

  async function done<Input>(kind: Parameters<typeof request<Input>>[1], input: Input) {
    const { id } = await request(journey.context, kind, input, journey.access);
    const ended = await journey.runHere(id);
    expect(ended).toMatchObject({ state: 'succeeded' });
    return ended;
  }

  /** A login of its own with this role. */
  async function newLogin(role: Role): Promise<string> {
    const { credential_id } = await done(credentialCreate, { databaseId: kept.databaseId, role });
    return journey.uriOf(credential_id ?? '');
  }

  beforeAll(async () => {
    journey = await openJourney({ engine });
    const [whole = '', beside = ''] = prefixes;
    [kept, other] = [await makeKept(journey, whole), await makeKept(journey, beside)];
    const [readwrite, readonly] = [await newLogin('readwrite'), await newLogin('readonly')];
    const grant = { credentialId: other.credentialId, database: kept.databaseId, role: 'readwrite' as const };
    await done(grantCreate, grant);
    const shared = new URL(other.uri);
    shared.pathname = `/${kept.name}`;
    uris = { owner: kept.uri, readwrite, readonly, shared: shared.href };
    await belongings.make(kept.uri);
    outsider = await belongings.makeOutsider(engine.sharedUrl(), kept.name);
    const change = { databaseId: kept.databaseId, labels: { tier: 'gold' } };
    await updateDatabase(journey.context, change, journey.access);
  });
  afterAll(async () => {
    await outsider?.close();
    await journey?.close();
  });

  /** Whoever is not let in, and whoever is and has no right, reads nothing. */
  const reads = (uri: string) =>
    withSession(engine, uri, (session) => session.read()).then(
      (rows) => rows.length > 0,
      () => false,
    );
  const describeAll = () => belongings.describe(engine.sharedUrl(), kept.name, [...prefixes, `outside_${kept.name}`]);

  test('data, logins, roles, settings and what is remembered: all as before; each role may what it might and no more', async () => {
    const before = { content: await belongings.read(kept.uri), described: await describeAll() };
    const row = await journey.context.store.databases.find(kept.databaseId);
    expect(await reads(outsider.uri)).toBe(true);
    await quarantine(journey, kept.databaseId);
    expect(await Promise.all(Object.values(uris).map(refusalOf))).toEqual(['login', 'login', 'login', 'database']);
    expect(await reads(outsider.uri)).toBe(false);
    expect(await describeAll()).not.toEqual(before.described); // it would notice
    const { id } = await askRestore(journey, kept.databaseId);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });

    expect({ content: await belongings.read(kept.uri), described: await describeAll() }).toEqual(before);
    expect(await journey.context.store.databases.find(kept.databaseId)).toEqual(row);
    expect(await reads(outsider.uri)).toBe(true);

    await withSession(engine, kept.uri, (owner) => owner.write('by its owner', 'later'));
    for (const writer of [uris.readwrite, uris.shared]) {
      await withSession(engine, writer, (session) => session.insert('by a writer', 'later'));
      await belongings.use(writer);
      if (engine.capabilities.writersMakeTables) continue;
      await expect(withSession(engine, writer, (session) => session.write('never', 'never'))).rejects.toThrow();
    }
    const later = await withSession(engine, uris.readonly, (session) => session.read('later'));
    expect(later).toEqual(['by its owner', 'by a writer', 'by a writer']);
    await expect(withSession(engine, uris.readonly, (session) => session.insert('never', 'later'))).rejects.toThrow();
    expect(await refusalOf(other.uri)).toBeNull();
  });

  test('protection that was given in quarantine holds after the restore, and labels changed there are kept', async () => {
    await quarantine(journey, kept.databaseId);
    const change = { databaseId: kept.databaseId, protected: true, labels: { tier: 'silver' } };
    await updateDatabase(journey.context, change, journey.access);
    const { id } = await askRestore(journey, kept.databaseId);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    const row = await journey.context.store.databases.find(kept.databaseId);
    expect(row).toMatchObject({ state: 'available', protected: true, labels: { tier: 'silver' } });
    const drop = request(journey.context, databaseDelete, { databaseId: kept.databaseId }, journey.access);
    expect(codeOf(await drop.catch((error: unknown) => error))).toBe('protected');
    expect(await stateOf(journey, kept.databaseId)).toBe('available');
  });
});
