// Who did what, or was refused. Entries are added, and removed when they are old; they name rows by id and outlive them.
import { type ErrorCode, newId } from '@berth/core';
import { type Batch, batchOf, LIMIT_BATCH, type Looked, tellLooked } from './batch';
import type { Db } from './db';
import type { AuditEntry, Prisma } from './generated/client';
import { type Page, type PageRequest, page } from './page';

export type { AuditEntry };

/** What a thing was or became, as the API shows it. Never a secret. */
export type AuditValue = Prisma.InputJsonObject;

export interface NewAuditEntry {
  /** The kind of an action, or `noun_verb` in its manner: `access_rotate`, `credential_reveal`. */
  deed: string;
  /** Null while nobody is known: a refusal at the door. */
  who: { id: string; person: string; address?: string | null } | null;
  /** The peer of a request whose caller is not known. */
  address?: string | null;
  /** Whose thing it is about; null for what belongs to no team. */
  teamId: string | null;
  subjectId: string | null;
  actionId?: string | null;
  before?: AuditValue | null;
  after?: AuditValue | null;
  /** Why it was refused; without it, it was done. */
  errorCode?: ErrorCode;
}

export interface AuditFilter {
  teamId?: string;
  subjectId?: string;
  accessId?: string;
  deed?: string;
  outcome?: 'done' | 'refused';
  since?: Date;
  until?: Date;
}

export function auditOf(db: Db) {
  return {
    /** Belongs into the transaction of the write it tells of. */
    async record({ deed, who, errorCode, ...entry }: NewAuditEntry): Promise<void> {
      await db.$executeRaw`
        INSERT INTO audit (id, deed, outcome, error_code, access_id, person, address, team_id, subject_id, action_id, before, after)
        VALUES (${newId('audit')}, ${deed}, ${errorCode === undefined ? 'done' : 'refused'}, ${errorCode ?? null},
          ${who?.id ?? null}, ${who?.person ?? null}, ${who?.address ?? entry.address ?? null}, ${entry.teamId},
          ${entry.subjectId}, ${entry.actionId ?? null}, ${jsonOf(entry.before)}::jsonb, ${jsonOf(entry.after)}::jsonb)`;
    },

    /** Newest first. */
    list: (filter: AuditFilter, request: PageRequest): Promise<Page<AuditEntry>> =>
      page(request, (window) =>
        db.auditEntry.findMany({
          where: { ...whereOf(filter), ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
        }),
      ),

    /** Removes some of the entries from before `before`, the oldest first from number `after` on. Safe to repeat and to race. */
    async removeOld(before: Date, after: number): Promise<Batch> {
      const rows = await db.$queryRaw<Looked[]>`
        WITH looked AS (
          SELECT number, created_at FROM audit WHERE number > ${after} ORDER BY number ${LIMIT_BATCH}
        ), gone AS (
          DELETE FROM audit WHERE id = ANY(ARRAY(
            SELECT id FROM audit WHERE number = ANY(ARRAY(SELECT number FROM looked)) AND created_at < ${before}
            FOR UPDATE SKIP LOCKED))
          RETURNING id
        ) ${tellLooked(before)}`;
      return batchOf(rows);
    },
  };
}

/** A value as it is written; nothing is no JSON at all. */
function jsonOf(value: AuditValue | null | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}

function whereOf({
  teamId,
  subjectId,
  accessId,
  deed,
  outcome,
  since,
  until,
}: AuditFilter): Prisma.AuditEntryWhereInput {
  return {
    ...(teamId !== undefined && { team_id: teamId }),
    ...(subjectId !== undefined && { subject_id: subjectId }),
    ...(accessId !== undefined && { access_id: accessId }),
    ...(deed !== undefined && { deed }),
    ...(outcome !== undefined && { outcome }),
    ...((since !== undefined || until !== undefined) && {
      created_at: { ...(since !== undefined && { gte: since }), ...(until !== undefined && { lt: until }) },
    }),
  };
}
