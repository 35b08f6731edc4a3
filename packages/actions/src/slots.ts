// How many actions of one server this process works on at once: a server that hangs keeps its own actions waiting, and not
// those of the other servers of its engine.

export interface Slots {
  /**
   * Claims, and counts what was claimed until its `release`. `claim` is told which servers are full; null where nothing is to be
   * done. `crowdOut` is asked when there is such a server and nothing was claimed: it writes that the action waits for one of
   * them, and returns which. One at a time, for two claims at once could both take the last place.
   */
  take<Claimed extends OfServer>(claim: Claim<Claimed>, crowdOut: CrowdOut): Promise<Claimed | null>;
  /**
   * Nobody works on the action any more. Returns how many more of its server may be taken. A server that was `silent` is given
   * one action at a time, until one of them had an answer: however many servers hang, each takes one place for long.
   */
  release(serverId: string, wasSilent: boolean): number;
}

type OfServer = { server_id: string };
type Claim<Claimed> = (full: string[]) => Promise<Claimed | null>;
type CrowdOut = (full: string[]) => Promise<string | null>;

/** At most so many actions of one server at once. */
export function openSlots(perServerMax: number): Slots {
  const inHand = new Map<string, number>();
  const silent = new Set<string>();
  let last: Promise<unknown> = Promise.resolve();

  const countOf = (serverId: string) => inHand.get(serverId) ?? 0;
  const freeOf = (serverId: string) => (silent.has(serverId) ? 1 : perServerMax) - countOf(serverId);

  async function takeNow<Claimed extends OfServer>(claim: Claim<Claimed>, crowdOut: CrowdOut): Promise<Claimed | null> {
    for (;;) {
      const full = [...inHand.keys()].filter((serverId) => freeOf(serverId) <= 0);
      const action = await claim(full);
      if (action !== null) {
        inHand.set(action.server_id, countOf(action.server_id) + 1);
        return action;
      }
      const crowded = full.length === 0 ? null : await crowdOut(full);
      // who released its last place meanwhile may have looked for those who wait before this one was written down
      if (crowded === null || freeOf(crowded) <= 0) return null;
    }
  }

  return {
    take(claim, crowdOut) {
      const taking = last.then(() => takeNow(claim, crowdOut));
      last = taking.catch(() => undefined); // its caller is told
      return taking;
    },
    release(serverId, wasSilent) {
      const left = countOf(serverId) - 1;
      if (left > 0) inHand.set(serverId, left);
      else inHand.delete(serverId);
      if (wasSilent) silent.add(serverId);
      else silent.delete(serverId);
      return Math.max(freeOf(serverId), 0);
    },
  };
}
