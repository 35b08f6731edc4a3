// In what a server differs from what Berth knows of it: what hands changed is found, on each engine, and nothing is said of what
// Berth is itself at work on, at whatever moment somebody looks.
import {
  credentialReset,
  databaseDelete,
  databaseQuarantine,
  databaseRestore,
  openSecret,
  request,
  run,
  serverDrift,
} from '@berth/actions';
import { newId, Secret } from '@berth/core';
import type { Engine, EngineSession } from '@berth/engines/contract';
import { type Journey, openJourney } from '../journey';
import { onEachEngine } from '../tenants/on-each-engine';

interface Difference {
  what: string;
  database: string | null;
  login: string | null;
  expected: string | null;
  found: string | null;
}
type Differences = Record<'lost' | 'unknown' | 'altered', Difference[]>;

onEachEngine((on) => {
  let journey: Journey;
  let session: EngineSession;
  let count = 0;

  beforeAll(async () => {
    journey = await openJourney({ engine: on });
    const url = new URL(on.sharedUrl());
    const login = {
      username: decodeURIComponent(url.username),
      password: new Secret(decodeURIComponent(url.password)),
    };
    const place = { host: url.hostname, port: Number(url.port), tls: 'disable' as const };
    session = await on.engine.open({ ...place, ...login }, { leftMs: () => 20_000 });
  });
  afterAll(async () => {
    await session?.close();
    await journey?.close();
  });

  /** Berth's own rows of a new database and its login, as the engine is told of them. */
  async function make() {
    count += 1;
    const { id } = await journey.requestDatabase(`drift_${process.pid}_${count}`);
    const action = await journey.runHere(id);
    expect(action).toMatchObject({ state: 'succeeded' });
    const { credentials, databases } = journey.context.store;
    const database = await databases.find(action.database_id ?? '');
    const credential = await credentials.find(action.credential_id ?? '');
    if (database === null || credential === null) throw new Error('It was not made.');
    const password = openSecret(journey.context.keyRing, credential.id, credential.secret_sealed ?? '');
    return {
      database: { id: database.id, name: database.engine_name, connectionsMax: 5 },
      login: { id: credential.id, name: credential.engine_username },
      password,
    };
  }

  async function take(engine?: Engine): Promise<Differences> {
    const { context, serverId } = journey;
    const { id } = await request(context, serverDrift, { serverId }, null);
    if (engine === undefined) await journey.runHere(id);
    else await run(context, { engine, holder: 'drift', stopping: new AbortController().signal }, id);
    expect(await context.store.actions.find(id)).toMatchObject({ state: 'succeeded' });
    const kept = await context.store.drifts.find(serverId);
    expect(kept?.action_id).toBe(id);
    return JSON.parse(JSON.stringify(kept?.findings));
  }

  /** What is said of these names; other files make things on the same server. */
  async function said(names: string[], engine?: Engine) {
    const all = await take(engine);
    const isMeant = ({ database, login }: Difference) => names.includes(database ?? '') || names.includes(login ?? '');
    const short = ({ what, database, login, expected, found }: Difference) =>
      [what, ...[database, login].filter((name) => name !== null), expected, found].join(' ').trim();
    return Object.fromEntries(
      Object.entries({ lost: all.lost, unknown: all.unknown, altered: all.altered }).map(([list, each]) => [
        list,
        each.filter(isMeant).map(short).sort(),
      ]),
    );
  }

  const NOTHING = { lost: [], unknown: [], altered: [] };

  test('what is as Berth made it is not mentioned, open or quarantined', async () => {
    const { database, login } = await make();
    const names = [database.name, login.name];
    expect(await said(names)).toEqual(NOTHING);
    const kept = await request(
      journey.context,
      databaseQuarantine,
      { databaseId: database.id, isHidden: false },
      journey.access,
    );
    expect(await journey.runHere(kept.id)).toMatchObject({ state: 'succeeded' });
    expect(await said(names)).toEqual(NOTHING);
  });

  test('what hands took: a database, a login, a grant', async () => {
    const [one, two, three] = [await make(), await make(), await make()];
    await journey.view.dropLogin(two.login.name);
    await session.removeGrant(three.database, three.login);
    await journey.view.dropDatabase(one.database.name);
    expect(await said([one.database.name])).toMatchObject({
      lost: expect.arrayContaining([`database ${one.database.name}`]),
    });
    expect(await said([two.login.name])).toMatchObject({ lost: [`login ${two.login.name}`] });
    expect(await said([three.database.name])).toMatchObject({
      lost: [`grant ${three.database.name} ${three.login.name} owner`],
    });
  });

  test('what hands changed: a lock, a role', async () => {
    const [one, two] = [await make(), await make()];
    await session.removeAccess({ logins: [one.login] });
    await session.ensureGrant(two.database, two.login, 'readonly');
    expect((await said([one.login.name])).altered).toEqual([`login ${one.login.name} unlocked locked`]);
    expect(await said([two.database.name, two.login.name])).toEqual({
      ...NOTHING,
      altered: [`grant ${two.database.name} ${two.login.name} owner readonly`],
    });
  });

  test('what hands let in again while it is quarantined', async () => {
    const { database, login } = await make();
    const kept = await request(
      journey.context,
      databaseQuarantine,
      { databaseId: database.id, isHidden: false },
      journey.access,
    );
    expect(await journey.runHere(kept.id)).toMatchObject({ state: 'succeeded' });
    await session.ensureDatabase(database);
    await session.ensureLogin(login, new Secret('another-password-1'));
    await session.ensureGrant(database, login, 'owner');
    expect(await said([database.name, login.name])).toEqual({
      ...NOTHING,
      altered: [
        `database ${database.name} shut open`,
        `grant ${database.name} ${login.name} none while it is quarantined owner`,
        `login ${login.name} locked unlocked`,
      ].sort(),
    });
  });

  test('what hands made: a database, a login, a grant; nothing of it that holds a secret', async () => {
    const { database, login, password } = await make();
    count += 1;
    const strange = { id: newId('database'), name: `strange_${process.pid}_${count}`, connectionsMax: 5 };
    const stranger = { id: newId('credential'), name: `stranger_${process.pid}_${count}` };
    await session.ensureDatabase(strange);
    await session.ensureLogin(stranger, new Secret('another-password-2'));
    await session.ensureGrant(database, stranger, 'readonly');
    await session.ensureGrant(strange, login, 'readwrite');
    expect(await said([strange.name, stranger.name])).toEqual({
      ...NOTHING,
      unknown: [
        `database ${strange.name}`,
        `login ${stranger.name}`,
        `grant ${database.name} ${stranger.name}  readonly`,
        `grant ${strange.name} ${login.name}  readwrite`,
      ].sort(),
    });
    expect(JSON.stringify(await take())).not.toContain(password.reveal());
    await session.removeDatabase(strange);
    await session.removeLogin(stranger);
    expect(await said([strange.name, stranger.name, database.name])).toEqual(NOTHING);
  });

  test('at no moment of an action is anything said of what it works on', async () => {
    const { context, access } = journey;
    const moments: string[] = [];
    const watch = async (id: string, names: string[]) => {
      const onMoment = async (moment: string, step: string) => {
        if (moment === 'recorded') return; // the same as the beginning of the next
        expect([step, moment, await said(names)]).toEqual([step, moment, NOTHING]);
        moments.push(step);
      };
      await run(
        context,
        { engine: on.engine, holder: 'watched', stopping: new AbortController().signal, onMoment },
        id,
      );
      expect(await context.store.actions.find(id)).toMatchObject({ state: 'succeeded' });
      expect(await said(names)).toEqual(NOTHING);
    };
    count += 1;
    const name = `drift_${process.pid}_${count}`;
    const create = await journey.requestDatabase(name);
    const databaseId = create.database_id ?? '';
    const credentialId = create.credential_id ?? '';
    await watch(create.id, [name]);
    const login = (await context.store.credentials.find(credentialId))?.engine_username ?? '';
    const names = [(await context.store.databases.find(databaseId))?.engine_name ?? '', login];
    await watch((await request(context, credentialReset, { credentialId }, access)).id, names);
    await watch((await request(context, databaseQuarantine, { databaseId, isHidden: false }, access)).id, names);
    await watch((await request(context, databaseRestore, { databaseId }, access)).id, names);
    await watch((await request(context, databaseDelete, { databaseId }, access)).id, names);
    expect(moments.length).toBeGreaterThan(30);
  });

  test('nothing is said of what changed while the server was looked at', async () => {
    const { database, login } = await make();
    const change = async () => {
      const { id } = await request(
        journey.context,
        databaseQuarantine,
        { databaseId: database.id, isHidden: false },
        journey.access,
      );
      expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    };
    const slow: Engine = {
      ...on.engine,
      async open(admin, options) {
        const inner = await on.engine.open(admin, options);
        const observeAccess = async () => {
          const seen = await inner.observeAccess();
          await change();
          return seen;
        };
        return { ...inner, observeAccess };
      },
    };
    expect(await said([database.name, login.name], slow)).toEqual(NOTHING);
    expect(await said([database.name, login.name])).toEqual(NOTHING);
  });
});
