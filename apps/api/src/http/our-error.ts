// Errors of Express, its parsers and the store's driver become ours here. A foreign message is never shown: it may quote
// the body, and a body may hold a password.
import { codeOf, type ErrorCode, PlatformError } from '@berth/core';
import { isStoreUnreachable } from '@berth/store';

/** What http-errors calls it (`type`), or else its status. */
const BY_TYPE: Record<string, [ErrorCode, string]> = {
  'entity.parse.failed': ['malformed_body', 'The body is not what its Content-Type says.'],
  'entity.too.large': ['body_too_large', 'The body may have 100 kB.'],
  'parameters.too.many': ['body_too_large', 'The body has too many fields.'],
  'charset.unsupported': ['unsupported_media_type', 'Send the body in UTF-8.'],
  'encoding.unsupported': ['unsupported_media_type', 'Send the body as it is, or in gzip, deflate or br.'],
};
const BY_STATUS: Record<number, [ErrorCode, string]> = {
  400: ['malformed_body', 'The request cannot be read.'],
};

/** Our error of anything thrown: itself if it is ours, `internal` with the cause if it is nobody's. */
export function ourErrorOf(error: unknown): PlatformError {
  if (error instanceof PlatformError) return error;
  if (error instanceof URIError) return new PlatformError('not_found', 'There is nothing at this address.');
  const known =
    BY_TYPE[textOf(error, 'type')] ?? (isHttpError(error) ? BY_STATUS[numberOf(error, 'status')] : undefined);
  if (known !== undefined) return new PlatformError(...known);
  if (isStoreUnreachable(error)) {
    return new PlatformError('store_unreachable', 'Berth cannot reach its store. Ask again in a moment.', {
      cause: error,
    });
  }
  return new PlatformError(codeOf(error), 'Something broke in Berth. Its log says what.', { cause: error });
}

/** http-errors says by `expose` that an error is the caller's. */
function isHttpError(error: unknown): boolean {
  return property(error, 'expose') === true;
}

function textOf(error: unknown, key: string): string {
  const value = property(error, key);
  return typeof value === 'string' ? value : '';
}

function numberOf(error: unknown, key: string): number {
  const value = property(error, key);
  return typeof value === 'number' ? value : 0;
}

function property(error: unknown, key: string): unknown {
  return typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined;
}
