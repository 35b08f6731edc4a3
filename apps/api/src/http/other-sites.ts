// What a page of another site has a browser send: with a cookie or a password that the browser adds by itself, because somebody
// used them there before. Programs say nothing of pages, and pass.
import { PlatformError } from '@berth/core';
import type { Request } from 'express';
import { hostOf } from './links';

/** Throws `missing_scope` when a page of another site made the browser send this. */
export function refuseOtherSites(request: Request): void {
  if (!isFromOtherSite(request)) return;
  throw new PlatformError('missing_scope', 'This may be asked for only from a page of Berth itself.');
}

/**
 * Browsers say where a request was made: all by `Origin`, newer ones over TLS by `Sec-Fetch-Site`; programs say nothing. The host is
 * the one they asked for, by the word of a trusted proxy as well.
 */
function isFromOtherSite(request: Request): boolean {
  const site = request.get('sec-fetch-site');
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  const origin = request.get('origin');
  if (origin === undefined) return false;
  return !URL.canParse(origin) || new URL(origin).host !== hostOf(request);
}
