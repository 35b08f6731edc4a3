// Ids as the API's document tells them.
import { ID_PREFIXES, type IdNoun } from '@berth/core';
import { z } from 'zod';

/** An id that is sent: a prefix, and a UUIDv7 in base32 (a TypeID). Of what comes in `isId` says more. */
export function idShape(noun: IdNoun) {
  return z.string().regex(new RegExp(`^${ID_PREFIXES[noun]}_[0-7][0-9a-hjkmnp-tv-z]{25}$`));
}
