// server_preflight: what this admin may do on this server, and the server made ready for tenants who must not meet.
import { PlatformError, type Secret } from '@berth/core';
import type { ServerFacts } from '@berth/engines/contract';
import type { Server, ServerView, Store } from '@berth/store';
import { held } from '../administer/audited';
import { readCaCertificate, refuseUnheeded } from '../administer/ca-certificate';
import { readAdminUrl, readOpenDatabases, sealAdmin, tlsOf } from '../administer/server-admin';
import { showServer } from '../administer/show';
import type { Change, Kind, Planning } from '../kind';
import { readEngine } from '../resolve';
import { joinOrPlan } from './join-or-plan';
import { engineOf } from './subjects';

export interface ServerRegistration {
  name: string;
  engine: string;
  pool: string;
  adminUrl: Secret;
  /** PEM; left out: the CAs that Node.js knows. */
  caCertificate?: string | null;
  /** System databases that stay open to every login of the server, because nobody can shut them. */
  openDatabases?: string[];
  sizeBytesMax: bigint | null;
}

/** What is left out stays as it is. */
interface AdminChange {
  serverId: string;
  adminUrl?: Secret;
  /** Null: none of its own any more. */
  caCertificate?: string | null;
  openDatabases?: string[];
}

/**
 * Of a registered server, of one that this request registers, or of one of which this request changes the admin access, its
 * CA, or what stays open there.
 */
export type ServerPreflightInput = { serverId: string } | { register: ServerRegistration } | { change: AdminChange };

/** Safe to repeat: a second request joins the preflight that is queued or running. */
export const serverPreflight: Kind<ServerPreflightInput> = {
  name: 'server_preflight',

  async plan(planning, input) {
    const { server, change } = await prepare(planning, input);
    const stepNames = ['observe_server', 'check_not_store', 'prepare_server'];
    return joinOrPlan(planning.tx, 'server_preflight', server, stepNames, change);
  },

  async perform({ action, server, session, step, store }) {
    let facts: ServerFacts = { identity: '', version: '', connectionsMax: 0, lacks: [], cannot: [] };
    await step('observe_server', async () => {
      facts = await session.observeServer();
      if (facts.lacks.length > 0)
        throw new PlatformError('server_unfit', `The admin login lacks: ${facts.lacks.join('; ')}.`);
      if (server.identity !== null && server.identity !== facts.identity) await refuseOther(store, server);
      return { version: facts.version, connections_max: facts.connectionsMax, cannot: facts.cannot };
    });
    await step('check_not_store', async () => {
      if (facts.identity === (await store.identity())) {
        throw new PlatformError(
          'server_is_store',
          "This server holds Berth's own store; tenants must not come near it.",
        );
      }
      return { identity: facts.identity };
    });
    await step('prepare_server', () => session.ensureServerPrepared());
    return (tx) => tx.servers.becomeChecked(action.server_id, facts);
  },

  fail: async () => async () => {}, // an unchecked server stays unchecked: nothing is placed on it
};

interface Prepared {
  server: Server;
  change: Change;
}

async function prepare(planning: Planning, input: ServerPreflightInput): Promise<Prepared> {
  if ('register' in input) return register(planning, input.register);
  if ('change' in input) return changeAdmin(planning, input.change);
  const server = await planning.tx.servers.lock(input.serverId);
  if (server === null) throw noServer();
  return { server, change: { before: null, after: null } };
}

async function register(planning: Planning, asked: ServerRegistration): Promise<Prepared> {
  const { clock, keyRing, tx } = planning;
  const engine = readEngine(asked.engine);
  const admin = readAdminUrl(engine, asked.adminUrl);
  const pool = await held(tx.pools, 'pool', asked.pool, await tx.catalog.findPool(asked.pool));
  if (pool.engine !== engine) {
    const message = `Pool ${pool.name} holds ${pool.engine} servers, not ${engine}.`;
    throw new PlatformError('disagree', message, { fields: [{ field: 'pool', message }] });
  }
  const caCertificate = asked.caCertificate == null ? null : readCaCertificate(asked.caCertificate, clock.now());
  refuseUnheeded(engine, admin.tls, caCertificate);
  const openDatabases = readOpenDatabases(engine, asked.openDatabases ?? []);
  const id = tx.servers.newId();
  const server = await tx.servers.insert({
    id,
    name: asked.name,
    engine,
    poolId: pool.id,
    host: admin.host,
    port: admin.port,
    tls: admin.tls,
    caCertificate,
    adminSealed: sealAdmin(keyRing, id, admin),
    openDatabases,
    sizeBytesMax: asked.sizeBytesMax,
  });
  return { server, change: { before: null, after: showServer(await getView(planning, id)) } };
}

/** Until a preflight succeeds with it, nothing else is done on the server, and nothing is placed there. */
async function changeAdmin(planning: Planning, { serverId, adminUrl, ...asked }: AdminChange): Promise<Prepared> {
  const { clock, keyRing, tx } = planning;
  const server = await tx.servers.lockWithPool(serverId, null);
  if (server === null) throw noServer();
  const before = showServer(await getView(planning, serverId));
  const open = await tx.actions.findOpenOfServer(serverId, 'server_preflight');
  if (open !== null && (await tx.actions.cancel(open.id)) === null) {
    const message = `A worker is looking at the server ${server.name} with the admin login it has.`;
    throw new PlatformError('contradicts', `${message} Ask again when action ${open.id} has ended.`, {
      actionId: open.id,
    });
  }
  const engine = engineOf(server);
  const openDatabases = readOpenDatabases(engine, asked.openDatabases ?? server.open_databases);
  const admin = adminUrl === undefined ? null : readAdminUrl(engine, adminUrl);
  const { host, port } = admin ?? server;
  const tls = admin?.tls ?? tlsOf(server);
  const { caCertificate: given = server.ca_certificate } = asked;
  const isNew = given !== null && given !== server.ca_certificate;
  const caCertificate = isNew ? readCaCertificate(given, clock.now()) : given;
  refuseUnheeded(engine, tls, caCertificate);
  const adminSealed = admin === null ? server.admin_sealed : sealAdmin(keyRing, serverId, admin);
  await tx.servers.changeAdmin(serverId, { host, port, tls, caCertificate, adminSealed, openDatabases });
  return { server, change: { before, after: showServer(await getView(planning, serverId)) } };
}

/** What Berth knows of the databases is true of the server they are on, and of no other. */
async function refuseOther(store: Store, { id, name }: ServerView): Promise<void> {
  if ((await store.servers.listUses(id)).length === 0) return;
  throw new PlatformError(
    'server_unfit',
    `This address leads to another server than the one that holds the databases of ${name}. Change admin_url to lead ` +
      'there, or register this one under a name of its own.',
  );
}

async function getView({ tx }: Planning, id: string): Promise<ServerView> {
  const view = await tx.servers.find(id);
  if (view === null) throw noServer();
  return view;
}

function noServer(): PlatformError {
  return new PlatformError('not_found', 'There is no such server.');
}
