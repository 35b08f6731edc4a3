// The date that a request was signed at. It must be near to now, so that a signature which somebody overheard is worth little;
// inside that window a request may be repeated, as with the product.
import { fieldError, PlatformError } from '@berth/core';
import type { SentDates } from './signature';

/** The window in messages of the product: github.com/microsoft/vscode-cosmosdb/issues/842 */
const WINDOW_MS = 15 * 60 * 1_000;

/** Of the error for a date that is too far from now: forbidden, and no question of who asks. */
export const DATE_FIELD = 'x-ms-date';

/**
 * Throws `unauthenticated` for a date that is missing or not in the form of RFC 1123; with the field `DATE_FIELD` for one that
 * is more than fifteen minutes from `now`. Asked before any key is tried: an overheard request that is too old says nothing of its key.
 */
export function refuseDate({ date, xMsDate }: SentDates, now: Date): void {
  const text = xMsDate === '' ? date : xMsDate;
  const sentAtMs = Date.parse(text);
  if (Number.isNaN(sentAtMs) || new Date(sentAtMs).toUTCString().toLowerCase() !== text.toLowerCase()) {
    const message = 'Authorization token mandates Date header. Please pass in RFC 1123 style date format.';
    throw new PlatformError('unauthenticated', message);
  }
  if (Math.abs(now.getTime() - sentAtMs) <= WINDOW_MS) return;
  const [start, expiry] = [new Date(sentAtMs), new Date(sentAtMs + WINDOW_MS)].map((each) => each.toUTCString());
  const times = `token start time: ${start}, token expiry time: ${expiry}, current server time: ${now.toUTCString()}`;
  const message = 'The authorization token is not valid at the current time. Please create another token and retry';
  throw fieldError('unauthenticated', DATE_FIELD, `${message} (${times}).`);
}
