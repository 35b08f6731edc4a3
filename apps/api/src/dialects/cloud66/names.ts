// What a caller may name a thing. The product gives no rule; this one every engine can hold as it stands.
import { z } from 'zod';

/** A letter, then letters, digits and underscores, 63 bytes at most. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/;
const NAME_RULE = 'begins with a letter, has only letters (a-z, A-Z), digits and _, and at most 63 of them';

export const newName = z.string().regex(NAME, NAME_RULE);

/** The product lists the path's parameters beside those of the body; clients that send them twice mean the path. */
export const ofPath = {
  stack_id: z.unknown().optional(),
  server_group_id: z.unknown().optional(),
};
