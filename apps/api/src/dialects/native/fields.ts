// The fields that requests are made of. What passes here can be written to the store: text without control characters,
// and names that every engine can hold.
import { type IdNoun, isId, QUARANTINE_DAYS_MAX } from '@berth/core';
import type { PageRequest } from '@berth/store';
import { z } from 'zod';

const NAME = /^[a-z][a-z0-9_-]{0,62}$/;
/** What a label's key may be: a word, or words with `.`, `/`, `_`, `-` between them, as in other platforms. */
const LABEL_KEY = /^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$/;
const LABEL_LENGTH_MAX = 255;
const LABELS_MAX = 64;
/** As JSON: each change keeps them twice in the audit. */
const LABELS_BYTES_MAX = 16 * 1024;
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
  .refine(isPlainText, 'must not hold control characters')
  .describe('A name or an id.');

const charsetWord = z
  .string()
  .min(1, 'must not be empty')
  .max(REFERENCE_LENGTH_MAX, `may have ${REFERENCE_LENGTH_MAX} characters`)
  .refine(isPlainText, 'must not hold control characters');

/** Whether there is such a one, the engine's rules know. */
export const charset = charsetWord.describe(
  'One of `charsets` of its engine (`GET /v1/engines`). Default: UTF-8, or that of the collation.',
);

/** Whether there is such a one, its server knows alone. */
export const collation = charsetWord.describe(
  'As the engine names it: `utf8mb4_bin`, `latin1_german2_ci`; `C`, `de_DE.utf8`, `de-x-icu`. Default: the server’s own.',
);

const labelRecord = z
  .record(
    z.string().regex(LABEL_KEY),
    z
      .string()
      .max(LABEL_LENGTH_MAX, `may have ${LABEL_LENGTH_MAX} characters`)
      .refine(isPlainText, 'must not hold control characters'),
  )
  .refine((record) => Object.keys(record).length <= LABELS_MAX, `may have ${LABELS_MAX} entries`)
  .refine(
    (record) => Buffer.byteLength(JSON.stringify(record)) <= LABELS_BYTES_MAX,
    `may have ${LABELS_BYTES_MAX} bytes of JSON altogether`,
  );

/** zod's record leaves the key `__proto__` out without a word, and with it whatever the caller meant. */
export const labels = z
  .unknown()
  .superRefine((asked, context) => {
    if (typeof asked !== 'object' || asked === null || !Object.hasOwn(asked, '__proto__')) return;
    context.addIssue({ code: 'custom', path: ['__proto__'], message: 'is no name that is allowed here' });
  })
  .pipe(labelRecord)
  .meta({
    type: 'object',
    additionalProperties: { type: 'string', maxLength: LABEL_LENGTH_MAX },
    description: `Up to ${LABELS_MAX} words for programs. They are replaced as a whole.`,
  });

/** A whole number between two bounds, which the refusal names. */
export function wholeNumber(min: number, max: number) {
  const message = `must be a whole number from ${min} to ${max}`;
  return z.int({ error: message, abort: true }).min(min, message).max(max, message);
}

const SIZE_BYTES_MIN = 1024 ** 2;
const SIZE_BYTES_MAX = 1024 ** 5;

/** Room for one database: from 1 MiB to 1 PiB. */
export const sizeBytes = wholeNumber(SIZE_BYTES_MIN, SIZE_BYTES_MAX)
  .transform((bytes) => BigInt(bytes))
  .describe('In bytes.');

/** Days that a deleted database is kept; 0 keeps none; null leaves it to others. No more than it may be put off to. */
export const quarantineDays = wholeNumber(0, QUARANTINE_DAYS_MAX)
  .nullable()
  .describe('Days that a deleted database is kept; 0 keeps none, null leaves it to others.');

/** A moment, with its zone (RFC 3339). */
export const instant = z.iso
  .datetime({ offset: true, error: 'must be a time with its zone: 2030-01-31T00:00:00Z (RFC 3339)' })
  .transform((text) => new Date(text))
  // in UTC, as it is kept: PostgreSQL has no year 0, and JavaScript writes one after 9999 in another form
  .refine((time) => /^(?!0000)\d{4}-/.test(time.toISOString()), 'must be in the years 1 to 9999, in UTC');

/** A field that is what it is for good; `instead` says what to do. */
export function fixed(instead: string) {
  return z.undefined({ error: `cannot be changed: ${instead}` }).exactOptional();
}

/** The body of a PATCH: any of these fields, and at least one. */
export function changeOf<Shape extends z.ZodRawShape>(shape: Shape) {
  return z
    .strictObject(shape)
    .refine((change) => Object.keys(change).length > 0, { error: 'must name at least one field to change' });
}

/** Yes or no in a query. */
export const flag = z.enum(['true', 'false']).meta({ type: 'boolean', enum: [true, false] });

/** An id in a query. */
export function idOf(noun: IdNoun) {
  return z.string().refine((text) => isId(noun, text), `must be an id of a ${noun}`);
}

/** Narrows a list to those of one thing, by its name or id. */
export function ofThe(noun: string) {
  return reference.exactOptional().describe(`Only those of this ${noun}, by its name or id.`);
}

/** Narrows a list to the one of this name. */
export const ofName = reference.exactOptional().describe('Only the one of this name.');

/** The query of every list, as `pageOf` takes it. */
export const pageQuery = {
  cursor: z
    .string()
    .min(1)
    .max(REFERENCE_LENGTH_MAX)
    .optional()
    .describe('Where the page begins: `next_cursor` of the page before, as it stands.'),
  limit: z
    .string()
    .refine((text) => /^[1-9]\d*$/.test(text) && Number(text) <= LIMIT_MAX, `must be a number from 1 to ${LIMIT_MAX}`)
    .meta({ type: 'integer', minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT })
    .optional()
    .describe('How many a page holds.'),
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
