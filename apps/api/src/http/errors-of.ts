// What a route may refuse: what follows from what it takes, and what it says of itself.
import { ERRORS, type ErrorCode } from '@berth/core';
import { z } from 'zod';
import type { DocumentedRoute, Route } from './route';

/** Whether it changes something, and takes an Idempotency-Key. */
export function isWrite({ method }: Pick<Route, 'method'>): boolean {
  return method !== 'get';
}

/** Its codes, in the order of the table. Without scopes only what it says itself. */
export function errorsOf({ operation, ...route }: DocumentedRoute): ErrorCode[] {
  const { body, errors, query, scopes } = operation;
  const codes = new Set<string>(errors);
  if (scopes.length > 0) {
    for (const code of ['unauthenticated', 'missing_scope', 'too_many_requests', 'invalid_request']) codes.add(code);
    for (const code of ['store_unreachable', 'internal']) codes.add(code);
  }
  if (route.path.includes(':')) codes.add('not_found');
  if (query instanceof z.ZodObject && 'cursor' in query.shape) codes.add('invalid_cursor');
  if (body !== null) for (const code of ['malformed_body', 'body_too_large', 'unsupported_media_type']) codes.add(code);
  if (isWrite(route)) for (const code of ['key_reused', 'repeated']) codes.add(code);
  return Object.keys(ERRORS).filter((code): code is ErrorCode => codes.has(code));
}
