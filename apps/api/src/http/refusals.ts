// Writes that were refused go into the audit, at the one place where errors end. What cannot be recorded is logged, and
// never changes the answer.
import { type Context, type RefusalsLeftOut, recordLeftOut, recordRefusal } from '@berth/actions';
import { ERRORS, ID_PREFIXES, type IdNoun, isId, type PlatformError, within } from '@berth/core';
import type { Request, Response } from 'express';
import { findNotedAccess, notedAccess, routeOf } from './access-log';
import { addressOf } from './address';
import { openFlood } from './flood';
import type { Watch } from './watch';

/** Reads change nothing; everything else was to. */
const READS = ['GET', 'HEAD', 'OPTIONS'];
/** No answer waits longer than this for its refusal to be recorded. */
const RECORD_MS_MAX = 2_000;

export interface Refusals {
  /** Resolves when it is recorded, or will not be. Never throws. */
  record(error: PlatformError, request: Request, response: Response): Promise<void>;
  /** Tells what was left out of the minutes that are over, on the occasion of any request, which does not wait for it. */
  watch: Watch;
}

/** The refusals of one API process. What is counted when it stops is told then, best effort. */
export function openRefusals(context: Context & { stopping: AbortSignal }): Refusals {
  const flood = openFlood(context);
  const tell = async (which: 'over' | 'all') => {
    for (const leftOut of flood.take(which)) await recordCount(context, leftOut);
  };
  context.stopping.addEventListener('abort', () => void tell('all'), { once: true });
  return {
    watch() {
      void tell('over');
      return null;
    },
    async record(error, request, response) {
      const { status } = ERRORS[error.code];
      const isDeed = !READS.includes(request.method) || response.locals.isDeed === true;
      if (!isDeed || !(status < 500 || status === 501 || status === 507)) return;
      const access = findNotedAccess(response);
      const address = addressOf(request);
      void tell('over');
      if (!flood.admits({ access, address, errorCode: error.code })) return;
      const deed = `${request.method} ${routeOf(request)}`;
      const refusal = { deed, errorCode: error.code, access, address, subjectId: notedSubject(response) };
      try {
        await within(RECORD_MS_MAX, 'The audit', recordRefusal(context, refusal));
      } catch (failure) {
        const fields = { method: request.method, code: error.code, error: failure, ...notedAccess(response) };
        context.log.error(fields, 'A refused write could not be recorded in the audit');
      }
    },
  };
}

/**
 * Remembers what a request is about, if its path says so by one of our ids: by the time an error ends the path has been
 * taken apart again.
 */
export function noteSubject({ params }: Request, response: Response): void {
  const { id } = params;
  if (typeof id === 'string' && NOUNS.some((noun) => isId(noun, id))) response.locals.subjectId = id;
}

/** A read that counts as a deed, for it was to show a secret: its refusal is recorded as a write's is. */
export function noteDeed(response: Response): void {
  response.locals.isDeed = true;
}

const NOUNS = Object.keys(ID_PREFIXES).filter((noun): noun is IdNoun => noun in ID_PREFIXES);

function notedSubject(response: Response): string | null {
  const subjectId: unknown = response.locals.subjectId;
  return typeof subjectId === 'string' ? subjectId : null;
}

/** One entry for all of them. Never throws. */
async function recordCount(context: Context, leftOut: RefusalsLeftOut): Promise<void> {
  const { access, count } = leftOut;
  const fields = { count, ...(access !== null && { accessId: access.id }) };
  context.log.warn(fields, 'Refusals were left out of the audit: too many came in a minute');
  try {
    await within(RECORD_MS_MAX, 'The audit', recordLeftOut(context, leftOut));
  } catch (error) {
    context.log.error({ ...fields, error }, 'How many refusals were left out could not be recorded in the audit');
  }
}
