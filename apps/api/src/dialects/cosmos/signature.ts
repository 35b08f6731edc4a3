// How a request is signed with a master key: an HMAC over what is asked, of what, and when. Nothing here knows whose key it is.
// As the product documents it: learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources
import { createHmac, timingSafeEqual } from 'node:crypto';
import { PlatformError, type Secret } from '@berth/core';

/** What a request is about, as its signature says it. */
export interface Target {
  /** Empty for the account. */
  resourceType: '' | 'dbs';
  /** Each way in which clients write it; the case is kept, and nothing is percent-encoded. */
  resourceLinks: string[];
}

/** The dates of a request, as they were sent; empty where one was not. */
export interface SentDates {
  xMsDate: string;
  date: string;
}

/** 32 bytes in base64. */
const SIGNATURE = /^[A-Za-z0-9+/]{43}=$/;

/**
 * The signature in the header `authorization`, which is URL-encoded whole, with escapes of either case, and in which `+` is no
 * space. Throws `unauthenticated`, saying what is wrong with its form.
 */
export function readSignature(header: string | undefined): Buffer {
  if (header === undefined || header.trim() === '') {
    throw refused('Required Header authorization is missing. Ensure a valid Authorization token is passed.');
  }
  const parts = partsOf(header.trim());
  const type = parts.get('type');
  if (type === 'resource' || type === 'aad') {
    throw refused(`Authorization tokens of the type ${type} are not taken here: sign the request with a master key.`);
  }
  const signature = parts.get('sig') ?? '';
  if (type !== 'master' || parts.get('ver') !== '1.0' || !SIGNATURE.test(signature)) {
    throw refused(
      'The format of the input authorization token is invalid: it is to be type=master&ver=1.0&sig=<signature>, URL-encoded.',
    );
  }
  return Buffer.from(signature, 'base64');
}

/** What is signed, in the product's words: for every way to write the resource one text. */
export function payloadsOf(
  verb: string,
  { resourceType, resourceLinks }: Target,
  { date, xMsDate }: SentDates,
): string[] {
  const dates = [xMsDate, xMsDate === '' ? date : ''].map((each) => each.toLowerCase());
  return resourceLinks.map((link) => [verb.toLowerCase(), resourceType, link, ...dates, ''].join('\n'));
}

/** Whether this key made the signature of one of these; told in the same time for every wrong one. */
export function isSignedWith(key: Secret, payloads: string[], signature: Buffer): boolean {
  const bytes = Buffer.from(key.reveal(), 'base64');
  const matches = payloads.map((payload) => {
    const right = createHmac('sha256', bytes).update(payload).digest();
    return signature.length === right.length && timingSafeEqual(signature, right);
  });
  return matches.includes(true);
}

/** `name=value` pairs; a value may have `=` in it. Empty for what is no URL encoding. */
function partsOf(header: string): Map<string, string> {
  const text = decoded(header);
  return new Map(
    text.split('&').map((part) => {
      const end = part.indexOf('=');
      return [part.slice(0, Math.max(end, 0)), part.slice(end + 1)];
    }),
  );
}

function decoded(header: string): string {
  try {
    return decodeURIComponent(header);
  } catch {
    return ''; // no URL encoding: then it has no parts either
  }
}

function refused(message: string): PlatformError {
  return new PlatformError('unauthenticated', message);
}
