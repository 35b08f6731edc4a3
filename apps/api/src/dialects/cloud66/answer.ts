// The envelopes: everything sits in `response`, with status 200 whatever was done; lists have a count and pages beside it.
import type { Placed } from '@berth/store';
import type { Call } from '../../http/route';

export const PER_PAGE = 30;

/** Further than anybody's list goes; a higher page is empty as well, and the store counts in integers. */
const PAGE_MAX = 1_000_000;

/** A page by its number, and where it lies in its list. */
export interface AskedPage {
  current: number;
  skip: number;
  take: number;
}

/** The page that `?page=` asks for; the first where it asks for none, for less than 1 or for what is no number. */
export function askedPage({ request }: Call): AskedPage {
  const { page } = request.query;
  const number = typeof page === 'string' && /^\d+$/.test(page) ? Number(page) : 1;
  const current = Math.min(Math.max(number, 1), PAGE_MAX);
  return { current, skip: (current - 1) * PER_PAGE, take: PER_PAGE };
}

/** One thing. */
export function sendOne({ response }: Call, thing: object): void {
  response.json({ response: thing });
}

/** One page. Clients follow it while `current` is less than `next`; a page beyond the end is empty and leads back. */
export function sendPage({ response }: Call, { current }: AskedPage, { data, total }: Placed<object>): void {
  const pages = Math.max(Math.ceil(total / PER_PAGE), 1);
  response.json({
    response: data,
    count: total,
    pagination: {
      previous: current === 1 ? null : Math.min(current - 1, pages),
      next: current < pages ? current + 1 : null,
      current,
      per_page: PER_PAGE,
      count: total,
      pages,
    },
  });
}
