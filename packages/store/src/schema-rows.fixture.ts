// Good rows of every table, for the test that makes each bad in one way.

export type Row = Record<string, unknown>;

let count = 0;
/** What core's catalogue says an event of a server holds. */
const SERVER_DATA = JSON.stringify({ name: 'server', engine: 'postgresql', state: 'unchecked' });

/** What stands in the store before each case. */
export const STREET: [string, Row][] = [
  ['teams', { id: 'team', name: 'team' }],
  ['teams', { id: 'team_other', name: 'other' }],
  ['projects', { id: 'project', team_id: 'team', name: 'p' }],
  ['projects', { id: 'project_other', team_id: 'team_other', name: 'p' }],
  ['environments', { id: 'environment', name: 'e' }],
  ['environments', { id: 'environment_other', name: 'e2' }],
  ['pools', { id: 'pool', name: 'pool', engine: 'postgresql', environment_id: 'environment' }],
  ['pools', { id: 'pool_mysql', name: 'pool_mysql', engine: 'mysql', environment_id: 'environment' }],
  ['plans', { id: 'plan', name: 'plan', engine: 'postgresql', size_bytes_max: 1, connections_max: 1 }],
  ['plans', { id: 'plan_mysql', name: 'plan', engine: 'mysql', size_bytes_max: 1, connections_max: 1 }],
  ['servers', server('server', 'postgresql', 'pool')],
  ['servers', server('server_other', 'postgresql', 'pool')],
  ['servers', server('server_mysql', 'mysql', 'pool_mysql')],
  ['accesses', { id: 'access', team_id: 'team', kind: 'bearer', name: 'a', person: 'p', secret_hash: 'h' }],
  ['databases', database('database')],
  ['databases', database('database_second')],
  ['credentials', credential('credential', 'server')],
  ['credentials', credential('credential_elsewhere', 'server_other')],
  [
    'actions',
    { id: 'action', kind: 'database_create', engine: 'postgresql', database_id: 'database', server_id: 'server' },
  ],
  ['events', { id: 'event', type: 'server.registered', server_id: 'server', data: SERVER_DATA }],
  ['endpoints', { id: 'endpoint', team_id: 'team', url: 'https://example.org', secret_sealed: 's' }],
  ['endpoints', { id: 'endpoint_other', team_id: 'team', url: 'https://example.org', secret_sealed: 's' }],
];

function server(id: string, engine: string, pool: string): Row {
  return { id, name: id, engine, pool_id: pool, host: id, port: 5432, admin_sealed: 's', identity: id };
}

function database(id: string): Row {
  const place = { team_id: 'team', project_id: 'project', environment_id: 'environment', server_id: 'server' };
  return {
    id,
    ...place,
    plan_id: 'plan',
    engine: 'postgresql',
    name: id,
    engine_name: id,
    access_id: 'access',
    external_id: id,
  };
}

function credential(id: string, serverId: string): Row {
  const place = { team_id: 'team', server_id: serverId };
  return { id, ...place, username: id, engine_username: id, secret_sealed: 's', access_id: 'access', external_id: id };
}

/** A row that the store takes, each time another one. Throws for a table that it does not know. */
export function good(table: string): Row {
  count += 1;
  const row = ROWS[table];
  if (row === undefined) throw new Error(`There is no good row of ${table}: add one here.`);
  return row(`${table}_${count}`);
}

/** One of two, in turn. */
const oneOf = (first: string, second: string) => (count % 2 === 0 ? first : second);

const ROWS: Record<string, (id: string) => Row> = {
  teams: (id) => ({ id, name: id }),
  environments: (id) => ({ id, name: id }),
  projects: (id) => ({ id, team_id: 'team', name: id }),
  accesses: (id) => {
    const secrets = { secret_hash: id, previous_secret_hash: `${id}_before`, previous_until: 'now', login: id };
    return { id, team_id: 'team', kind: 'bearer', name: id, person: 'p', ...secrets, scopes: ['public'] };
  },
  pools: (id) => ({ id, name: id, engine: 'postgresql', environment_id: 'environment' }),
  plans: (id) => ({ id, name: id, engine: 'postgresql', size_bytes_max: 1, connections_max: 1 }),
  forgotten_events: () => ({ id: 1, xid: '1', number: 1 }),
  plan_environments: () => ({ plan_id: 'plan', environment_id: oneOf('environment', 'environment_other') }),
  servers: (id) => server(id, 'postgresql', 'pool'),
  drifts: (id) => ({ server_id: oneOf('server', 'server_other'), action_id: id, findings: '{}' }),
  databases: database,
  credentials: (id) => credential(id, 'server'),
  grants: (id) => {
    const databaseId = oneOf('database', 'database_second');
    const place = { team_id: 'team', server_id: 'server' };
    return { id, ...place, credential_id: 'credential', database_id: databaseId, role: 'owner' };
  },
  actions: (id) => ({
    id,
    kind: 'database_update',
    engine: 'postgresql',
    database_id: 'database',
    server_id: 'server',
  }),
  held_credentials: () => ({ credential_id: oneOf('credential', 'credential_elsewhere'), action_id: 'action' }),
  steps: () => {
    const times = { started_at: 'now', ended_at: 'now' };
    return { action_id: 'action', attempt: count, name: 'a_step', state: 'succeeded', ...times };
  },
  events: (id) => ({ id, type: 'server.registered', server_id: 'server', data: SERVER_DATA }),
  endpoints: (id) => ({ id, team_id: 'team', url: 'https://example.org', secret_sealed: 's' }),
  deliveries: (id) => ({ id, event_id: 'event', endpoint_id: oneOf('endpoint', 'endpoint_other') }),
  idempotency_keys: (id) => ({ access_id: 'access', key: id, fingerprint: 'f' }),
  audit: (id) => ({ id, deed: 'database_create', outcome: 'done' }),
};
