// Every route of the native API with the scopes that open it and a body that it takes, and the things that they are asked
// about. For tests that try something on all of them.
import type { Scope, Secret } from '@berth/core';
import type { Team } from '@berth/store';
import request from 'supertest';
import { addServer, makeAccess, succeed, type TestApi } from '../../api.fixture';

type Method = 'get' | 'post' | 'patch' | 'delete';
const NOUNS = [
  ...(['database', 'credential', 'action', 'server', 'team', 'project'] as const),
  ...(['access', 'environment', 'plan', 'pool'] as const),
];
export type Noun = (typeof NOUNS)[number];

export interface Row {
  method: Method;
  path: string;
  /** Any of these opens it. */
  scopes: Scope[];
  /** What `:id` names; null for a list, or for what makes a new thing. */
  noun: Noun | null;
  /** It is nobody's: every team may see it. */
  isShared?: true;
  body?: object;
  query?: string;
  /** The refusal of an action that has succeeded: whoever reads it was let in. */
  opens?: string;
  /** It is asked of a database in quarantine. */
  isQuarantined?: true;
}

const keepers: Scope[] = ['admin', 'operator'];
export const read: Scope[] = ['public', 'operator'];
export const write: Scope[] = ['admin'];
export const operate: Scope[] = ['operator'];
const server = { name: 'srv', engine: 'postgresql', pool: 'first-pool', admin_url: 'postgres://a:b@new.example.org' };

const plan = { name: 'fresh', engine: 'postgresql', size_bytes_max: 2 ** 30, connections_max: 5 };
const pool = { name: 'fresh', engine: 'postgresql', environment: 'development' };
const access = { name: 'fresh', person: 'somebody@example.org', scopes: ['public'] };
const renamed = { name: 'renamed' };

/** The five routes of a noun that operators run. */
const crud = (noun: Noun, path: string, body: object, scopes: { read: Scope[]; isShared?: true }): Row[] => {
  const shared = scopes.isShared === true ? { isShared: true as const } : {};
  return [
    { method: 'get', path, scopes: scopes.read, noun: null },
    { method: 'post', path, scopes: operate, noun: null, body },
    { method: 'get', path: `${path}/:id`, scopes: scopes.read, noun, ...shared },
    { method: 'patch', path: `${path}/:id`, scopes: operate, noun, body: renamed },
    { method: 'delete', path: `${path}/:id`, scopes: operate, noun },
  ];
};

/** Every route of the native API; a test compares. */
export const TABLE: Row[] = [
  { method: 'get', path: '/engines', scopes: read, noun: null },
  { method: 'get', path: '/databases', scopes: read, noun: null },
  { method: 'post', path: '/databases', scopes: write, noun: null, body: { name: 'fresh' } },
  { method: 'get', path: '/databases/:id', scopes: read, noun: 'database' },
  { method: 'patch', path: '/databases/:id', scopes: write, noun: 'database', body: { labels: { tier: 'gold' } } },
  { method: 'delete', path: '/databases/:id', scopes: write, noun: 'database', query: '?purge=true' },
  { method: 'post', path: '/databases/:id/restore', scopes: keepers, noun: 'database', isQuarantined: true },
  {
    method: 'post',
    path: '/databases/:id/extend',
    scopes: keepers,
    noun: 'database',
    body: { days: 1 },
    isQuarantined: true,
  },
  { method: 'get', path: '/databases/:id/credentials', scopes: read, noun: 'database' },
  { method: 'post', path: '/databases/:id/credentials', scopes: write, noun: 'database' },
  { method: 'get', path: '/credentials/:id', scopes: read, noun: 'credential' },
  { method: 'delete', path: '/credentials/:id', scopes: write, noun: 'credential' },
  {
    method: 'post',
    path: '/credentials/:id/grants',
    scopes: write,
    noun: 'credential',
    body: { database: 'there', role: 'readonly' },
  },
  {
    method: 'delete',
    path: '/credentials/:id/grants/:database_id',
    scopes: write,
    noun: 'credential',
    opens: 'not_found', // it has no grant there
  },
  { method: 'post', path: '/credentials/:id/reset', scopes: write, noun: 'credential' },
  { method: 'get', path: '/actions', scopes: read, noun: null },
  { method: 'get', path: '/actions/:id', scopes: read, noun: 'action' },
  { method: 'post', path: '/actions/:id/cancel', scopes: keepers, noun: 'action', opens: 'not_cancellable' },
  { method: 'post', path: '/actions/:id/retry', scopes: keepers, noun: 'action', opens: 'contradicts' },
  { method: 'get', path: '/actions/:id/events', scopes: read, noun: 'action' },
  { method: 'get', path: '/events', scopes: read, noun: null },
  ...crud('team', '/teams', { name: 'fresh' }, { read: operate }),
  ...crud('project', '/projects', { name: 'fresh' }, { read }),
  ...crud('access', '/accesses', access, { read: operate }),
  { method: 'post', path: '/accesses/:id/rotate', scopes: operate, noun: 'access' },
  ...crud('environment', '/environments', { name: 'fresh' }, { read, isShared: true }),
  ...crud('plan', '/plans', plan, { read, isShared: true }),
  ...crud('pool', '/pools', pool, { read, isShared: true }),
  ...crud('server', '/servers', server, { read: operate }),
  { method: 'post', path: '/servers/:id/preflight', scopes: operate, noun: 'server' },
  { method: 'post', path: '/servers/:id/refresh', scopes: operate, noun: 'server' },
  { method: 'get', path: '/servers/:id/drift', scopes: operate, noun: 'server' },
  { method: 'post', path: '/servers/:id/drift', scopes: operate, noun: 'server' },
  { method: 'post', path: '/servers/:id/adopt', scopes: operate, noun: 'server', body: { engine_name: 'legacy' } },
  { method: 'get', path: '/audit', scopes: operate, noun: null },
];
/** Ids by noun. */
export type Things = Record<Noun, string>;

/** One of each noun for a team; nothing uses those that operators run. */
export async function furnish(api: TestApi, team: Team, name: string): Promise<Things> {
  const { token } = await makeAccess(api, { team, scopes: write });
  const answer = await request(api.app).post('/v1/databases').set(bearer(token)).send({ name });
  const { id: action, database_id: database, credential_id: credential } = answer.body.action;
  await succeed(api, action);
  return { action, database, credential, ...(await furnishOperated(api, team, `${name}-${team.name}`)) };
}

/** Things that nothing uses, so that each may be deleted. */
export async function furnishOperated(api: TestApi, team: Team, name: string) {
  const { store } = api.context;
  const environment = await store.environments.insert({ name, quarantine_days: null });
  const { pool_id } = await addServer(api.context, name, environment.id);
  const { data } = await store.servers.list({ poolId: pool_id }, { cursor: null, limit: 1 });
  const size = { size_bytes_max: 1n, connections_max: 1, quarantine_days: null };
  return {
    server: data[0]?.id ?? '',
    team: (await store.teams.insert({ name, database_quota: null })).id,
    project: (await store.projects.insert({ team_id: team.id, name })).id,
    access: (await makeAccess(api, { team, scopes: ['public'] })).access.id,
    environment: (await store.environments.insert({ name: `${name}-empty`, quarantine_days: null })).id,
    plan: (await store.plans.insert({ name, engine: 'postgresql', ...size }, [])).id,
    pool: (await store.pools.insert({ name, engine: 'postgresql', environment_id: environment.id })).id,
  };
}

export const bearer = (token: Secret | undefined) => ({ authorization: `Bearer ${token?.reveal() ?? ''}` });

/** The request of this row about the thing of this id; `databaseId` where a path names a database beside it. */
export function sendRow({ app }: TestApi, row: Row, id: string, databaseId: string, headers: Record<string, string>) {
  const path = `/v1${row.path.replace(':id', id).replace(':database_id', databaseId)}${row.query ?? ''}`;
  return request(app)[row.method](path).set(headers).send(row.body);
}

/** Its id where the row names one. */
export const idFor = (row: Row, ids: Things) => (row.noun === null ? '' : ids[row.noun]);
