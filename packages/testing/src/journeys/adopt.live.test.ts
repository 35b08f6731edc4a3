// A database that somebody else made comes under management, on each engine: with its data, beside the logins that it had, whatever
// dies on the way; and where it does not come, nothing is left by which somebody could delete it.
import {
  databaseAdopt,
  databaseDelete,
  databaseQuarantine,
  databaseRestore,
  request,
  run,
  serverRefresh,
} from '@berth/actions';
import { codeOf, PlatformError } from '@berth/core';
import type { Engine } from '@berth/engines/contract';
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { type Journey, openJourney } from '../journey';
import { onEachEngine } from '../tenants/on-each-engine';
import { type TestEngine, withSession } from '../tenants/tenants';

const PASSWORD = 'theirs-Pass-1';

/** Somebody's database and login of one name, past Berth. */
async function makeForeign(on: TestEngine, name: string): Promise<void> {
  const url = on.sharedUrl();
  if (on.name === 'postgresql') {
    const client = new Client({ connectionString: url });
    await client.connect();
    for (const sql of [`CREATE ROLE ${name} LOGIN PASSWORD '${PASSWORD}'`, `CREATE DATABASE ${name} OWNER ${name}`])
      await client.query(sql);
    await client.end();
  } else if (on.name === 'mysql') {
    const client = await createConnection({ uri: url });
    const pattern = name.replaceAll('_', '\\_');
    for (const sql of [
      `CREATE DATABASE ${name}`,
      `CREATE USER ${name}@'%' IDENTIFIED BY '${PASSWORD}'`,
      `GRANT ALL ON \`${pattern}\`.* TO ${name}@'%'`,
    ])
      await client.query(sql);
    await client.end();
  } else {
    const client = await new MongoClient(url).connect();
    const roles = [{ role: 'readWrite', db: name }];
    await client.db(name).command({ create: 'theirs' });
    await client.db('admin').command({ createUser: name, pwd: PASSWORD, roles, mechanisms: ['SCRAM-SHA-256'] });
    await client.close();
  }
}

onEachEngine((on) => {
  let journey: Journey;
  let count = 0;

  beforeAll(async () => {
    journey = await openJourney({ engine: on });
  });
  afterAll(() => journey?.close());

  /** Its name, and the URL of the login that it had; a row is in it. */
  async function foreign(): Promise<{ name: string; uri: string }> {
    count += 1;
    const name = `legacy_${process.pid}_${count}`;
    await makeForeign(on, name);
    const url = new URL(on.sharedUrl());
    url.username = name;
    url.password = PASSWORD;
    url.pathname = `/${name}`;
    if (on.name === 'mongodb') url.searchParams.set('authSource', 'admin');
    await withSession(on, url.href, (session) => session.write('theirs'));
    return { name, uri: url.href };
  }

  const ask = (engineName: string, change: object = {}) => {
    const { context, access, serverId } = journey;
    const input = { serverId, engineName, name: engineName.replaceAll('_', '-'), plan: 'small', project: 'default' };
    return request(context, databaseAdopt, { ...input, ...change }, access);
  };

  const rowsOf = (uri: string) => withSession(on, uri, (session) => session.read());

  test('its data are read by the new login and by the old one, before and after a quarantine', async () => {
    const { name, uri } = await foreign();
    const { context, access } = journey;
    const asked = await ask(name);
    const action = await journey.runHere(asked.id);
    expect([action.error_message, action.state]).toEqual([null, 'succeeded']);
    const databaseId = action.database_id ?? '';
    expect(await context.store.databases.find(databaseId)).toMatchObject({ state: 'available', engine_name: name });
    const own = await journey.uriOf(action.credential_id ?? '');
    expect([await rowsOf(own), await rowsOf(uri)]).toEqual([['theirs'], ['theirs']]);
    await withSession(on, own, (session) => session.insert('ours'));
    const look = await request(context, serverRefresh, { serverId: journey.serverId }, null);
    await journey.runHere(look.id);
    expect((await context.store.databases.find(databaseId))?.users).toBeGreaterThanOrEqual(2);

    const kept = await request(context, databaseQuarantine, { databaseId, isHidden: false }, access);
    expect(await journey.runHere(kept.id)).toMatchObject({ state: 'succeeded' });
    for (const each of [own, uri]) await expect(rowsOf(each)).rejects.toThrow();
    const restored = await request(context, databaseRestore, { databaseId }, access);
    expect(await journey.runHere(restored.id)).toMatchObject({ state: 'succeeded' });
    expect([await rowsOf(own), await rowsOf(uri)]).toEqual([
      ['theirs', 'ours'],
      ['theirs', 'ours'],
    ]);
    expect(codeOf(await ask(name, { name: 'another' }).catch((error: unknown) => error))).toBe('name_taken');
  });

  test.each(['adopt_database', 'create_login', 'check_isolation'])(
    'a worker that is killed behind %s is followed by one that does the rest',
    async (step) => {
      const { name, uri } = await foreign();
      const asked = await ask(name);
      const victim = await journey.startVictim(asked.id, `performed:${step}:SIGKILL`);
      await victim.ended;
      await journey.letHoldRunOut(asked.id);
      await journey.context.store.actions.releaseExpired(asked.id);
      expect(await journey.runHere(asked.id)).toMatchObject({ state: 'succeeded', error_code: null });
      const own = await journey.uriOf(asked.credential_id ?? '');
      expect([await rowsOf(own), await rowsOf(uri)]).toEqual([['theirs'], ['theirs']]);
    },
  );

  test('one that fails half-way leaves the data to who had them, no row, no login; and may be asked for anew', async () => {
    const { name, uri } = await foreign();
    const { context, access } = journey;
    const failing: Engine = {
      ...on.engine,
      async open(admin, options) {
        const session = await on.engine.open(admin, options);
        const proveEntry = () => Promise.reject(new PlatformError('engine_refused', 'It was not to be.'));
        return { ...session, proveEntry };
      },
    };
    const asked = await ask(name);
    const deleting = { databaseId: asked.database_id ?? '' };
    const refused: unknown = await request(context, databaseDelete, deleting, access).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'contradicts', actionId: asked.id });
    const options = { engine: failing, holder: 'failing', stopping: new AbortController().signal };
    await run(context, options, asked.id);
    expect(await context.store.actions.find(asked.id)).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
    expect((await context.store.databases.find(asked.database_id ?? ''))?.state).toBe('deleted');
    const login = await context.store.credentials.find(asked.credential_id ?? '');
    expect(login).toMatchObject({ state: 'deleted', secret_sealed: null });
    const left = (await journey.view.listNames(login?.engine_username ?? 'nobody')).filter((each) => each !== name);
    expect(left).toEqual([]);
    expect(await rowsOf(uri)).toEqual(['theirs']);
    const again = await ask(name);
    expect(await journey.runHere(again.id)).toMatchObject({ state: 'succeeded' });
    expect(await rowsOf(await journey.uriOf(again.credential_id ?? ''))).toEqual(['theirs']);
    expect(await rowsOf(uri)).toEqual(['theirs']);
  });

  test('what is not there, or larger than its plan, fails with its code and leaves no row', async () => {
    const { name } = await foreign();
    const missing = await ask(`missing_${process.pid}`);
    expect(await journey.runHere(missing.id)).toMatchObject({ state: 'failed', error_code: 'not_found' });
    const { catalog, databases } = journey.context.store;
    const tiny = { name: 'tiny', engine: on.name, sizeBytesMax: 1n, connectionsMax: 1 };
    await catalog.ensurePlan(tiny);
    const large = await ask(name, { plan: 'tiny' });
    expect(await journey.runHere(large.id)).toMatchObject({ state: 'failed', error_code: 'disagree' });
    for (const { database_id: id } of [missing, large]) expect((await databases.find(id ?? ''))?.state).toBe('deleted');
  });

  test('refused: what is the engine’s, Berth’s, or no name here; a second request; whoever is no operator', async () => {
    const { name } = await foreign();
    const refusal = (engineName: string, change: object = {}) =>
      ask(engineName, { name: 'refused', ...change }).catch((error: unknown) => error);
    const own = { postgresql: ['postgres', 'template1'], mysql: ['mysql', 'sys'], mongodb: ['admin', 'local'] }[
      on.name
    ];
    for (const each of [...own, 'berth_canary', 'berth_anything'])
      expect(await refusal(each)).toMatchObject({ code: 'invalid_request', fields: [{ field: 'engine_name' }] });
    expect(await refusal(`${'x'.repeat(70)}`)).toMatchObject({ code: 'invalid_request' });
    const asked = await ask(name);
    expect(await refusal(name)).toMatchObject({ code: 'name_taken', fields: [{ field: 'engine_name' }] });
    const { context, access, serverId } = journey;
    const input = { serverId, engineName: 'anything', name: 'anything', plan: 'small', project: 'default' };
    const tenant = { ...access, scopes: ['admin'] };
    const error: unknown = await request(context, databaseAdopt, input, tenant).catch((thrown: unknown) => thrown);
    expect(codeOf(error)).toBe('missing_scope');
    expect(await journey.runHere(asked.id)).toMatchObject({ state: 'succeeded' });
  });
});
