// All databases that stand, for products that know no pages. They are read a page at a time all the same: who asks next waits
// for one page of somebody's ten thousand, and not for all.
import type { StandingDatabase, StandingFilter, Store } from '@berth/store';

const PAGE = 500;

/** Oldest first. */
export async function everyDatabase(
  { standing }: Pick<Store, 'standing'>,
  filter: StandingFilter,
): Promise<StandingDatabase[]> {
  const all: StandingDatabase[] = [];
  let page: StandingDatabase[] = [];
  do {
    page = await standing.listDatabasesAfter(filter, all.at(-1)?.number ?? 0, PAGE);
    all.push(...page);
  } while (page.length === PAGE);
  return all;
}
