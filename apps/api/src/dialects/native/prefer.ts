// The `Prefer` header (RFC 7240), of which `wait` is honoured.
import type { Request } from 'express';

/** Longer than this no request is held open: proxies end them after a minute. */
const WAIT_S_MAX = 60;

/** Seconds of `Prefer: wait=N`, at most 60; null when it is not there or no number. The first one counts (RFC 7240, 2). */
export function readWait(request: Request): number | null {
  for (const preference of (request.get('prefer') ?? '').split(',')) {
    const [name = '', value = ''] = (preference.split(';')[0] ?? '').split('=');
    if (name.trim().toLowerCase() !== 'wait') continue;
    const seconds = /^"?(\d{1,9})"?$/.exec(value.trim())?.[1];
    return seconds === undefined ? null : Math.min(Number(seconds), WAIT_S_MAX);
  }
  return null;
}
