// One more login for a database, and its end: also when the worker dies after any step of either.
import { credentialCreate, credentialDelete, request, sweep } from '@berth/actions';
import { Client } from 'pg';
import { type Journey, openJourney, withClient } from '../journey';
import { testServers } from '../stack';
import { onEachQueue } from '../test-queue';

onEachQueue((queue) => {
  let journey: Journey;
  let databaseId: string;
  let owner: string;

  beforeAll(async () => {
    journey = await openJourney({ queue });
    const action = await journey.requestDatabase(`logins_${process.pid}_${queue.toLowerCase()}`);
    await journey.runHere(action.id);
    databaseId = action.database_id ?? '';
    owner = await journey.uriOf(action.credential_id ?? '');
  });
  afterAll(() => journey?.close());

  const ask = () => request(journey.context, credentialCreate, { databaseId }, journey.access);
  const askDelete = (credentialId: string) =>
    request(journey.context, credentialDelete, { credentialId }, journey.access);

  async function madeLogin(): Promise<{ id: string; uri: string }> {
    const { id, credential_id } = await ask();
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    return { id: credential_id ?? '', uri: await journey.uriOf(credential_id ?? '') };
  }

  async function isOnServer(uri: string): Promise<boolean> {
    const sql = 'SELECT FROM pg_roles WHERE rolname = $1';
    const name = decodeURIComponent(new URL(uri).username);
    const { rows } = await withClient(testServers().postgresqlUrl, (client) => client.query(sql, [name]));
    return rows.length > 0;
  }

  /** Has a worker die at the fault, then takes over. */
  async function surviveDeath(actionId: string, step: string) {
    const victim = await journey.startVictim(actionId, `performed:${step}:SIGKILL`);
    await victim.ended;
    await journey.letHoldRunOut(actionId);
    await sweep(journey.context);
    expect(await journey.runHere(actionId)).toMatchObject({ state: 'succeeded', claim: 2 });
  }

  test('what a login made stays with the database when it is deleted; its session is ended, and it is gone', async () => {
    const login = await madeLogin();
    const session = new Client({ connectionString: login.uri });
    const lost = new Promise<void>((resolve) => session.on('error', () => resolve()));
    await session.connect();
    await session.query('CREATE TABLE kept (id int); INSERT INTO kept VALUES (1)');
    const { id } = await askDelete(login.id);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    await lost;
    await session.end();
    expect(await isOnServer(login.uri)).toBe(false);
    await expect(withClient(login.uri, (client) => client.query('SELECT 1'))).rejects.toMatchObject({ code: '28P01' });
    const { rows } = await withClient(owner, (client) => client.query('INSERT INTO kept VALUES (2) RETURNING id'));
    expect(rows).toEqual([{ id: 2 }]);
    const row = await journey.context.store.credentials.find(login.id);
    expect(row).toMatchObject({ state: 'deleted', secret_sealed: null });
  });

  describe('a worker killed with -9', () => {
    it.each(['reserve_names', 'create_login', 'check_login', 'check_isolation'])(
      'in credential_create after %s: one login with a working password',
      async (step) => {
        const action = await ask();
        await surviveDeath(action.id, step);
        await withClient(await journey.uriOf(action.credential_id ?? ''), (client) => client.query('SELECT 1'));
      },
    );

    it.each(['shut_out', 'end_sessions', 'drop_login', 'check_gone'])(
      'in credential_delete after %s: no login is left',
      async (step) => {
        const login = await madeLogin();
        const action = await askDelete(login.id);
        await surviveDeath(action.id, step);
        expect(await isOnServer(login.uri)).toBe(false);
      },
    );
  });
});
