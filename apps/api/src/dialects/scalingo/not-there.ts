// What is not there, in the product's words, which differ from thing to thing.
import { PlatformError } from '@berth/core';

/** As the documentation of databases has it, without a resource. */
export function noDatabase(): PlatformError {
  return new PlatformError('not_found', 'Database not found');
}

/** Everything else names what it is. */
export function notThere(resource: string): PlatformError {
  const message = 'not found';
  return new PlatformError('not_found', message, { fields: [{ field: resource, message }] });
}
