// What a dry run answers: where a database would go, and why not elsewhere.
import { z } from 'zod';

const candidateShape = z.strictObject({
  server: z.string(),
  pool: z.string(),
  fits: z.boolean(),
  reasons: z.array(z.string()).describe('Why it does not fit.'),
  free_bytes: z.int().nullable().describe('Null is no limit.'),
  free_connections: z.int().nullable(),
  databases: z.int(),
});

export const dryRunShape = z
  .strictObject({
    dry_run: z.literal(true),
    fits: z.boolean(),
    server: z.string().nullable().describe('The one that would be taken.'),
    engine_name: z.string().nullable().describe('What it would be called there.'),
    steps: z.array(z.string()),
    candidates: z.array(candidateShape).describe('Every server that was looked at.'),
  })
  .meta({
    id: 'DryRun',
    description: 'Where a database would go. Nothing was written.',
    examples: [
      {
        dry_run: true as const,
        fits: true,
        server: 'pg-1',
        engine_name: 'orders',
        steps: ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'],
        candidates: [
          {
            server: 'pg-1',
            pool: 'postgresql-development',
            fits: true,
            reasons: [],
            free_bytes: 868_872_372_224,
            free_connections: 1_480,
            databases: 1,
          },
        ],
      },
    ],
  });
