// Pages by number, or the word `last`. A page beyond the end is not there, as the product has it; a page size that is
// none is not heard.
import { PlatformError } from '@berth/core';
import type { Placed } from '@berth/store';
import type { Call } from '../../http/route';

const PAGE_SIZE = 10;
const PAGE_SIZE_MAX = 100;
/** Further than anybody's list goes: the store counts in integers. */
const PAGE_MAX = 1_000_000;

export interface AskedPage {
  /** Null for the last one. */
  number: number | null;
  size: number;
}

/** Throws `not_found` for a page that is no number. */
export function askedPage({ request }: Call): AskedPage {
  const { page = '1', page_size: size } = request.query;
  const isSize = typeof size === 'string' && /^[1-9]\d{0,6}$/.test(size);
  const asked = { size: isSize ? Math.min(Number(size), PAGE_SIZE_MAX) : PAGE_SIZE };
  if (page === 'last') return { ...asked, number: null };
  if (typeof page === 'string' && /^[1-9]\d{0,6}$/.test(page))
    return { ...asked, number: Math.min(Number(page), PAGE_MAX) };
  throw noPage();
}

/** The page, read with where it begins and how long it is. Throws `not_found` beyond the end; the first is always there. */
export async function readPage<T>(
  { number, size }: AskedPage,
  read: (skip: number, take: number) => Promise<Placed<T>>,
): Promise<Placed<T>> {
  if (number === null) {
    const { total } = await read(0, 1);
    return read((pagesOf(total, size) - 1) * size, size);
  }
  const placed = await read((number - 1) * size, size);
  if (number > pagesOf(placed.total, size)) throw noPage();
  return placed;
}

/** The page of a list that is at hand. */
export function slice<T>(list: T[]): (skip: number, take: number) => Promise<Placed<T>> {
  return async (skip, take) => ({ data: list.slice(skip, skip + take), total: list.length });
}

/** Of a page at this URL: absolute URLs with the rest of the query as it is, null where there is no such page. */
export function pageLinks(url: string, { number, size }: AskedPage, total: number) {
  const pages = pagesOf(total, size);
  const current = number ?? pages;
  return {
    previous: current > 1 ? withPage(url, current - 1) : null,
    next: current < pages ? withPage(url, current + 1) : null,
  };
}

function pagesOf(total: number, size: number): number {
  return Math.max(Math.ceil(total / size), 1);
}

function withPage(url: string, number: number): string {
  const [address = '', query = ''] = url.split('?', 2);
  const parts = query.split('&').filter((part) => part !== '' && !/^page(=|$)/.test(part));
  return `${address}?${[...parts, `page=${number}`].join('&')}`;
}

function noPage(): PlatformError {
  return new PlatformError('not_found', 'There is no such page.');
}
