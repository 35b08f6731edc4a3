// An entry of the audit as the native API shows it.
import type { AuditEntry } from '@berth/store';
import { z } from 'zod';
import { EXAMPLE_IDS, EXAMPLE_TIMES } from '../../../http/examples';
import { idShape as id } from '../../../http/id-shape';
import { type Shown, time } from './parts';

const seen = z.record(z.string(), z.unknown()).nullable();

export const auditShape = z
  .strictObject({
    id: id('audit'),
    number: z.int(),
    deed: z.string().describe('What was done; of what was refused its method and route.'),
    outcome: z.enum(['done', 'refused']),
    error_code: z.string().nullable(),
    access_id: id('access').nullable(),
    person: z.string().nullable(),
    address: z.string().nullable(),
    team_id: id('team').nullable(),
    subject_id: z.string().nullable(),
    action_id: id('action').nullable(),
    before: seen,
    after: seen,
    created_at: time,
  })
  .meta({
    id: 'AuditEntry',
    description: 'Who did what, from where. Nothing in it is a secret.',
    examples: [
      {
        id: EXAMPLE_IDS.audit,
        number: 211,
        deed: 'team_create',
        outcome: 'done',
        error_code: null,
        access_id: EXAMPLE_IDS.access,
        person: 'operator@example.org',
        address: '192.0.2.7',
        team_id: EXAMPLE_IDS.team,
        subject_id: EXAMPLE_IDS.team,
        action_id: null,
        before: null,
        after: { name: 'shop', database_quota: 10 },
        created_at: EXAMPLE_TIMES.installed,
      },
    ],
  });

export function showEntry(entry: AuditEntry): Shown<typeof auditShape> {
  return {
    id: entry.id,
    number: entry.number,
    deed: entry.deed,
    outcome: entry.outcome,
    error_code: entry.error_code,
    access_id: entry.access_id,
    person: entry.person,
    address: entry.address,
    team_id: entry.team_id,
    subject_id: entry.subject_id,
    action_id: entry.action_id,
    before: entry.before,
    after: entry.after,
    created_at: entry.created_at,
  };
}
