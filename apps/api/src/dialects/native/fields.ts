// The fields that requests are made of. What passes here can be written to the store: text without control characters,
// and names that every engine can hold.
import { type IdNoun, isId } from '@berth/core';
import type { PageRequest } from '@berth/store';
import { z } from 'zod';

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
/** What a label's key may be: a word, or words with `.`, `/`, `_`, `-` between them, as in other platforms. */
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const LABEL_LENGTH_MAX = 255;
const LABELS_MAX = 64;
const REFERENCE_LENGTH_MAX = 100;
const LIMIT_MAX = 100;
const LIMIT_DEFAULT = 30;

/** PostgreSQL takes neither NUL nor half a character; other control characters have no place in a name either. */
const isPlainText = (text: string) => !/[\p{Cc}\p{Surrogate}]/u.test(text);

/** A new name: of a database, a login, a server. */
export const newName = z
  .string()
  .regex(NAME, 'must be 1 to 63 of a-z, 0-9, _ and -, beginning with a letter (^[a-z][a-z0-9_-]{0,62}$)');

/** The name or the id of something that should exist; whether it does is not known here. */
export const reference = z
  .string()
  .min(1, 'must not be empty')
  .max(REFERENCE_LENGTH_MAX, `may have ${REFERENCE_LENGTH_MAX} characters`)
  .refine(isPlainText, 'must not hold control characters');

export const labels = z
  .record(
    z.string().regex(LABEL_KEY),
    z
      .string()
      .max(LABEL_LENGTH_MAX, `may have ${LABEL_LENGTH_MAX} characters`)
      .refine(isPlainText, 'must not hold control characters'),
  )
  .refine((record) => Object.keys(record).length <= LABELS_MAX, `may have ${LABELS_MAX} entries`);

/** An id in a query. */
export function idOf(noun: IdNoun) {
  return z.string().refine((text) => isId(noun, text), `must be an id of a ${noun}`);
}

/** The query of every list, as `pageOf` takes it. */
export const pageQuery = {
  cursor: z.string().min(1).max(REFERENCE_LENGTH_MAX).optional(),
  limit: z
    .string()
    .refine((text) => /^[1-9]\d*$/.test(text) && Number(text) <= LIMIT_MAX, `must be a number from 1 to ${LIMIT_MAX}`)
    .optional(),
};

/** The page that was asked for. */
export function pageOf(query: { cursor?: string | undefined; limit?: string | undefined }): PageRequest {
  return { cursor: query.cursor ?? null, limit: query.limit === undefined ? LIMIT_DEFAULT : Number(query.limit) };
}

/** A list as it is sent. */
export function showPage<Row>(page: { data: Row[]; nextCursor: string | null }, show: (row: Row) => object) {
  return { data: page.data.map(show), next_cursor: page.nextCursor };
}

/** A query or body without any field. */
export const nothing = z.strictObject({});
