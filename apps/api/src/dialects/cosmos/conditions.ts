// Conditions of a request: on what the resource is, by its etag.
import { fieldError } from '@berth/core';
import type { Call } from '../../http/route';

/** Of the error for a resource that is another than the caller thinks. */
export const IF_MATCH_FIELD = 'If-Match';

/** Whether the caller has this one already (`If-None-Match`). */
export function isKnown({ request }: Call, etag: string): boolean {
  return isAmong(request.get('if-none-match'), etag);
}

/** Throws `contradicts`, with the field `IF_MATCH_FIELD`, where the caller means another one (`If-Match`). */
export function refuseOther({ request }: Call, etag: string): void {
  const asked = request.get('if-match');
  if (asked === undefined || isAmong(asked, etag)) return;
  throw fieldError(
    'contradicts',
    IF_MATCH_FIELD,
    'Operation cannot be performed because one of the specified precondition is not met.',
  );
}

/** A `*`, or one of a list; with or without its quotes, for the product's portal leaves them out. */
function isAmong(header: string | undefined, etag: string): boolean {
  const asked = (header ?? '').split(',').map((each) => each.trim());
  return asked.some((each) => each === '*' || each === etag || `"${each}"` === etag);
}
