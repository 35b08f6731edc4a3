// One more login for a database, and its end: also when the worker dies after any step of either.
import { credentialCreate, credentialDelete, request, sweep } from '@berth/actions';
import { type Journey, openJourney } from '../journey';
import { onEachEngineAndQueue } from '../tenants/on-each-engine';

const CREATE_STEPS = ['reserve_names', 'create_login', 'check_login', 'check_isolation'];
const DELETE_STEPS = ['shut_out', 'end_sessions', 'drop_login', 'check_gone'];

onEachEngineAndQueue((engine, queue) => {
  let journey: Journey;
  let owner: string;
  let databaseId: string;
  let count = 0;

  beforeAll(async () => {
    journey = await openJourney({ engine, queue });
    [databaseId, owner] = await makeDatabase();
  });
  afterAll(() => journey?.close());

  /** A database, and the URL of its owner. */
  async function makeDatabase(): Promise<[string, string]> {
    count += 1;
    const action = await journey.requestDatabase(`logins_${process.pid}_${queue.toLowerCase()}_${count}`);
    await journey.runHere(action.id);
    return [action.database_id ?? '', await journey.uriOf(action.credential_id ?? '')];
  }

  const ask = (database = databaseId) =>
    request(journey.context, credentialCreate, { databaseId: database }, journey.access);
  const askDelete = (credentialId: string) =>
    request(journey.context, credentialDelete, { credentialId }, journey.access);

  async function madeLogin(database = databaseId): Promise<{ id: string; uri: string }> {
    const { id, credential_id } = await ask(database);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    return { id: credential_id ?? '', uri: await journey.uriOf(credential_id ?? '') };
  }

  const isOnServer = (uri: string) => journey.view.hasLogin(decodeURIComponent(new URL(uri).username));

  async function takeOver(actionId: string) {
    await journey.letHoldRunOut(actionId);
    await sweep(journey.context);
    expect(await journey.runHere(actionId)).toMatchObject({ state: 'succeeded', claim: 2 });
  }

  test('what a login made stays with the database when it is deleted; its session is ended, and it is gone', async () => {
    const login = await madeLogin();
    const session = await engine.enter(login.uri);
    await session.write('first');
    const { id } = await askDelete(login.id);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    await expect(session.read()).rejects.toThrow();
    await session.end();
    expect(await isOnServer(login.uri)).toBe(false);
    expect(await engine.refusalOf(login.uri)).toBe('login');
    const own = await engine.enter(owner);
    await own.insert('second');
    expect(await own.read()).toEqual(['first', 'second']);
    await own.end();
    const row = await journey.context.store.credentials.find(login.id);
    expect(row).toMatchObject({ state: 'deleted', secret_sealed: null });
  });

  describe('a worker killed with -9', () => {
    // one action at a time is worked on of a database: each has its own
    const creates = new Map<string, { actionId: string; credentialId: string }>();
    const deletes = new Map<string, { actionId: string; uri: string }>();

    beforeAll(async () => {
      const faults = new Map<string, string>();
      for (const step of CREATE_STEPS) {
        const [database] = await makeDatabase();
        const { id, credential_id } = await ask(database);
        creates.set(step, { actionId: id, credentialId: credential_id ?? '' });
        faults.set(id, `performed:${step}`);
      }
      for (const step of DELETE_STEPS) {
        const [database] = await makeDatabase();
        const login = await madeLogin(database);
        const { id } = await askDelete(login.id);
        deletes.set(step, { actionId: id, uri: login.uri });
        faults.set(id, `performed:${step}`);
      }
      await journey.killInAll(faults);
    });

    it.each(CREATE_STEPS)('in credential_create after %s: one login with a working password', async (step) => {
      const { actionId = '', credentialId = '' } = creates.get(step) ?? {};
      await takeOver(actionId);
      const uri = await journey.uriOf(credentialId);
      expect(await engine.refusalOf(uri)).toBeNull();
      expect(await isOnServer(uri)).toBe(true);
    });

    it.each(DELETE_STEPS)('in credential_delete after %s: no login is left', async (step) => {
      const { actionId = '', uri = '' } = deletes.get(step) ?? {};
      await takeOver(actionId);
      expect(await isOnServer(uri)).toBe(false);
    });
  });
});
