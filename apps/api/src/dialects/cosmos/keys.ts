// Whose key signed a request: a signature does not say. Keys that this address used lately are tried first; then all that are
// living, one search at a time, and no more of them for one address in a minute than it may be refused.
import { openAccessKey } from '@berth/actions';
import { codeOf, openTurns, type Secret } from '@berth/core';
import type { Access } from '@berth/store';
import type { ApiContext } from '../dialect';

/** Each costs a few microseconds of every request that another key signed. */
const RECENT_MAX = 200;

/** Opened and tried in one go: some five milliseconds. */
const PAGE = 500;

/** What keys are looked up with. */
type KeyContext = Pick<ApiContext, 'keyRing' | 'limits' | 'log' | 'store'>;

/** Whether a request was signed with this key. */
export type IsRight = (key: Secret) => boolean;

export interface Keys {
  /**
   * The living access whose key is right; null when there is none. Throws `too_many_requests` where it would have to search, and
   * this address was refused too often.
   */
  find(isRight: IsRight, address: string | null): Promise<Access | null>;
}

/** A key that matched a request of this address, and the sealed text that it came from. */
interface Recent {
  id: string;
  address: string | null;
  key: Secret;
  sealed: string | null;
}

/** Those of one process. Holds nothing open. */
export function openKeys(api: KeyContext): Keys {
  const recent = openRecent(api);
  const searches = openTurns(1);

  async function search(isRight: IsRight, address: string | null): Promise<Access | null> {
    const found = await recent.findAny(isRight, address);
    if (found !== null) return found;
    let page: Access[] = [];
    do {
      page = await api.store.accesses.listKeys(page.at(-1)?.number ?? 0, PAGE);
      for (const access of page) {
        const key = openKey(api, access);
        if (key !== null && isRight(key)) return recent.remember(access, key, address);
      }
    } while (page.length === PAGE);
    return null;
  }

  /** Counted before it is known to be wrong, so that many at once are no more searches; a right one is given back. */
  async function searchCounted(isRight: IsRight, address: string | null): Promise<Access | null> {
    const found = await recent.findOwn(isRight, address); // who was before it in the line may have found the same key
    if (found !== null) return found;
    const giveBack = await api.limits.countGuess(address, null);
    let isWrong = false;
    try {
      const access = await search(isRight, address);
      isWrong = access === null;
      return access;
    } finally {
      if (!isWrong) await giveBack();
    }
  }

  return {
    async find(isRight, address) {
      return (await recent.findOwn(isRight, address)) ?? searches.wait(() => searchCounted(isRight, address));
    },
  };
}

/** Keys that matched lately, and from where they were used. */
function openRecent({ store }: KeyContext) {
  const recent = new Map<string, Recent>(); // by access and address; the least lately used first

  function remember(access: Access, key: Secret, address: string | null): Access {
    const used = { id: access.id, address, key, sealed: access.secret_sealed };
    recent.delete(placeOf(used));
    recent.set(placeOf(used), used);
    const [oldest] = recent.keys();
    if (recent.size > RECENT_MAX && oldest !== undefined) recent.delete(oldest);
    return access;
  }

  /** The access is read each time: what was revoked, rotated or has expired opens nothing from then on. */
  async function findAmong(tried: Recent[], isRight: IsRight, address: string | null): Promise<Access | null> {
    const used = tried.findLast(({ key }) => isRight(key));
    if (used === undefined) return null;
    const access = await store.accesses.findLiving(used.id, 'cosmos_key');
    if (access !== null && access.secret_sealed === used.sealed) return remember(access, used.key, address);
    if (recent.get(placeOf(used)) === used) recent.delete(placeOf(used));
    return null;
  }

  return {
    remember,
    /** Not the keys of others: they would be tried for an address that was told to stop. */
    findOwn(isRight: IsRight, address: string | null): Promise<Access | null> {
      const own = [...recent.values()].filter((each) => each.address === address);
      return findAmong(own, isRight, address);
    },
    findAny: (isRight: IsRight, address: string | null) => findAmong([...recent.values()], isRight, address),
  };
}

const placeOf = ({ address, id }: Recent) => `${id} ${address}`;

/** Null, and said in the log, for one that cannot be opened: what one access lacks keeps no other out. */
function openKey({ keyRing, log }: KeyContext, access: Access): Secret | null {
  try {
    return openAccessKey(keyRing, access);
  } catch (error) {
    log.error({ accessId: access.id, code: codeOf(error), error }, 'The key of an access cannot be opened');
    return null;
  }
}
