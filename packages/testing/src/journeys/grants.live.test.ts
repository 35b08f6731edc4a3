// One login on several databases: given, changed and taken by workers, and what deletes, resets and plans do to it then.
import {
  credentialCreate,
  credentialReset,
  databaseDelete,
  databaseUpdate,
  grantCreate,
  grantDelete,
  request,
} from '@berth/actions';
import type { Role } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import { evidenceOf, takeOver } from '../quarantine';
import { runAction } from '../run-action';
import { onEachEngineAndQueueAtOnce } from '../tenants/at-once';
import { type TenantSession, withSession } from '../tenants/tenants';

interface Made {
  id: string;
  name: string;
  login: string;
}

const SMALL = 20;
const LARGE = 100;

onEachEngineAndQueueAtOnce((engine, queue, atOnce) => {
  let journey: Journey;
  let count = 0;

  atOnce.open(async () => {
    journey = await openJourney({ engine, queue });
  });
  atOnce.close(async () => journey?.close());

  async function make(name?: string): Promise<Made> {
    count += 1;
    const action = await journey.requestDatabase(name ?? `grants_${process.pid}_${queue.toLowerCase()}_${count}`);
    expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
    const database = await journey.context.store.databases.find(action.database_id ?? '');
    return { id: database?.id ?? '', name: database?.engine_name ?? '', login: action.credential_id ?? '' };
  }

  async function done<Input>(kind: Parameters<typeof request<Input>>[1], input: Input) {
    const action = await request(journey.context, kind, input, journey.access);
    const ended = await journey.runHere(action.id);
    expect(ended).toMatchObject({ state: 'succeeded' });
    return ended;
  }

  const grant = (login: string, database: string, role: Role) =>
    done(grantCreate, { credentialId: login, database, role });

  /** The URL of a login in another database than its first. */
  async function uriIn(login: string, name: string): Promise<string> {
    const uri = new URL(await journey.uriOf(login));
    uri.pathname = `/${name}`;
    return uri.href;
  }

  const inside = <T>(uri: string, work: (session: TenantSession) => Promise<T>) => withSession(engine, uri, work);
  const write = (uri: string, text: string, table: string) => inside(uri, (session) => session.write(text, table));
  const insert = (uri: string, text: string, table: string) => inside(uri, (session) => session.insert(text, table));
  const read = (uri: string, table: string) => inside(uri, (session) => session.read(table));

  async function limitOf(login: string): Promise<number | null> {
    const row = await journey.context.store.credentials.find(login);
    return journey.view.findLimit(row?.engine_username ?? '');
  }

  async function isOnServer(login: string): Promise<boolean> {
    const row = await journey.context.store.credentials.find(login);
    return journey.view.hasLogin(row?.engine_username ?? '');
  }

  /** On a server whose logins have limits. */
  const limit = (connections: number) => (engine.capabilities.loginConnectionLimit ? connections : null);

  /** The login is let into the canary, as if the server were not what it should be. */
  async function letIntoCanary(login: string): Promise<void> {
    const row = await journey.context.store.credentials.find(login);
    await journey.view.letIntoCanary(row?.engine_username ?? '');
  }

  async function shutOutOfCanary(login: string): Promise<void> {
    const row = await journey.context.store.credentials.find(login);
    await journey.view.shutOutOfCanary(row?.engine_username ?? '');
  }

  async function giveUpAfterOne(actionId: string): Promise<void> {
    await withClient(journey.storeUrl, (client) =>
      client.query('UPDATE actions SET failures = 4 WHERE id = $1', [actionId]),
    );
  }

  atOnce.alone(
    'a worker killed in the middle of giving or taking: the grant is made once, and taken once',
    async () => {
      const [one, other] = [await make(), await make()];
      await grant(other.login, one.id, 'readonly');
      const input = { credentialId: one.login, database: other.id, role: 'readonly' as const };
      const given = await request(journey.context, grantCreate, input, journey.access);
      const pair = { credentialId: other.login, databaseId: one.id };
      const taken = await request(journey.context, grantDelete, pair, journey.access);
      const faults = { [given.id]: 'performed:grant_role', [taken.id]: 'performed:remove_grant' };
      await journey.killInAll(new Map(Object.entries(faults)));
      for (const id of [given.id, taken.id]) await takeOver(journey, id);
      expect(await engine.refusalOf(await uriIn(one.login, other.name))).toBeNull();
      expect(await engine.refusalOf(await uriIn(other.login, one.name))).toBe('database');
    },
  );

  if (queue !== 'PostgreSQL') return; // of what follows nothing goes through a queue

  atOnce.test(
    'a login reads one database, writes another and owns a third, with one password; each is changed and taken alone',
    async () => {
      const [one, other] = [await make(), await make()];
      expect(await limitOf(one.login)).toBe(limit(SMALL));
      await write(await journey.uriOf(other.login), 'theirs', 'notes');
      const given = await grant(one.login, other.name, 'readonly');
      const login = (await journey.context.store.credentials.find(one.login))?.engine_username;
      expect(evidenceOf(given, 'grant_role')).toMatchObject({ login, role: 'readonly', role_before: null, ended: 0 });
      const may = { can_make: false, can_write: false, can_read: true, lacks: null };
      expect(evidenceOf(given, 'check_login')).toMatchObject({ login, role: 'readonly', ...may });
      expect(evidenceOf(given, 'limit_login')).toEqual({ login, connections_max: limit(2 * SMALL) });
      expect(await limitOf(one.login)).toBe(limit(2 * SMALL));
      const uri = await uriIn(one.login, other.name);
      expect(await read(uri, 'notes')).toEqual(['theirs']);
      await expect(insert(uri, 'mine', 'notes')).rejects.toThrow();
      await grant(one.login, other.id, 'readwrite');
      await insert(uri, 'mine', 'notes');
      await write(await journey.uriOf(one.login), 'own', 'own');
      const taken = await done(grantDelete, { credentialId: one.login, databaseId: other.id });
      expect(evidenceOf(taken, 'remove_grant')).toMatchObject({ login, role_before: 'readwrite' });
      const refused = { refused: true, reason: 'privilege', code: expect.any(String), tried: true };
      expect(evidenceOf(taken, 'check_refused')).toEqual(refused);
      expect(await engine.refusalOf(uri)).toBe('database');
      expect(await read(await journey.uriOf(one.login), 'own')).toEqual(['own']);
      expect(await limitOf(one.login)).toBe(limit(SMALL));
      expect(await read(await journey.uriOf(other.login), 'notes')).toEqual(['theirs', 'mine']);
    },
  );

  atOnce.test('a reset of a shared login is proven in each of its databases', async () => {
    const [one, other] = [await make(), await make()];
    await grant(one.login, other.id, 'readonly');
    const before = await uriIn(one.login, other.name);
    const { steps } = await done(credentialReset, { credentialId: one.login });
    expect(steps.at(-1)?.evidence).toEqual({
      databases: [one.id, other.id],
      lacking: [],
      old_password_tried: true,
      old_password_refused: [`${one.id}: password`, `${other.id}: password`],
    });
    expect(await engine.refusalOf(before)).toBe('login');
    expect(await engine.refusalOf(await uriIn(one.login, other.name))).toBeNull();
  });

  atOnce.test('a delete takes the grant from a shared login, and the login with its last database', async () => {
    const [one, other] = [await make(), await make()];
    await grant(one.login, other.id, 'readwrite');
    await done(databaseDelete, { databaseId: one.id });
    const row = await journey.context.store.credentials.find(one.login);
    expect([row?.state, row?.grants.map(({ database_id }) => database_id)]).toEqual(['active', [other.id]]);
    expect(await limitOf(one.login)).toBe(limit(SMALL));
    expect(await engine.refusalOf(await uriIn(one.login, other.name))).toBeNull();
    await done(databaseDelete, { databaseId: other.id });
    expect(await journey.context.store.credentials.find(one.login)).toMatchObject({ state: 'deleted' });
    expect(await isOnServer(one.login)).toBe(false);
  });

  atOnce.test(
    'two databases of one login deleted at once: one after the other, and no login is left behind',
    async () => {
      const [one, other] = [await make(), await make()];
      await grant(one.login, other.id, 'owner');
      const asked = await Promise.all(
        [one, other].map(({ id }) => request(journey.context, databaseDelete, { databaseId: id }, journey.access)),
      );
      const ended = await Promise.all(asked.map(({ id }) => runAction(journey.context, id)));
      expect(ended.map(({ state }) => state).sort()).toEqual(['queued', 'succeeded']);
      const second = ended.find(({ state }) => state === 'queued')?.id ?? '';
      expect(await journey.runHere(second)).toMatchObject({ state: 'succeeded', failures: 0 });
      expect(await isOnServer(one.login)).toBe(false);
      expect(await journey.context.store.credentials.find(one.login)).toMatchObject({ state: 'deleted' });
    },
  );

  atOnce.test('another plan holds each login of the database, on both their databases', async () => {
    const [one, other] = [await make(), await make()];
    await grant(one.login, other.id, 'readonly');
    await done(databaseUpdate, { databaseId: other.id, plan: 'large' });
    expect([await limitOf(one.login), await limitOf(other.login)]).toEqual([limit(SMALL + LARGE), limit(LARGE)]);
    const row = await journey.context.store.databases.find(other.id);
    expect(row).toMatchObject({ plan: { name: 'large' }, pending_plan_id: null });
  });

  atOnce.test(
    'a plan that the server finds too small is refused with the numbers, and nothing has changed',
    async () => {
      const { id, login } = await make();
      const { catalog } = journey.context.store;
      await write(await journey.uriOf(login), 'more than ten bytes', 'notes');
      const sizeBytesMax = 10n;
      await catalog.ensurePlan({ name: 'tiny', engine: engine.name, sizeBytesMax, connectionsMax: 3 });
      await withClient(journey.storeUrl, (client) =>
        client.query('UPDATE databases SET size_bytes = 1 WHERE id = $1', [id]),
      );
      const action = await request(journey.context, databaseUpdate, { databaseId: id, plan: 'tiny' }, journey.access);
      const ended = await journey.runHere(action.id);
      expect(ended).toMatchObject({ state: 'failed', error_code: 'disagree' });
      expect(ended.error_message).toMatch(/has \d{2,} bytes, the plan tiny holds 10/);
      const row = await journey.context.store.databases.find(id);
      expect([row?.plan.name, row?.pending_plan_id, await limitOf(login)]).toEqual(['small', null, limit(SMALL)]);
    },
  );

  atOnce.test('a grant that cannot be made is none, in the store and on the server', async () => {
    const [one, other] = [await make(), await make()];
    const refuse = async (moment: string, step: string) => {
      if (moment === 'started' && step === 'check_isolation') await letIntoCanary(one.login);
    };
    const asked = await request(
      journey.context,
      grantCreate,
      { credentialId: one.login, database: other.id, role: 'owner' },
      journey.access,
    );
    await giveUpAfterOne(asked.id);
    expect(await runAction(journey.context, asked.id, { onMoment: refuse })).toMatchObject({ state: 'failed' });
    await shutOutOfCanary(one.login);
    expect((await journey.context.store.credentials.find(one.login))?.grants).toHaveLength(1);
    expect(await engine.refusalOf(await uriIn(one.login, other.name))).toBe('database');
    expect(await limitOf(one.login)).toBe(limit(SMALL));
  });

  atOnce.test('a login sees nothing of a database for whose name its own would be a pattern', async () => {
    const [one, other] = [await make(`pattern_${process.pid}_b`), await make(`pattern_${process.pid}xb`)];
    await write(await journey.uriOf(other.login), 'theirs', 'notes');
    expect(await engine.refusalOf(await uriIn(one.login, other.name))).toBe('database');
    expect(await engine.refusalOf(await uriIn(other.login, one.name))).toBe('database');
  });

  atOnce.test('a reader made for a database sees tables that its owner makes later', async () => {
    const { id, login } = await make();
    const { credential_id: reader } = await done(credentialCreate, { databaseId: id, role: 'readonly' as const });
    await write(await journey.uriOf(login), 'later', 'later');
    expect(await read(await journey.uriOf(reader ?? ''), 'later')).toEqual(['later']);
  });
});
