// A store with one team, one server and what a database needs, for tests of the nouns; and SQL for what no function does.
import { openTestStore, type TestStore } from '@berth/testing';
import { Pool } from 'pg';
import type { Action, NewAction } from './actions';
import type { Credential } from './credentials';
import type { Database, NewDatabase } from './databases';
import { openStore, type Store } from './store';

export interface Street {
  store: Store;
  testStore: TestStore;
  teamId: string;
  projectId: string;
  environmentId: string;
  planId: string;
  poolId: string;
  serverId: string;
  /** A statement on a connection of its own, past all functions. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]>;
  /** A database that is being created; a name of its own unless `change` has one. */
  database(change?: Partial<NewDatabase>): Promise<Database>;
  /** A login on the server, with a grant when `databaseId` is given. */
  credential(databaseId?: string): Promise<Credential>;
  /** A queued `database_update` of this database, unless `change` says otherwise. */
  action(databaseId: string | null, change?: Partial<NewAction>): Promise<Action>;
  /** Types of the events that are there after `sinceNumber`, oldest first, with what they are about. */
  events(sinceNumber: number): Promise<Record<string, unknown>[]>;
  /** The number of the newest event. */
  lastEvent(): Promise<number>;
  close(): Promise<void>;
}

/** Opens it. Close it in afterAll. */
export async function openStreet(): Promise<Street> {
  const testStore = await openTestStore();
  const store = openStore({ url: testStore.secretUrl, connectionsMax: 10, process: 'street' });
  const pool = new Pool({ connectionString: testStore.url, max: 3 });
  pool.on('error', () => {}); // tests end sessions on purpose
  const sql: Street['sql'] = async (text, values = []) =>
    (await pool.query<Record<string, unknown>>(text, values)).rows;
  const place = await firstRows(store);
  return {
    store,
    testStore,
    ...place,
    sql,
    ...thingsOf(store, place),
    events: (since) =>
      sql('SELECT type, database_id, credential_id, action_id FROM events WHERE number > $1 ORDER BY number', [since]),
    lastEvent: async () => Number((await sql('SELECT coalesce(max(number), 0) AS last FROM events'))[0]?.last),
    async close() {
      await pool.end();
      await store.close();
      await testStore.close();
    },
  };
}

type Place = Pick<Street, 'teamId' | 'projectId' | 'environmentId' | 'planId' | 'poolId' | 'serverId'>;

async function firstRows({ catalog, servers }: Store): Promise<Place> {
  const team = await catalog.ensureTeam('team');
  const project = await catalog.ensureProject(team.id, 'project');
  const environment = await catalog.ensureEnvironment('development');
  const pool = await catalog.ensurePool('pool', 'postgresql', environment.id);
  const plan = await catalog.ensurePlan({
    name: 'small',
    engine: 'postgresql',
    sizeBytesMax: 1_000n,
    connectionsMax: 5,
  });
  const serverId = await makeServer({ servers }, pool.id, 'first');
  return {
    teamId: team.id,
    projectId: project.id,
    environmentId: environment.id,
    planId: plan.id,
    poolId: pool.id,
    serverId,
  };
}

/** An active server of a pool, with an address and an identity made of its name. */
export async function makeServer({ servers }: Pick<Store, 'servers'>, poolId: string, name: string): Promise<string> {
  const id = servers.newId();
  const address = { host: `${name}.example.org`, port: 5432, tls: 'disable', adminSealed: 's', sizeBytesMax: null };
  await servers.insert({ id, name, engine: 'postgresql', poolId, ...address });
  await servers.becomeChecked(id, { identity: name, version: '18', connectionsMax: 100, cannot: [] });
  return id;
}

function thingsOf({ actions, credentials, databases }: Store, place: Place) {
  const { teamId, serverId } = place;
  let count = 0;
  return {
    database(change: Partial<NewDatabase> = {}) {
      count += 1;
      const names = { id: databases.newId(), name: `database_${count}`, engineName: `database_${count}` };
      const rest = { engine: 'postgresql', ownerLogin: 'none' as const, labels: {}, accessId: null };
      return databases.insert({ ...place, ...names, ...rest, ...change });
    },
    async credential(databaseId?: string) {
      count += 1;
      const names = { id: credentials.newId(), username: `login_${count}`, engineUsername: `login_${count}` };
      const made = await credentials.insert({ ...names, teamId, serverId, secretSealed: 'sealed', accessId: null });
      if (databaseId !== undefined) await credentials.grant(made, databaseId, 'owner');
      return made;
    },
    action(databaseId: string | null, change: Partial<NewAction> = {}) {
      const what = { kind: 'database_update' as const, engine: 'postgresql' as const, stepNames: ['a', 'b'] };
      const about = { teamId, serverId, databaseId, credentialId: null, requestedBy: null };
      return actions.insert({ ...what, ...about, ...change });
    },
  };
}
