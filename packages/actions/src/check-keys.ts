// Before a process serves: whether its keys open what the store holds. Without this, a key that was left out would be
// noticed password by password, by tenants.
import { PlatformError } from '@berth/core';
import type { KeyRing } from '@berth/secrets';
import type { KeyInUse, Store } from '@berth/store';
import { sealedContext } from './sealed-contexts';

/** A sample this large: one row that was tampered with must not keep every process from starting. */
const SAMPLE = 3;

/** Forgotten within a day, and repeated requests go on without them. */
const SHORT_LIVED = 'idempotency_keys.answer_sealed';

/**
 * Throws `key_missing` when living rows are sealed with a key that is not in the ring, naming the key, or with another
 * one of the same name. What is sealed with a key that the ring knows to be lost stays shut, and the rest is served.
 */
export async function checkKeys(store: Store, keyRing: KeyRing): Promise<void> {
  const used = (await store.sealed.listKeys()).filter(({ place, keyId }) => place !== SHORT_LIVED && keyId !== '');
  const wanted = used.filter(({ keyId }) => !keyRing.lostIds.includes(keyId));
  const missing = idsOf(wanted.filter(({ keyId }) => !keyRing.keyIds.includes(keyId)));
  if (missing.length > 0) throw keyMissing(`${listed(missing)}, which ${areOf(missing)} not in BERTH_KEYS.`, missing);
  const foreign: string[] = [];
  for (const keyId of idsOf(wanted)) {
    const places = wanted.filter((each) => each.keyId === keyId);
    if (!(await opensAny(store, keyRing, places))) foreign.push(keyId);
  }
  if (foreign.length > 0) {
    throw keyMissing(
      `${listed(foreign)}, and BERTH_KEYS has another key of that name, which opens none of it.`,
      foreign,
    );
  }
}

async function opensAny(store: Store, keyRing: KeyRing, places: KeyInUse[]): Promise<boolean> {
  for (const { place, keyId } of places) {
    const rows = await store.sealed.list(place, keyId, null, SAMPLE);
    for (const { id, sealed } of rows) {
      try {
        keyRing.open(sealed, sealedContext(place, id));
        return true;
      } catch {
        // the next one may open; when none does, that is what is told
      }
    }
  }
  return false;
}

function keyMissing(what: string, ids: string[]): PlatformError {
  return new PlatformError(
    'key_missing',
    `The store holds passwords or admin logins that are sealed with ${what} Put the right key back behind the newest one ` +
      `(BERTH_KEYS=<newest>,${ids[0]}:<base64>) and start again. If it is lost for good, set BERTH_KEYS_LOST=${ids.join(',')} ` +
      'and read "A lost key" in docs/operations.md first.',
  );
}

function idsOf(used: KeyInUse[]): string[] {
  return [...new Set(used.map(({ keyId }) => keyId))].sort();
}

function listed(ids: string[]): string {
  return `${ids.length === 1 ? 'key' : 'keys'} ${ids.map((id) => `"${id}"`).join(', ')}`;
}

function areOf(ids: string[]): string {
  return ids.length === 1 ? 'is' : 'are';
}
