// What must never be cannot be written, whatever the code does: for every constraint of ours a row that it refuses. The
// list is the store's own, so that a new constraint without a case fails here.
import { openTestStore, type TestStore } from '@berth/testing';
import { Client, DatabaseError } from 'pg';
import { good, type Row, STREET } from './schema-rows.fixture';

/** A row that is refused: the changes that make a good row of the table a bad one, given another good row beside it. */
type Case = [table: string, change: (other: Row) => Row];

let testStore: TestStore;
let client: Client;

beforeAll(async () => {
  testStore = await openTestStore();
  client = new Client({ connectionString: testStore.url });
  await client.connect();
  for (const [table, row] of STREET) await insert(table, row);
});
afterAll(async () => {
  await client?.end();
  await testStore?.close();
});

const RUNNING = { state: 'running', held_until: 'now', held_by: 'worker' };
const ENDED = { state: 'succeeded', ended_at: 'now' };
const DELETED = { state: 'deleted', deleted_at: 'now' };
const SESSION = { kind: 'session', login: null };
const SEALED = { secret_hash: null, previous_secret_hash: null, previous_until: null, secret_sealed: 's' };
const same =
  (...columns: string[]) =>
  (other: Row): Row =>
    Object.fromEntries(columns.map((name) => [name, other[name]]));
const put = (change: Row) => (): Row => change;

/** Keys made of a table's name: every table has them, or a key of another form among CASES. */
const WITH_NUMBER = [
  ...['teams', 'projects', 'environments', 'accesses', 'pools', 'plans', 'servers', 'databases', 'credentials'],
  ...['grants', 'actions', 'events', 'endpoints', 'deliveries', 'audit'],
];

const CASES: Record<string, Case[]> = {
  ...Object.fromEntries(WITH_NUMBER.map((table) => [`${table}_pkey`, [[table, same('id')]]])),
  ...Object.fromEntries(WITH_NUMBER.map((table) => [`${table}_number_key`, [[table, same('number')]]])),
  plan_environments_pkey: [['plan_environments', same('plan_id', 'environment_id')]],
  idempotency_keys_pkey: [['idempotency_keys', same('access_id', 'key')]],
  steps_pkey: [['steps', same('action_id', 'attempt', 'name')]],

  forgotten_events_pkey: [['forgotten_events', same('id')]],
  forgotten_events_one_row: [['forgotten_events', put({ id: 2 })]],
  held_credentials_pkey: [['held_credentials', same('credential_id')]],
  drifts_pkey: [['drifts', same('server_id')]],

  // references
  projects_team_id_fkey: [['projects', put({ team_id: 'nobody' })]],
  accesses_team_id_fkey: [['accesses', put({ team_id: 'nobody' })]],
  accesses_parent_id_fkey: [['accesses', put({ ...SESSION, parent_id: 'nobody' })]],
  pools_environment_id_fkey: [['pools', put({ environment_id: 'nobody' })]],
  plan_environments_plan_id_fkey: [['plan_environments', put({ plan_id: 'nobody' })]],
  plan_environments_environment_id_fkey: [['plan_environments', put({ environment_id: 'nobody' })]],
  servers_pool_id_fkey: [['servers', put({ pool_id: 'nobody' })]],
  databases_team_id_fkey: [['databases', put({ team_id: 'nobody' })]],
  databases_project_id_fkey: [['databases', put({ project_id: 'nobody' })]],
  databases_environment_id_fkey: [['databases', put({ environment_id: 'nobody' })]],
  databases_plan_id_fkey: [['databases', put({ plan_id: 'nobody' })]],
  databases_server_id_fkey: [['databases', put({ server_id: 'nobody' })]],
  drifts_server_id_fkey: [['drifts', put({ server_id: 'nobody' })]],
  credentials_team_id_fkey: [['credentials', put({ team_id: 'nobody' })]],
  credentials_server_id_fkey: [['credentials', put({ server_id: 'nobody' })]],
  held_credentials_credential_id_fkey: [['held_credentials', put({ credential_id: 'nobody' })]],
  held_credentials_action_id_fkey: [['held_credentials', put({ action_id: 'nothing' })]],
  grants_credential_id_fkey: [['grants', put({ credential_id: 'nobody' })]],
  grants_database_id_fkey: [['grants', put({ database_id: 'nobody' })]],
  actions_database_id_fkey: [['actions', put({ database_id: 'nobody' })]],
  actions_credential_id_fkey: [['actions', put({ credential_id: 'nobody' })]],
  actions_server_id_fkey: [['actions', put({ server_id: 'nobody' })]],
  actions_requested_by_fkey: [['actions', put({ requested_by: 'nobody' })]],
  idempotency_keys_access_id_fkey: [['idempotency_keys', put({ access_id: 'nobody' })]],
  steps_action_id_fkey: [['steps', put({ action_id: 'nobody' })]],
  deliveries_event_id_fkey: [['deliveries', put({ event_id: 'nobody' })]],
  deliveries_endpoint_id_fkey: [['deliveries', put({ endpoint_id: 'nobody' })]],

  // words
  pools_engine_known: [['pools', put({ engine: 'oracle' })]],
  plans_engine_known: [['plans', put({ engine: 'oracle' })]],
  servers_state_known: [['servers', put({ state: 'creating' })]],
  servers_tls_known: [['servers', put({ tls: 'prefer' })]],
  servers_ca_heeded: [['servers', put({ tls: 'require', ca_certificate: 'pem' })]],
  servers_port_valid: [
    ['servers', put({ port: 0 })],
    ['servers', put({ port: 65_536 })],
  ],
  databases_state_known: [['databases', put({ state: 'deleting' })]],
  databases_owner_login_known: [['databases', put({ owner_login: 'yes' })]],
  credentials_state_known: [['credentials', put({ state: 'resetting' })]],
  grants_pending_role_known: [['grants', put({ pending_role: 'superuser' })]],
  grants_role_known: [['grants', put({ role: 'superuser' })]],
  accesses_kind_known: [['accesses', put({ kind: 'password' })]],
  accesses_scopes_known: [
    ['accesses', put({ scopes: ['public', 'root'] })],
    ['accesses', put({ scopes: [null] })],
  ],
  accesses_one_secret: [
    ['accesses', put({ secret_sealed: 's' })],
    ['accesses', put({ secret_hash: null })],
  ],
  accesses_secret_of_kind: [
    ['accesses', put({ kind: 'cosmos_key' })],
    ['accesses', put({ kind: 'jwt_signer' })],
    ['accesses', put({ ...SEALED, kind: 'bearer' })],
    ['accesses', put({ ...SEALED, kind: 'session' })],
  ],
  accesses_parent_of_session: [
    ['accesses', put({ parent_id: 'access' })],
    ['accesses', put({ ...SEALED, kind: 'cosmos_key', parent_id: 'access' })],
  ],
  actions_engine_known: [['actions', put({ engine: 'oracle' })]],
  actions_state_known: [['actions', put({ state: 'waiting' })]],
  actions_kind_known: [['actions', put({ kind: 'database_backup' })]],
  actions_subject: [
    ['actions', put({ database_id: null })],
    ['actions', put({ kind: 'credential_reset' })],
    ['actions', put({ kind: 'grant_create' })],
    ['actions', put({ kind: 'grant_create', credential_id: 'credential', database_id: null })],
    ['actions', put({ kind: 'server_preflight' })],
    ['actions', put({ kind: 'server_drift', database_id: null, credential_id: 'credential' })],
  ],
  audit_outcome_known: [['audit', put({ outcome: 'tried' })]],
  audit_refused_has_code: [
    ['audit', put({ outcome: 'refused' })],
    ['audit', put({ error_code: 'protected' })],
  ],
  steps_state_known: [['steps', put({ state: 'running' })]],
  deliveries_state_known: [['deliveries', put({ state: 'sent' })]],

  // what holds in each state
  actions_running_is_held: [
    ['actions', put({ state: 'running' })],
    ['actions', put({ ...RUNNING, held_by: null })],
    ['actions', put({ ...RUNNING, held_until: null })],
    ['actions', put({ ...RUNNING, state: 'queued' })],
  ],
  actions_ended_has_time: [
    ['actions', put({ ...ENDED, ended_at: null })],
    ['actions', put({ ...ENDED, state: 'queued' })],
    ['actions', put({ state: 'cancelled' })],
  ],
  actions_failed_has_reason: [
    ['actions', put({ ...ENDED, state: 'failed' })],
    ['actions', put({ ...ENDED, state: 'failed', error_code: 'internal' })],
    ['actions', put({ ...ENDED, error_code: 'internal', error_message: 'm' })],
  ],
  actions_counters: [
    ['actions', put({ claim: -1 })],
    ['actions', put({ failures: -1 })],
    ['actions', put({ nudges: -1 })],
  ],
  actions_unreached_range: [
    ['actions', put({ unreached: -1 })],
    ['actions', put({ claim: 1, unreached: 2 })],
  ],
  databases_deleted_has_time: [
    ['databases', put({ ...DELETED, deleted_at: null })],
    ['databases', put({ deleted_at: 'now' })],
  ],
  databases_quarantined_has_time: [
    ['databases', put({ state: 'quarantined', purge_after: 'now' })],
    ['databases', put({ quarantined_at: 'now' })],
  ],
  databases_purge_after_quarantine: [
    ['databases', put({ state: 'quarantined', quarantined_at: 'now' })],
    ['databases', put({ purge_after: 'now' })],
  ],
  credentials_deleted_has_time: [
    ['credentials', put({ ...DELETED, deleted_at: null, secret_sealed: null })],
    ['credentials', put({ deleted_at: 'now' })],
  ],
  credentials_deleted_keeps_no_secret: [
    ['credentials', put(DELETED)],
    ['credentials', put({ secret_sealed: null })],
  ],
  credentials_deleted_has_no_pending: [
    ['credentials', put({ ...DELETED, secret_sealed: null, pending_secret_sealed: 's' })],
  ],
  plans_limits: [
    ['plans', put({ size_bytes_max: 0 })],
    ['plans', put({ connections_max: 0 })],
  ],
  plans_quarantine_days: [
    ['plans', put({ quarantine_days: -1 })],
    ['plans', put({ quarantine_days: 3651 })],
  ],
  environments_quarantine_days: [['environments', put({ quarantine_days: -1 })]],
  pools_headroom: [
    ['pools', put({ headroom_percent: -1 })],
    ['pools', put({ headroom_percent: 91 })],
  ],
  pools_overcommit: [['pools', put({ connections_overcommit: 0 })]],
  accesses_previous_ends: [
    ['accesses', put({ previous_until: null })],
    ['accesses', put({ previous_secret_hash: null })],
  ],
  teams_quota: [['teams', put({ database_quota: -1 })]],

  // names
  teams_name_free: [['teams', same('name')]],
  projects_name_free: [['projects', same('name')]],
  environments_name_free: [['environments', same('name')]],
  pools_name_free: [['pools', same('name')]],
  plans_name_free: [['plans', same('name')]],
  servers_name_free: [['servers', same('name')]],
  servers_address_free: [['servers', same('host', 'port')]],
  servers_identity_free: [['servers', same('identity')]],
  accesses_secret_hash_key: [['accesses', same('secret_hash')]],
  accesses_previous_secret_hash_key: [['accesses', same('previous_secret_hash', 'previous_until')]],
  accesses_login_free: [['accesses', same('login')]],
  databases_name_free: [['databases', same('name')]],
  databases_engine_name_free: [['databases', same('engine_name')]],
  databases_external_id_free: [['databases', same('external_id')]],
  credentials_username_free: [['credentials', same('username')]],
  credentials_engine_username_free: [['credentials', same('engine_username')]],
  credentials_external_id_free: [['credentials', same('external_id')]],
  grants_one_per_pair: [['grants', same('credential_id', 'database_id')]],
  deliveries_event_id_endpoint_id_key: [['deliveries', same('event_id', 'endpoint_id')]],

  // what stays together
  servers_pool_same_engine: [['servers', put({ pool_id: 'pool_mysql' })]],
  databases_project_same_team: [['databases', put({ project_id: 'project_other' })]],
  databases_plan_same_engine: [['databases', put({ plan_id: 'plan_mysql' })]],
  databases_pending_plan_same_engine: [['databases', put({ pending_plan_id: 'plan_mysql' })]],
  databases_server_same_engine: [['databases', put({ server_id: 'server_mysql' })]],
  grants_database_same_server: [['grants', put({ server_id: 'server_other', credential_id: 'credential_elsewhere' })]],
  grants_credential_same_server: [['grants', put({ credential_id: 'credential_elsewhere' })]],
  accesses_project_same_team: [['accesses', put({ limit_project_id: 'project_other' })]],

  // one at a time
  actions_one_running_per_database: [['actions', () => ({ ...RUNNING })]],
  actions_one_running_per_credential: [
    ['actions', () => ({ ...RUNNING, kind: 'credential_reset', credential_id: 'credential', database_id: null })],
  ],
  actions_one_per_server_and_kind: [['actions', () => ({ kind: 'server_refresh', database_id: null })]],
  actions_one_delete_per_database: [['actions', () => ({ kind: 'database_delete' })]],
  actions_one_delete_per_credential: [
    ['actions', () => ({ kind: 'credential_delete', credential_id: 'credential', database_id: null })],
  ],
};

/** What the first of two rows must be as well for the second to be one too many. */
const BOTH = /^actions_one_/;

/** Targets of composite references: they hold `id`, so that the primary key always refuses first. */
const IMPLIED = [
  'credentials_of_team_and_server',
  'databases_of_team_and_server',
  'plans_of_engine',
  'pools_of_engine',
  'projects_of_team',
  'servers_of_engine',
];

async function insert(table: string, row: Row): Promise<Row> {
  const columns = Object.keys(row);
  const text = `INSERT INTO ${table} (${columns.map((name) => `"${name}"`).join(', ')})
    VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')}) RETURNING *`;
  const { rows } = await client.query<Row>(text, Object.values(row));
  return rows[0] ?? {};
}

test.each(
  Object.entries(CASES).flatMap(([name, cases]) => cases.map((each, index) => [name, index, ...each] as const)),
)('%s refuses its row %i', async (name, _, table, change) => {
  await client.query('BEGIN');
  try {
    const first = await insert(table, { ...good(table), ...(BOTH.test(name) ? change({}) : {}) });
    const second = { ...good(table), ...change(first) };
    const error = await insert(table, second).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(DatabaseError);
    expect(error).toMatchObject({ constraint: name });
  } finally {
    await client.query('ROLLBACK');
  }
});

interface Named {
  name: string;
}

test('no constraint is without a case, and no case without its constraint', async () => {
  const { rows } = await client.query<Named>(`
    SELECT conname AS name FROM pg_constraint
      WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')
        AND conrelid <> '_prisma_migrations'::regclass
    UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
      WHERE relnamespace = 'public'::regnamespace AND indisunique AND indrelid <> '_prisma_migrations'::regclass`);
  expect(rows.map((row) => row.name).sort()).toEqual([...Object.keys(CASES), ...IMPLIED].sort());
});

test('the constraints without a case hold the primary key, which refuses first', async () => {
  const { rows } = await client.query<Named>(
    `SELECT conname AS name FROM pg_constraint WHERE conname = ANY($1) AND pg_get_constraintdef(oid) LIKE 'UNIQUE (id, %'`,
    [IMPLIED],
  );
  expect(rows.map((row) => row.name).sort()).toEqual(IMPLIED);
});

test('each good row is taken, so that a refusal above is for its constraint alone', async () => {
  for (const table of new Set(Object.values(CASES).flatMap((cases) => cases.map(([name]) => name)))) {
    await client.query('BEGIN');
    await insert(table, good(table));
    if (table !== 'forgotten_events') await insert(table, good(table)); // it has one row
    await client.query('ROLLBACK');
  }
});
