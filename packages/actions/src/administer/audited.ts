// An operator's write: what it changes and who did it are one commit. Nothing here is asynchronous, no engine is involved.
import { isDeepStrictEqual } from 'node:util';
import { type FieldProblem, PlatformError, unknownReference } from '@berth/core';
import type { AuditValue, Nouns, Use } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { takeWrite } from '../once';

/** What a write did, as the API shows it; null before a thing is made, or after it is gone. */
export interface Written {
  teamId: string | null;
  subjectId: string;
  before: AuditValue | null;
  after: AuditValue | null;
}

/** Runs `write` and records it, both or neither; an update that changed nothing leaves no entry. Throws what `write` throws; what `takeWrite` does, for one with a key. */
export async function audited<T extends Written>(
  { store }: Pick<Context, 'store'>,
  caller: Caller,
  deed: string,
  write: (tx: Nouns) => Promise<T>,
): Promise<T> {
  return store.transaction(async (tx) => {
    if (caller.once !== undefined) await takeWrite(tx, caller, caller.once);
    const written = await write(tx);
    const { teamId, subjectId, before, after } = written;
    if (deed.endsWith('_update') && isDeepStrictEqual(before, after)) return written;
    await tx.audit.record({ deed, who: caller, teamId, subjectId, before, after });
    return written;
  });
}

/** The row, or `not_found`. */
export function existing<Row>(noun: string, id: string, row: Row | null): Row {
  if (row === null) throw new PlatformError('not_found', `There is no ${noun} ${id}.`);
  return row;
}

/** What a request refers to, kept from being deleted until commit. Throws `unknown_reference` on `field`. */
export async function held<Row extends { id: string }>(
  nouns: { hold(id: string): Promise<boolean> },
  field: string,
  asked: string,
  row: Row | null,
): Promise<Row> {
  if (row !== null && (await nouns.hold(row.id))) return row;
  const noun = field.replace(/^.*\./, '').replace(/s$/, '');
  throw unknownReference(field, asked, noun);
}

export function invalid(field: string, message: string): PlatformError {
  const fields: FieldProblem[] = [{ field, message }];
  return new PlatformError('invalid_request', `Please correct: ${field}.`, { fields });
}

/** Throws `in_use` when something uses it, saying what and how many. `remedy` says what to do first. */
export function refuseUses(name: string, uses: Use[], remedy: string): void {
  if (uses.length === 0) return;
  const list = uses.map(({ what, count }) => `${count} ${count === 1 ? what : pluralOf(what)}`).join(', ');
  throw new PlatformError('in_use', `The ${name} is in use: ${list}. ${remedy}`);
}

/** Of a noun, and whatever follows it: `access limited to it`. */
function pluralOf(what: string): string {
  const [noun = '', ...rest] = what.split(' ');
  return [noun.endsWith('s') ? `${noun}es` : `${noun}s`, ...rest].join(' ').replace(' names it', ' name it');
}
