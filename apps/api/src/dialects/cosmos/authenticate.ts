// Who calls, in the way of Cosmos DB: every request is signed with a key of the account.
import type { Caller } from '@berth/actions';
import { PlatformError, type Scope } from '@berth/core';
import type { Request } from 'express';
import { addressOf } from '../../http/address';
import { admit, requireScope } from '../../http/bearer';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';
import type { Keys } from './keys';
import { refuseDate } from './request-date';
import { isSignedWith, payloadsOf, readSignature, type SentDates, type Target } from './signature';

/** What routes are given. */
export interface CosmosContext extends ApiContext {
  keys: Keys;
}

/** The day of a version of the product's API, whichever; more may follow. */
const VERSION = /^\d{4}-\d{2}-\d{2}/;

/**
 * The access that calls. Throws `unauthenticated`, with the date as its field where that is too far from now; `missing_scope`
 * unless it has the scope; `too_many_requests`; `invalid_request` without a version. Form and date are looked at first: what
 * they tell is the same for every key, and for none.
 */
export async function authenticate(
  api: CosmosContext,
  { request, response }: Call,
  target: Target,
  scope: Scope,
): Promise<Caller> {
  const signature = readSignature(request.get('authorization'));
  const dates = datesOf(request);
  refuseDate(dates, api.clock.now());
  const payloads = payloadsOf(request.method, target, dates);
  const access = await api.keys.find((key) => isSignedWith(key, payloads, signature), addressOf(request));
  if (access === null) throw wrongSignature(payloads[0] ?? '');
  const caller = await admit(api, request, response, access);
  if (!VERSION.test(request.get('x-ms-version') ?? '')) throw new PlatformError('invalid_request', NO_VERSION);
  requireScope(access, scope);
  return caller;
}

const NO_VERSION = 'Invalid API version. Ensure a valid x-ms-version header value is passed.';

function datesOf(request: Request): SentDates {
  return { xMsDate: (request.get('x-ms-date') ?? '').trim(), date: (request.get('date') ?? '').trim() };
}

/** Tells what was to be signed, as the product does: it holds nothing but what was sent. */
function wrongSignature(payload: string): PlatformError {
  const why =
    "The input authorization token can't serve the request. The wrong key is being used or the expected payload";
  const how = 'is not built as per the protocol. For more info: https://aka.ms/cosmosdb-tsg-unauthorized.';
  return new PlatformError('unauthenticated', `${why} ${how} Server used the following payload to sign: '${payload}'`);
}
