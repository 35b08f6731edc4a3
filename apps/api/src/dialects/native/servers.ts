// Servers: registered and run by operators, and looked at before anything is placed on them. Admin access goes in and never out.
import { deleteServer, serverPreflight, serverRefresh, showServer, updateServer } from '@berth/actions';
import { PlatformError, SERVER_STATES, Secret, unknownReference } from '@berth/core';
import type { Store } from '@berth/store';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { requestAndAnswer } from './accepted';
import { OPERATE } from './authenticate';
import { changed, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import {
  changeOf,
  fixed,
  newName,
  nothing,
  ofName,
  ofThe,
  pageOf,
  pageQuery,
  reference,
  showPage,
  sizeBytes,
} from './fields';
import { environmentIdOf, getServer, idOfPath } from './reach';
import { accepts, acceptsOrShows, isGone, lists, shows } from './shapes/answers';
import { serverShape } from './shapes/operated';

const ADMIN_URL_LENGTH_MAX = 2_000;

const adminUrl = z
  .string()
  .max(ADMIN_URL_LENGTH_MAX, `may have ${ADMIN_URL_LENGTH_MAX} characters`)
  .transform((url) => new Secret(url))
  .describe(
    '`postgres://user:password@host:5432?sslmode=verify-full`. It goes in and never comes out. Without `sslmode` the ' +
      'connection is not encrypted; `require` encrypts it and looks at no certificate.',
  );

const CA_LENGTH_MAX = 64 * 1024;

const caCertificate = z
  .string()
  .max(CA_LENGTH_MAX, `may have ${CA_LENGTH_MAX} characters`)
  .nullable()
  .describe(
    'The certificate of the CA that signed the server’s, as PEM, or several while one follows another: the server’s is then ' +
      'verified by these and no others. For `verify-full` alone. Null: by those that Node.js knows.',
  );

/** Which of them an engine may have open is the engine's to say. */
const openDatabases = z
  .array(reference)
  .max(10)
  .describe("The server's own databases that may stay open to all its logins, where nobody can shut them.");

const newServer = z.strictObject({
  name: newName,
  engine: reference,
  pool: reference,
  admin_url: adminUrl,
  ca_certificate: caCertificate.exactOptional(),
  open_databases: openDatabases.exactOptional(),
  size_bytes_max: sizeBytes.exactOptional(),
});

const OPERATED_STATES = ['active', 'draining', 'offline'] as const;

const serverChange = changeOf({
  name: newName.exactOptional(),
  engine: fixed('register it as another server'),
  pool: reference.exactOptional(),
  size_bytes_max: sizeBytes.nullable().exactOptional(),
  state: z.enum(OPERATED_STATES).exactOptional(),
  admin_url: adminUrl.exactOptional(),
  ca_certificate: caCertificate.exactOptional(),
  open_databases: openDatabases.exactOptional(),
});

/** What a preflight tries before it counts. */
const TRIED = ['admin_url', 'ca_certificate', 'open_databases'];

const listQuery = z.strictObject({
  ...pageQuery,
  engine: ofThe('engine'),
  name: ofName,
  state: z.enum(SERVER_STATES).exactOptional().describe('Only those in this state.'),
  pool: ofThe('pool'),
  environment: ofThe('environment'),
});

const about = { tag: 'Servers', noun: 'server', scopes: OPERATE } as const;
const accepted = accepts('server_preflight', { server: serverShape });

export const serverEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/servers',
    id: 'listServers',
    summary: 'List servers',
    query: listQuery,
    answers: lists(serverShape),
    errors: ['unknown_reference'],
    handle: listServers,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/servers',
    id: 'registerServer',
    summary: 'Register a server',
    description:
      'A preflight looks at what its admin login may do; until it succeeds nothing is placed there. The hosts of the ' +
      'examples are nobody’s: put your own.',
    body: newServer,
    isWaitedFor: true,
    answers: accepted,
    errors: ['name_taken', 'unknown_reference', 'disagree'],
    examples: {
      'with its admin login': {
        body: {
          name: 'pg-1',
          engine: 'postgresql',
          pool: 'postgresql-development',
          admin_url: 'postgres://admin:password@pg-1.example.org:5432?sslmode=verify-full',
        },
      },
    },
    handle: registerServer,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/servers/:id',
    id: 'getServer',
    summary: 'Show a server',
    answers: shows(serverShape),
    handle: showServerOf,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/servers/:id',
    id: 'updateServer',
    summary: 'Change a server, drain it, take it offline',
    description:
      'At once; but another `admin_url` or `ca_certificate`, or other `open_databases`, are tried by a preflight first, and answered like a ' +
      'registration.',
    body: serverChange,
    isWaitedFor: true,
    answers: acceptsOrShows(serverShape, accepted),
    errors: ['name_taken', 'unknown_reference', 'disagree', 'contradicts', 'in_use'],
    examples: {
      drained: { body: { state: 'draining' }, status: 200 },
      'what nobody can shut': { body: { open_databases: ['template1'] } },
      'another admin login': {
        body: { admin_url: 'postgres://admin:another@pg-1.example.org:5432?sslmode=verify-full' },
      },
    },
    handle: changeServer,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/servers/:id',
    id: 'deleteServer',
    summary: 'Take out a server that holds nothing',
    answers: isGone,
    errors: ['in_use', 'contradicts'],
    handle: removeServer,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/servers/:id/preflight',
    id: 'preflightServer',
    summary: 'Look again at what the admin login may do',
    body: nothing,
    isWaitedFor: true,
    answers: accepted,
    errors: ['contradicts'],
    handle: preflightServer,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/servers/:id/refresh',
    id: 'refreshServer',
    summary: 'Look again at what its databases hold',
    description:
      'Sizes, logins and sessions of all of them at once. Maintenance asks for it again and again ' +
      '(`BERTH_REFRESH_INTERVAL_MINUTES`); whoever asks while it is under way joins it.',
    body: nothing,
    isWaitedFor: true,
    answers: accepts('server_refresh', { server: serverShape }),
    handle: refreshServer,
  }),
];

async function listServers(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, environment, limit, pool, ...asked } = call.query;
  const filter = {
    ...asked,
    ...(pool !== undefined && { poolId: await poolIdOf(api.store, pool) }),
    ...(environment !== undefined && { environmentId: await environmentIdOf(api.store, call.caller, environment) }),
  };
  call.response.json(showPage(await api.store.servers.list(filter, pageOf({ cursor, limit })), showServer));
}

async function registerServer(api: ApiContext, call: AskedWith<typeof newServer>): Promise<void> {
  const asked = call.body;
  const register = {
    name: asked.name,
    engine: asked.engine,
    pool: asked.pool,
    adminUrl: asked.admin_url,
    ...(asked.ca_certificate !== undefined && { caCertificate: asked.ca_certificate }),
    ...(asked.open_databases !== undefined && { openDatabases: asked.open_databases }),
    sizeBytesMax: asked.size_bytes_max ?? null,
  };
  await requestAndAnswer(api, call, serverPreflight, { register }, (action) => showFresh(api, action.server_id));
}

async function showServerOf(api: ApiContext, call: Asked): Promise<void> {
  call.response.json(showServer(await getServer(api.store, call.request.params.id)));
}

/** At once; but another admin login or CA, or other open databases, are tried by a preflight, and answered like a registration. */
async function changeServer(api: ApiContext, call: AskedWith<typeof serverChange>): Promise<void> {
  const { admin_url, ca_certificate, open_databases, engine: _, ...change } = call.body;
  const id = idOfPath('server', call.request.params.id);
  const tried = Object.keys(call.body).find((field) => TRIED.includes(field));
  if (tried === undefined) {
    return answerOnce(api, call, call.caller, async (asked) =>
      changed(showServer(await updateServer(api, asked, id, change))),
    );
  }
  const others = Object.keys(change);
  if (others.length > 0) {
    const fields = [tried, ...others].map((field) => ({ field, message: `change ${tried} by itself` }));
    throw new PlatformError('disagree', `${tried} is tried by a preflight; change the rest before or after.`, {
      fields,
    });
  }
  const input = {
    change: {
      serverId: id,
      ...(admin_url !== undefined && { adminUrl: admin_url }),
      ...(ca_certificate !== undefined && { caCertificate: ca_certificate }),
      ...(open_databases !== undefined && { openDatabases: open_databases }),
    },
  };
  await requestAndAnswer(api, call, serverPreflight, input, () => showFresh(api, id));
}

async function removeServer(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('server', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await deleteServer(api, asked, id);
    return GONE;
  });
}

async function poolIdOf(store: Store, asked: string): Promise<string> {
  const pool = await store.catalog.findPool(asked);
  if (pool === null) throw unknownReference('pool', asked);
  return pool.id;
}

async function preflightServer(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getServer(api.store, call.request.params.id);
  await requestAndAnswer(api, call, serverPreflight, { serverId: id }, () => showFresh(api, id));
}

async function refreshServer(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getServer(api.store, call.request.params.id);
  await requestAndAnswer(api, call, serverRefresh, { serverId: id }, () => showFresh(api, id));
}

async function showFresh(api: ApiContext, id: string) {
  return { server: showServer(await getServer(api.store, id)) };
}
