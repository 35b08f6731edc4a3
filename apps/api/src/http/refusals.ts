// Writes that were refused go into the audit, at the one place where errors end. What cannot be recorded is logged, and
// never changes the answer.
import { type Context, recordRefusal } from '@berth/actions';
import { type Clock, ERRORS, ID_PREFIXES, type IdNoun, isId, type PlatformError, within } from '@berth/core';
import type { Request, Response } from 'express';
import { findNotedAccess, notedAccess, routeOf } from './access-log';
import { addressOf } from './address';

/** Reads change nothing; everything else was to. */
const READS = ['GET', 'HEAD', 'OPTIONS'];
/** No answer waits longer than this for its refusal to be recorded. */
const RECORD_MS_MAX = 2_000;

/**
 * A stranger must not be able to fill the store: of what is refused to callers who are not known, or who come too often, so
 * much is recorded in each minute by each process. The rest is counted, and the count is logged.
 */
const FLOOD = { windowMs: 60_000, perCallerMax: 10, allMax: 300 };

export interface Refusals {
  /** Resolves when it is recorded, or will not be. Never throws. */
  record(error: PlatformError, request: Request, response: Response): Promise<void>;
}

/** The refusals of one API process. */
export function openRefusals(context: Context): Refusals {
  const flood = openFlood(context);
  return {
    async record(error, request, response) {
      const { status } = ERRORS[error.code];
      const isDeed = !READS.includes(request.method) || response.locals.isDeed === true;
      if (!isDeed || !(status < 500 || status === 501 || status === 507)) return;
      const access = findNotedAccess(response);
      const address = addressOf(request);
      const mayFlood = access === null || error.code === 'too_many_requests';
      if (mayFlood && !flood.admits(access?.id ?? address ?? '')) return;
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

function openFlood({ clock, log }: { clock: Clock } & Pick<Context, 'log'>) {
  const counts = new Map<string, number>();
  let startedMs = clock.monotonicMs();
  let all = 0;
  let leftOut = 0;

  function begin(nowMs: number): void {
    if (leftOut > 0) log.warn({ count: leftOut }, 'Refusals were left out of the audit: too many came in a minute');
    counts.clear();
    startedMs = nowMs;
    all = 0;
    leftOut = 0;
  }

  return {
    /** Whether one more of this caller is recorded. */
    admits(caller: string): boolean {
      const nowMs = clock.monotonicMs();
      if (nowMs - startedMs >= FLOOD.windowMs) begin(nowMs);
      const count = counts.get(caller) ?? 0;
      if (count >= FLOOD.perCallerMax || all >= FLOOD.allMax) {
        leftOut += 1;
        return false;
      }
      counts.set(caller, count + 1);
      all += 1;
      return true;
    },
  };
}
