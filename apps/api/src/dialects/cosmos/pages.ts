// Pages of the product: how many are asked for, and after which one. The continuation is the `_rid` of the last one seen, so that
// what comes or goes meanwhile moves no other.
import { PlatformError } from '@berth/core';
import type { Access, Store } from '@berth/store';
import type { Call } from '../../http/route';
import { standingFor } from '../../http/standing';
import { numberOfResourceId } from './resource-id';

const PAGE_SIZE = 100;
const PAGE_SIZE_MAX = 1_000;

export interface AskedPage {
  take: number;
  /** The number of the last one that was seen; 0 on the first page. */
  after: number;
}

/** Throws `invalid_request` for a size that is none, and for a continuation that no list of this account was given. */
export async function askedPage(store: Store, access: Access, { request }: Call): Promise<AskedPage> {
  const take = takeOf(request.get('x-ms-max-item-count') ?? '-1');
  const continuation = request.get('x-ms-continuation');
  if (continuation === undefined) return { take, after: 0 };
  const after = numberOfResourceId(continuation);
  if (after === null || !(await store.databases.isNumberHeld(standingFor(access), after))) {
    throw new PlatformError('invalid_request', 'Invalid Continuation Token');
  }
  return { take, after };
}

/** `-1` leaves it to the server. */
function takeOf(text: string): number {
  if (text === '-1') return PAGE_SIZE;
  const asked = /^\d{1,9}$/.test(text) ? Number(text) : 0;
  if (asked >= 1) return Math.min(asked, PAGE_SIZE_MAX);
  const message =
    "The value of 'x-ms-max-item-count' specified in the request is invalid: it is to be -1, or a whole number above 0 with nine digits at most.";
  throw new PlatformError('invalid_request', message);
}
