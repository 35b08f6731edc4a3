// What Berth knows of a server, to be held against what is there, and the last list of differences. The one writer of it.
import { OPEN_ACTION_STATES } from '@berth/core';
import type { Db } from './db';
import type { Drift, Prisma } from './generated/client';

export type { Drift };

/** Before a server is looked at: who works on what by then, and where the actions stand. */
export interface Moment {
  at: Date;
  lastNumber: number;
  /** Ids of databases and credentials. */
  busy: string[];
}

/** `isBusy`: an action was open about it, or ended, at or after the moment: what was seen of it then means nothing. */
export interface KnownServer {
  databases: { id: string; name: string; engine_name: string; state: string; isBusy: boolean }[];
  credentials: { id: string; engine_username: string; state: string; isBusy: boolean }[];
  /** Living ones that the server knows. */
  grants: { credential_id: string; database_id: string; role: string }[];
}

/** A number is taken before its row is committed: as many that are lower may come later. */
const NUMBERS_BACK = 1_000;

export function driftsOf(db: Db) {
  return {
    /** To be asked before the server is. */
    async begin(serverId: string): Promise<Moment> {
      const [row] = await db.$queryRaw<[Moment]>`
        SELECT clock_timestamp() AS at, (SELECT coalesce(max(number), 0) FROM actions) AS "lastNumber",
          ARRAY(SELECT unnest(ARRAY[database_id, credential_id]) FROM actions
            WHERE server_id = ${serverId} AND state = ANY(${OPEN_ACTION_STATES})) AS busy`;
      return { ...row, busy: row.busy.filter((id) => id !== null) };
    },

    /**
     * To be asked after the server was looked at, in one statement, so that rows and actions are of one moment: what is not busy
     * then was as it stands here all the time since `moment`. Whose database is worked on is busy himself.
     */
    async readKnown(serverId: string, { at, busy, lastNumber }: Moment): Promise<KnownServer> {
      const [row] = await db.$queryRaw<[{ known: KnownServer }]>`
        WITH worked AS (
          SELECT unnest(ARRAY[database_id, credential_id]) AS id FROM actions
          WHERE server_id = ${serverId} AND state = ANY(${OPEN_ACTION_STATES})
          UNION SELECT unnest(ARRAY[database_id, credential_id]) FROM actions
          WHERE server_id = ${serverId} AND number > ${lastNumber - NUMBERS_BACK} AND ended_at >= ${at}
          UNION SELECT unnest(${busy}::text[])
        ), busy AS (
          SELECT id FROM worked WHERE id IS NOT NULL
          UNION SELECT credential_id FROM grants WHERE database_id IN (SELECT id FROM worked)
        )
        SELECT json_build_object(
          'databases', coalesce((SELECT json_agg(json_build_object('id', id, 'name', name, 'engine_name', engine_name,
            'state', state, 'isBusy', id IN (SELECT id FROM busy))) FROM databases
            WHERE server_id = ${serverId} AND (state <> 'deleted' OR id IN (SELECT id FROM busy))), '[]'),
          'credentials', coalesce((SELECT json_agg(json_build_object('id', id, 'engine_username', engine_username,
            'state', state, 'isBusy', id IN (SELECT id FROM busy))) FROM credentials
            WHERE server_id = ${serverId} AND (state <> 'deleted' OR id IN (SELECT id FROM busy))), '[]'),
          'grants', coalesce((SELECT json_agg(json_build_object('credential_id', credential_id, 'database_id', database_id,
            'role', role)) FROM grants
            WHERE server_id = ${serverId} AND revoked_at IS NULL AND pending_role IS DISTINCT FROM role), '[]')) AS known`;
      return row.known;
    },

    /** The differences as they are now, in place of those before. */
    async keep(serverId: string, actionId: string, findings: Prisma.InputJsonObject): Promise<void> {
      await db.$executeRaw`
        INSERT INTO drifts (server_id, action_id, findings) VALUES (${serverId}, ${actionId}, ${JSON.stringify(findings)}::jsonb)
        ON CONFLICT (server_id) DO UPDATE SET action_id = excluded.action_id, findings = excluded.findings, taken_at = now()`;
    },

    /** Null when none was taken yet. */
    find: (serverId: string): Promise<Drift | null> => db.drift.findUnique({ where: { server_id: serverId } }),
  };
}
