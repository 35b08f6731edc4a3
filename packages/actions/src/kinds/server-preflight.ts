// server_preflight: what this admin may do on this server, and the server made ready for tenants who must not meet.
import { PlatformError, type Secret } from '@berth/core';
import type { ServerFacts } from '@berth/engines/contract';
import { readAdminUrl, sealAdmin } from '../administer/server-admin';
import type { Kind } from '../kind';
import { readEngine } from '../resolve';
import { engineOf } from './subjects';

export interface ServerRegistration {
  name: string;
  engine: string;
  pool: string;
  adminUrl: Secret;
  sizeBytesMax: bigint | null;
}

/** Of a registered server, or of one that this request registers. */
export type ServerPreflightInput = { serverId: string } | { register: ServerRegistration };

/** Safe to repeat: a second request joins the preflight that is queued or running. */
export const serverPreflight: Kind<ServerPreflightInput> = {
  name: 'server_preflight',

  async plan({ tx, keyRing }, input) {
    const server = 'serverId' in input ? await tx.servers.lock(input.serverId) : await register();
    if (server === null) throw new PlatformError('not_found', 'There is no such server.');
    const open = await tx.actions.findOpenOfServer(server.id, 'server_preflight');
    if (open !== null) return { joins: open };
    return {
      engine: engineOf(server),
      teamId: null,
      databaseId: null,
      credentialId: null,
      serverId: server.id,
      stepNames: ['observe_server', 'check_not_store', 'prepare_server'],
    };

    async function register() {
      if (!('register' in input)) return null;
      const { register: asked } = input;
      const engine = readEngine(asked.engine);
      const admin = readAdminUrl(engine, asked.adminUrl);
      const pool = await tx.catalog.findPool(asked.pool);
      if (pool === null) throw refused('unknown_reference', 'pool', `There is no pool "${asked.pool}".`);
      if (pool.engine !== engine) {
        throw refused('disagree', 'pool', `Pool ${pool.name} holds ${pool.engine} servers, not ${engine}.`);
      }
      const id = tx.servers.newId();
      return tx.servers.insert({
        id,
        name: asked.name,
        engine,
        poolId: pool.id,
        host: admin.host,
        port: admin.port,
        tls: admin.tls,
        adminSealed: sealAdmin(keyRing, id, admin),
        sizeBytesMax: asked.sizeBytesMax,
      });
    }
  },

  async perform({ action, session, step, store }) {
    let facts: ServerFacts = { identity: '', version: '', connectionsMax: 0, lacks: [] };
    await step('observe_server', async () => {
      facts = await session.observeServer();
      if (facts.lacks.length > 0)
        throw new PlatformError('server_unfit', `The admin login lacks: ${facts.lacks.join('; ')}.`);
      return { version: facts.version, connections_max: facts.connectionsMax };
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

function refused(code: 'unknown_reference' | 'disagree', field: string, message: string): PlatformError {
  return new PlatformError(code, message, { fields: [{ field, message }] });
}
