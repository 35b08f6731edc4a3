// What operators run, as the native API shows it. Shown by packages/actions, for the audit keeps it in the same form.
import { SERVER_STATES, TLS_MODES } from '@berth/core';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { engine, head, time } from './parts';

const created_at = EXAMPLE_TIMES.installed;

export const teamShape = z
  .strictObject({ ...head('team'), database_quota: z.int().nullable().describe('Null is no limit.'), created_at: time })
  .meta({
    id: 'Team',
    description: 'A tenant: it owns projects and accesses.',
    examples: [{ id: EXAMPLE_IDS.team, number: 2, name: 'shop', database_quota: 10, created_at }],
  });

export const projectShape = z.strictObject({ ...head('project'), team: z.string(), created_at: time }).meta({
  id: 'Project',
  description: 'Groups databases of one team.',
  examples: [{ id: EXAMPLE_IDS.project, number: 3, name: 'web', team: 'first', created_at }],
});

const quarantineDays = z.int().nullable().describe('Days that a deleted database is kept; 0 keeps none.');

export const environmentShape = z
  .strictObject({ ...head('environment'), quarantine_days: quarantineDays, created_at: time })
  .meta({
    id: 'Environment',
    description: 'Development, production and the like.',
    examples: [{ id: EXAMPLE_IDS.environment, number: 3, name: 'staging', quarantine_days: 14, created_at }],
  });

export const planShape = z
  .strictObject({
    ...head('plan'),
    engine,
    size_bytes_max: z.int(),
    connections_max: z.int(),
    quarantine_days: quarantineDays,
    environments: z.array(z.string()).describe('Where it may be used; none named is everywhere.'),
    created_at: time,
  })
  .meta({
    id: 'Plan',
    description: 'What a database may use.',
    examples: [
      {
        id: EXAMPLE_IDS.plan,
        number: 1,
        name: 'medium',
        engine: 'postgresql',
        size_bytes_max: 10_737_418_240,
        connections_max: 20,
        quarantine_days: null,
        environments: [],
        created_at,
      },
    ],
  });

export const poolShape = z
  .strictObject({
    ...head('pool'),
    engine,
    environment: z.string(),
    headroom_percent: z.int().describe('What is left free of each server.'),
    connections_overcommit: z.int().describe('How many times a server’s connections may be promised.'),
    created_at: time,
  })
  .meta({
    id: 'Pool',
    description: 'Servers of one engine in one environment, interchangeable for placement.',
    examples: [
      {
        id: EXAMPLE_IDS.pool,
        number: 1,
        name: 'postgresql-reserve',
        engine: 'postgresql',
        environment: 'production',
        headroom_percent: 20,
        connections_overcommit: 3,
        created_at,
      },
    ],
  });

export const serverShape = z
  .strictObject({
    ...head('server'),
    engine,
    pool: z.string(),
    environment: z.string(),
    host: z.string(),
    port: z.int(),
    tls: z.enum(TLS_MODES),
    ca_certificates: z
      .array(z.strictObject({ subject: z.string(), fingerprint_sha256: z.string(), expires_at: time }))
      .describe('By which its certificate is verified; none: by those that Node.js knows.'),
    state: z.enum(SERVER_STATES),
    version: z.string().nullable(),
    open_databases: z
      .array(z.string())
      .describe('Its own databases that may stay open to all its logins, where nobody can shut them.'),
    cannot: z
      .array(z.string())
      .describe('What its admin login cannot do and Berth does without, in words, as the last preflight saw it.'),
    size_bytes_max: z.int().nullable().describe('Null is no limit.'),
    connections_max: z.int().nullable().describe('What it takes, as the preflight saw it.'),
    created_at: time,
    checked_at: time.nullable().describe('When a preflight last succeeded.'),
    refreshed_at: time.nullable().describe('When its databases were last looked at.'),
  })
  .meta({
    id: 'Server',
    description: 'An engine’s server. Its admin access goes in and never comes out.',
    examples: [
      {
        id: EXAMPLE_IDS.server,
        number: 1,
        name: 'pg-1',
        engine: 'postgresql',
        pool: 'postgresql-development',
        environment: 'development',
        host: 'pg-1.example.org',
        port: 5432,
        tls: 'verify-full',
        ca_certificates: [
          {
            subject: 'CN=a CA of ours, O=Example',
            fingerprint_sha256: Array.from({ length: 32 }, () => 'A7').join(':'),
            expires_at: '2036-01-31T00:00:00.000Z',
          },
        ],
        state: 'active',
        version: '18.4',
        open_databases: [],
        cannot: ['Keep readers from making large objects'],
        size_bytes_max: 1_099_511_627_776,
        connections_max: 500,
        created_at,
        checked_at: created_at,
        refreshed_at: null,
      },
    ],
  });
