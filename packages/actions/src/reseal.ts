// The keys are changed while everything runs: what an older key sealed is sealed anew under the newest one, until the
// older one can be thrown away. A reset at the same moment wins: only the text that was read is ever replaced.
import { codeOf } from '@berth/core';
import type { ResealedRow, SealedPlace, SealedRow } from '@berth/store';
import type { Context } from './context';
import { sealedContext } from './sealed-contexts';

export interface ResealOptions {
  stopping: AbortSignal;
  /** What was said before and is not said again; one set for the life of a process. */
  said: Set<string>;
}

/** One statement replaces this many; the row locks of a batch are held for a few milliseconds. */
const BATCH = 200;

/** Rows that do not open are named one by one up to this many per key and place; a lost key would name every row. */
const NAMED_MAX = 100;

/** Seals anew under the newest key what is sealed under another. Safe to repeat, to race, and to end anywhere. */
export async function reseal(context: Context, options: ResealOptions): Promise<void> {
  const { keyRing, log, store } = context;
  const [newestId, ...olderIds] = keyRing.keyIds;
  for (const { place, keyId } of await store.sealed.listKeys()) {
    if (keyId !== newestId) await resealPlace(context, options, place, keyId);
    if (options.stopping.aborted) return;
  }
  const inUse = new Set((await store.sealed.listKeys()).map(({ keyId }) => keyId));
  for (const keyId of olderIds) {
    if (inUse.has(keyId))
      options.said.delete(keyId); // a process with the older ring has sealed since: say it again later
    else if (isFirst(options, keyId)) {
      log.info(
        { keyId },
        'Nothing is sealed with this key any more; it may be taken out of BERTH_KEYS of every process',
      );
    }
  }
}

async function resealPlace(context: Context, options: ResealOptions, place: SealedPlace, keyId: string): Promise<void> {
  const { keyRing, log, store } = context;
  const isKnown = keyRing.keyIds.includes(keyId);
  let [count, unopened] = [0, 0];
  let rows: SealedRow[] = [];
  do {
    rows = await store.sealed.list(place, keyId, rows.at(-1)?.id ?? null, BATCH);
    const anew: ResealedRow[] = [];
    for (const row of rows) {
      try {
        anew.push(sealedAnew(context, place, row));
      } catch (error) {
        unopened += 1;
        if (unopened <= NAMED_MAX && isFirst(options, `${place} ${row.id.join(' ')}`)) {
          const fields = { kind: place, subjectId: row.id[0] ?? '', keyId, code: codeOf(error), error };
          log.error(fields, 'A sealed value does not open and is left as it is; see "Keys" in docs/operations.md');
        }
      }
    }
    if (anew.length > 0) count += await store.sealed.replace(place, anew);
    // without its key none of them opens, and they may be all there are
  } while (rows.length === BATCH && isKnown && !options.stopping.aborted);
  if (count > 0) log.info({ kind: place, keyId, count }, 'Sealed anew under the newest key what this key had sealed');
}

function sealedAnew({ keyRing }: Context, place: SealedPlace, row: SealedRow): ResealedRow {
  const bound = sealedContext(place, row.id);
  return { ...row, anew: keyRing.seal(keyRing.open(row.sealed, bound), bound) };
}

function isFirst({ said }: ResealOptions, word: string): boolean {
  const first = !said.has(word);
  said.add(word);
  return first;
}
