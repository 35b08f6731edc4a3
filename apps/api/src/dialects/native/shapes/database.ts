// A database as the native API shows it.
import { DATABASE_STATES } from '@berth/core';
import type { DatabaseView } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { engine, head, type Shown, time } from './parts';

export const databaseShape = z
  .strictObject({
    ...head('database'),
    engine,
    engine_name: z.string().describe('What its server calls it: the name that was asked for where it was free there.'),
    state: z.enum(DATABASE_STATES),
    project: z.string(),
    environment: z.string(),
    plan: z.string(),
    server: z.strictObject({ name: z.string(), host: z.string(), port: z.int() }),
    labels: z.record(z.string(), z.string()),
    protected: z.boolean().describe('Whether a DELETE is refused.'),
    size_bytes: z.int().nullable().describe('As last looked at; null before.'),
    charset: z.string().nullable().describe('As its server shows it, whatever was asked for; null before.'),
    collation: z.string().nullable().describe('Likewise.'),
    users: z.int().nullable().describe('Logins that were given it, as its server was last looked at; null before.'),
    sessions: z.int().nullable().describe('Open sessions in it then; `sessions_in_database` of its engine says whose.'),
    refreshed_at: time.nullable().describe('When its server was last looked at.'),
    over_quota_at: time
      .nullable()
      .describe('Since when it is larger than its plan allows; null again below 90 % of that.'),
    created_at: time,
    quarantined_at: time.nullable(),
    purge_after: time.nullable().describe('When it is dropped for good, unless it is restored or kept longer.'),
    delete_accepted_at: time.nullable().describe('Since when it is to be deleted: nothing else is accepted any more.'),
    deleted_at: time.nullable(),
  })
  .meta({
    id: 'Database',
    description: 'One logical database on one server. Deleted, it stays as a tombstone that is shown and not listed.',
    examples: [
      {
        id: EXAMPLE_IDS.database,
        number: 42,
        name: 'orders',
        engine: 'postgresql',
        engine_name: 'orders',
        state: 'available',
        project: 'default',
        environment: 'development',
        plan: 'small',
        server: { name: 'pg-1', host: 'pg-1.example.org', port: 5432 },
        labels: { tier: 'gold' },
        protected: false,
        size_bytes: 7_602_703,
        charset: 'UTF8',
        collation: 'C.UTF-8',
        users: 2,
        sessions: 11,
        refreshed_at: EXAMPLE_TIMES.done,
        over_quota_at: null,
        created_at: EXAMPLE_TIMES.asked,
        quarantined_at: null,
        purge_after: null,
        delete_accepted_at: null,
        deleted_at: null,
      },
    ],
  });

export function showDatabase(database: DatabaseView): Shown<typeof databaseShape> {
  return {
    id: database.id,
    number: database.number,
    name: database.name,
    engine: database.engine,
    engine_name: database.engine_name,
    state: database.state,
    project: database.project.name,
    environment: database.environment.name,
    plan: database.plan.name,
    server: { name: database.server.name, host: database.server.host, port: database.server.port },
    labels: database.labels,
    protected: database.protected,
    size_bytes: database.size_bytes === null ? null : Number(database.size_bytes),
    charset: database.charset,
    collation: database.collation,
    users: database.users,
    sessions: database.sessions,
    refreshed_at: database.refreshed_at,
    over_quota_at: database.over_quota_at,
    created_at: database.created_at,
    quarantined_at: database.quarantined_at,
    purge_after: database.purge_after,
    delete_accepted_at: database.delete_accepted_at,
    deleted_at: database.deleted_at,
  };
}
