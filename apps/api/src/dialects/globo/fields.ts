// What a body says, field by field, refused in the product's words. Fields that are not known are not read, as the product
// has it: clients send those of its other versions.
import { type FieldProblem, PlatformError } from '@berth/core';
import { readBody } from '../../http/body';
import type { Call } from '../../http/route';
import { idInLink } from './links';

/** A body's fields, not yet read. */
export type Fields = Record<string, unknown>;

const NAME_LENGTH_MAX = 100;

export const REQUIRED = 'This field is required.';

/** JSON, a form or a multipart form; nothing is an empty one. Throws `invalid_request` for JSON that is no object. */
export async function readFields(call: Call): Promise<Fields> {
  const body = (await readBody(call, ['json', 'form', 'multipart'])) ?? {};
  if (typeof body === 'object' && !Array.isArray(body)) return { ...body };
  throw new PlatformError('invalid_request', 'Invalid data', {
    fields: [{ field: 'non_field_errors', message: 'Invalid data' }],
  });
}

export interface FieldReader {
  /** A text, at most so long as the product's names are; a number is one too. Empty where it is wrong. */
  text(field: string): string;
  /** The thing that a link leads to; null where it is wrong. */
  link<T>(field: string, resource: string, find: (number: number) => Promise<T | null>): Promise<T | null>;
  /** Something else is wrong with it. */
  refuse(field: string, message: string): void;
  /** Throws `invalid_request` with everything that is wrong, where anything is. */
  close(): void;
}

/** Reads several fields, and tells what is wrong with all of them at once. */
export function openFields(fields: Fields): FieldReader {
  const problems: FieldProblem[] = [];
  const refuse = (field: string, message: string) => void problems.push({ field, message });

  return {
    text(field) {
      const problem = problemOfText(fields[field]);
      if (problem !== null) refuse(field, problem);
      return problem === null ? String(fields[field]) : '';
    },
    async link(field, resource, find) {
      const value = fields[field];
      const id = isMissing(value) ? REQUIRED : idInLink(value, resource);
      const found = typeof id === 'number' ? await find(id) : null;
      if (typeof id === 'string') refuse(field, id);
      else if (found === null) refuse(field, 'Invalid hyperlink - object does not exist.');
      return found;
    },
    refuse,
    close() {
      if (problems.length === 0) return;
      const names = problems.map(({ field }) => field).join(', ');
      throw new PlatformError('invalid_request', `Please correct: ${names}.`, { fields: problems });
    },
  };
}

/** Not sent, null, or an empty text. */
export function isMissing(value: unknown): boolean {
  return value === undefined || value === null || value === '';
}

function problemOfText(value: unknown): string | null {
  if (isMissing(value)) return REQUIRED;
  if (typeof value !== 'string' && typeof value !== 'number') return 'Not a valid string.';
  const { length } = String(value);
  if (length <= NAME_LENGTH_MAX) return null;
  return `Ensure this value has at most ${NAME_LENGTH_MAX} characters (it has ${length}).`;
}
