// Fills a store as years of use would, in one go, for benchmarks and for tests of query plans: set-based SQL, every
// constraint held. Not part of any process.
import type { Secret } from '@berth/core';
import { Client } from 'pg';

export interface Filling {
  databases: number;
  /** Ended actions, each with two steps and two events. */
  endedActions: number;
  /** Queued actions, each on a database of its own. As many as `databases` / 2 at most. */
  queuedActions: number;
  /** Off for a fill that a smaller one has shown to be right: without it references are not looked up, and indexes made last. */
  checksReferences: boolean;
  /** A sealed text for every login; it must be under a key that the processes have. */
  sealed: string;
}

const TEAMS = 50;
const SERVERS = 10;
const DAYS = 90;

/** A store with all migrations and without such rows. Leaves it analysed, as autovacuum would. */
export async function fillStore(url: Secret, filling: Filling): Promise<void> {
  const client = new Client({ connectionString: url.reveal(), application_name: 'berth fill' });
  await client.connect();
  try {
    await client.query("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'; SET work_mem = '64MB'");
    if (!filling.checksReferences) await client.query('SET session_replication_role = replica');
    const indexes = filling.checksReferences ? [] : await dropIndexes(client);
    for (const statement of [...statementsOf(filling), ...indexes]) await client.query(statement);
    await client.query('VACUUM (ANALYZE)');
  } finally {
    await client.end();
  }
}

/** Takes away every index that is no constraint, and returns the statements that make them again: in one go that is sooner. */
async function dropIndexes(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string; sql: string }>(`
    SELECT quote_ident(indexname) AS name, indexdef AS sql FROM pg_indexes
    WHERE schemaname = 'public' AND indexname NOT IN (SELECT conname FROM pg_constraint) AND tablename NOT LIKE '\\_%'`);
  for (const { name } of rows) await client.query(`DROP INDEX ${name}`);
  return rows.map(({ sql }) => sql);
}

/** Ids in the form of ours, in the order of `number`, with chance at the end. */
function id(prefix: string, number: string): string {
  return `'${prefix}_01' || lpad(to_hex(${number}), 10, '0') || substr(md5('${prefix}' || ${number}), 1, 14)`;
}

const team = (n: string) => id('team', `(1 + ${n} % ${TEAMS})`);
const server = (n: string) => id('srv', `(1 + ${n} % ${SERVERS})`);
const access = id('acc', `(1 + (n - 1) % ${TEAMS})`);
const environment = (n: string) => id('env', `(1 + ${n} % 2)`);
/** One database of ten is a tombstone, some failed, some are in quarantine. */
const STATE = `CASE WHEN n % 10 = 3 THEN 'deleted' WHEN n % 101 = 0 THEN 'quarantined' WHEN n % 97 = 0 THEN 'failed'
  ELSE 'available' END`;

/** What each team's login opened; one in three is over. */
const SESSIONS = 40;
/** That requests are signed with, in all. */
const KEYS = 5;

function statementsOf(filling: Filling): string[] {
  return [...placeOf(filling), ...thingsOf(filling), ...actionsOf(filling), ...recordsOf(filling)];
}

/** Where things are: teams with two projects, an access and a login with its sessions, a few keys, environments with a pool each, plans, servers. */
function placeOf({ sealed }: Filling): string[] {
  return [
    `INSERT INTO teams (id, name) SELECT ${id('team', 'n')}, 'grown-' || n FROM generate_series(1, ${TEAMS}) n`,
    `INSERT INTO projects (id, team_id, name) SELECT ${id('proj', 'n')}, ${team('n')}, 'grown-' || n
      FROM generate_series(1, ${2 * TEAMS}) n`,
    `INSERT INTO environments (id, name) SELECT ${id('env', 'n')}, 'grown-' || n FROM generate_series(1, 2) n`,
    `INSERT INTO accesses (id, team_id, kind, name, person, secret_hash, scopes)
      SELECT ${id('acc', 'n')}, ${team('n')}, 'bearer', 'grown', 'grown@example.org', 'grown-' || n, '{public,admin}'
      FROM generate_series(1, ${TEAMS}) n`,
    `INSERT INTO accesses (id, team_id, kind, name, person, login, secret_hash, scopes)
      SELECT ${id('acc', `(${TEAMS} + n)`)}, ${team('n')}, 'basic', 'grown', 'grown@example.org', 'grown-' || n,
        'login-' || n, '{public}' FROM generate_series(1, ${TEAMS}) n`,
    `INSERT INTO accesses (id, team_id, kind, name, person, parent_id, secret_hash, scopes, created_at, revoked_at)
      SELECT ${id('acc', `(${2 * TEAMS} + n)`)}, ${team(`(1 + n % ${TEAMS})`)}, 'session', 'grown', 'grown@example.org',
        ${id('acc', `(${TEAMS + 1} + n % ${TEAMS})`)}, 'session-' || n, '{public}', now() - interval '20 days',
        CASE WHEN n % 3 = 0 THEN now() - interval '1 hour' END FROM generate_series(1, ${SESSIONS * TEAMS}) n`,
    `INSERT INTO accesses (id, team_id, kind, name, person, secret_sealed, scopes)
      SELECT ${id('acc', `(${(2 + SESSIONS) * TEAMS} + n)`)}, ${team('n')}, 'cosmos_key', 'grown', 'grown@example.org',
        '${sealed}', '{public}' FROM generate_series(1, ${KEYS}) n`,
    `INSERT INTO pools (id, name, engine, environment_id)
      SELECT ${id('pool', 'n')}, 'grown-' || n, 'postgresql', ${environment('n')} FROM generate_series(1, 2) n`,
    `INSERT INTO plans (id, name, engine, size_bytes_max, connections_max)
      SELECT ${id('plan', 'n')}, 'grown-' || n, 'postgresql', n * 1000000, n * 5 FROM generate_series(1, 3) n`,
    `INSERT INTO servers (id, name, engine, pool_id, host, port, admin_sealed, state, identity, version, connections_max,
        checked_at)
      SELECT ${id('srv', 'n')}, 'grown-' || n, 'postgresql', ${id('pool', '(1 + n % 2)')}, 'grown-' || n || '.example.org',
        5432, 'grown', 'active', 'grown-' || n, '18', 1000000000, now() FROM generate_series(1, ${SERVERS}) n`,
  ];
}

/** Each database with a login of its own. */
function thingsOf({ databases, sealed }: Filling): string[] {
  const made = `now() - interval '${DAYS} days' * (1 - n / ${databases}::float8)`;
  const gone = (column: string) => `CASE WHEN n % 10 = 3 THEN now() - interval '1 day' END AS ${column}`;
  return [
    `INSERT INTO databases (id, team_id, project_id, environment_id, plan_id, server_id, engine, name, engine_name, state,
        access_id, size_bytes, charset, "collation", measured_at, created_at, quarantined_at, purge_after,
        delete_accepted_at, deleted_at)
      SELECT ${id('db', 'n')}, ${team('n')}, ${id('proj', `(1 + (n - 1) % ${2 * TEAMS})`)}, ${environment('n')},
        ${id('plan', '(1 + n % 3)')}, ${server('n')}, 'postgresql', 'grown_' || n, 'grown_' || n, ${STATE},
        ${access}, 8000000 + n, 'UTF8', 'C.UTF-8', ${made}, ${made},
        CASE WHEN ${STATE} = 'quarantined' THEN now() END, CASE WHEN ${STATE} = 'quarantined' THEN now() + interval '7 days' END,
        ${gone('accepted')}, ${gone('gone')} FROM generate_series(1, ${databases}) n`,
    `INSERT INTO credentials (id, team_id, server_id, username, engine_username, state, secret_sealed, access_id, created_at,
        delete_accepted_at, deleted_at)
      SELECT ${id('cred', 'n')}, ${team('n')}, ${server('n')}, 'grown_' || n, 'grown_' || n,
        CASE WHEN n % 10 = 3 THEN 'deleted' ELSE 'active' END, CASE WHEN n % 10 <> 3 THEN '${sealed}' END,
        ${access}, ${made}, ${gone('accepted')}, ${gone('gone')} FROM generate_series(1, ${databases}) n`,
    `INSERT INTO grants (id, team_id, server_id, credential_id, database_id, role, created_at, revoked_at)
      SELECT ${id('grant', 'n')}, ${team('n')}, ${server('n')}, ${id('cred', 'n')}, ${id('db', 'n')}, 'owner', ${made},
        ${gone('revoked')} FROM generate_series(1, ${databases}) n`,
  ];
}

/** Creates first, then what is done to databases and logins; one in fifty failed, one in two hundred is a look at a server. */
function actionsOf({ databases, endedActions, queuedActions }: Filling): string[] {
  const columns = `id, kind, state, engine, team_id, database_id, credential_id, server_id, step_names, claim, nudged_at,
    requested_by, error_code, error_message, created_at, started_at, ended_at`;
  const made = `now() - interval '${DAYS} days' * (1 - i / ${endedActions + 1}::float8)`;
  const round = `(i - 1) / ${databases}`;
  return [
    `INSERT INTO actions (${columns})
      SELECT ${id('act', 'i')}, kind, state, 'postgresql', CASE WHEN kind <> 'server_refresh' THEN ${team('n')} END,
        CASE WHEN kind IN ('database_create', 'database_update', 'grant_create') THEN ${id('db', 'n')} END,
        CASE WHEN kind IN ('database_create', 'credential_reset', 'grant_create') THEN ${id('cred', 'n')} END, ${server('n')},
        '{a_step,b_step}', 1, made, ${access}, CASE WHEN state = 'failed' THEN 'engine_refused' END,
        CASE WHEN state = 'failed' THEN 'refused' END, made, made, made + interval '1 second'
      FROM (SELECT i, 1 + (i - 1) % ${databases} AS n, ${made} AS made,
          CASE WHEN i % 50 = 7 THEN 'failed' ELSE 'succeeded' END AS state,
          CASE WHEN i % 200 = 9 THEN 'server_refresh' WHEN ${round} = 0 THEN 'database_create'
            WHEN ${round} % 3 = 1 THEN 'credential_reset' WHEN ${round} % 3 = 2 THEN 'database_update'
            ELSE 'grant_create' END AS kind
        FROM generate_series(1, ${endedActions}) i) each ORDER BY i`,
    `INSERT INTO actions (${columns})
      SELECT ${id('act', `(${endedActions} + i)`)}, 'database_update', 'queued', 'postgresql', team_id, id, NULL, server_id,
        '{a_step,b_step}', 0, now(), access_id, NULL, NULL, now(), NULL, NULL
      FROM (SELECT row_number() OVER (ORDER BY number) AS i, * FROM databases WHERE state = 'available') each
      WHERE i <= ${queuedActions} ORDER BY i`,
  ];
}

/** What was done, step by step, what was told of it and to whom. */
function recordsOf({ endedActions, sealed }: Filling): string[] {
  return [
    `INSERT INTO steps (action_id, attempt, name, state, started_at, ended_at, evidence)
      SELECT id, 1, name, 'succeeded', started_at, ended_at, '{"name":"grown"}' FROM actions
        CROSS JOIN (VALUES ('a_step'), ('b_step')) step (name) WHERE ended_at IS NOT NULL`,
    // of many transactions, as in use; this one alone would tell the planner that nothing comes after it
    `INSERT INTO events (id, xid, type, team_id, database_id, credential_id, server_id, action_id, data, created_at, fanned_out_at)
      SELECT ${id('evt', '(2 * number + place)')}, (1 + 500 * number::bigint / ${endedActions + 1})::text::xid8, type, team_id,
        database_id, credential_id, server_id, id,
        jsonb_build_object('kind', kind, 'attempt', claim, 'hidden', false), ended_at, now()
      FROM actions CROSS JOIN (VALUES (0, 'action.queued'), (1, 'action.succeeded')) event (place, type)
      WHERE ended_at IS NOT NULL ORDER BY actions.number, place`,
    `INSERT INTO endpoints (id, team_id, url, secret_sealed) SELECT ${id('end', 'n')}, ${team('n')}, 'https://example.org',
      '${sealed}' FROM generate_series(1, ${TEAMS}) n`,
    `INSERT INTO deliveries (id, event_id, endpoint_id, state, attempts, answer_status, created_at, ended_at)
      SELECT ${id('del', 'events.number')}, events.id, endpoints.id, 'succeeded', 1, 200, events.created_at, events.created_at
      FROM events JOIN endpoints USING (team_id) WHERE events.number % 10 = 1`,
    `INSERT INTO audit (id, deed, outcome, access_id, person, team_id, subject_id, action_id, after, created_at)
      SELECT ${id('aud', 'number')}, kind, 'done', requested_by, 'grown@example.org', team_id,
        coalesce(credential_id, database_id), id, '{"name":"grown"}', created_at
      FROM actions WHERE number % 4 = 0 ORDER BY number`,
    `INSERT INTO idempotency_keys (access_id, key, fingerprint, action_id, created_at)
      SELECT requested_by, 'grown-' || number, 'grown', id, now() - interval '1 second' * (number % 80000)
      FROM actions WHERE number > ${endedActions - Math.ceil(endedActions / 10)}`,
  ];
}
