// What the audit is told beside the writes: passwords that are shown, and writes that were refused.
import type { ErrorCode } from '@berth/core';
import type { Access, AuditValue, CredentialView } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';

/** Before a password is shown. When this throws, nothing may be. */
export async function recordReveal({ store }: Context, caller: Caller, credential: CredentialView): Promise<void> {
  await store.audit.record({
    deed: 'credential_reveal',
    who: caller,
    teamId: credential.team_id,
    subjectId: credential.id,
  });
}

/** What is about no row of the store: a sign-in, a button on the board of the queues. Recorded before it is done. */
export async function recordDeed(
  { store }: Context,
  caller: Caller,
  deed: string,
  after: AuditValue | null,
): Promise<void> {
  await store.audit.record({ deed, who: caller, teamId: caller.team_id, subjectId: caller.id, after });
}

export interface Refusal {
  /** Method and route: `DELETE /v1/databases/:id`. */
  deed: string;
  errorCode: ErrorCode;
  /** Null while nobody is known. */
  access: Access | null;
  address: string | null;
  subjectId: string | null;
}

/** A write that was not done. It belongs to the team that tried. */
export async function recordRefusal({ store }: Context, { access, address, ...refusal }: Refusal): Promise<void> {
  const who = access === null ? null : { id: access.id, person: access.person, address };
  await store.audit.record({ ...refusal, who, address, teamId: access?.team_id ?? null });
}

/** Refusals that have no entry of their own: how many of which codes, from when until when. */
export interface RefusalsLeftOut {
  /** Null for callers who are not known. */
  access: Access | null;
  count: number;
  codes: Partial<Record<ErrorCode, number>>;
  from: Date;
  until: Date;
}

/** One entry in place of many: the audit says itself that it is not whole. */
export async function recordLeftOut({ store }: Context, leftOut: RefusalsLeftOut): Promise<void> {
  const { access, codes, count, from, until } = leftOut;
  await store.audit.record({
    deed: 'refusals_left_out',
    errorCode: 'too_many_requests',
    who: access,
    teamId: access?.team_id ?? null,
    subjectId: access?.id ?? null,
    after: { count, codes, from: from.toISOString(), until: until.toISOString() },
  });
}
