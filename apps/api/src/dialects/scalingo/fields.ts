// What a body says, field by field, refused in the product's words. Fields that are not known are not read: clients of several
// versions send those of their own.
import { type FieldProblem, fieldError, PlatformError } from '@berth/core';
import { readBody } from '../../http/body';
import type { Call } from '../../http/route';

/** A body's fields, not yet read. */
export type Fields = Record<string, unknown>;

const MISSING = 'missing field';

/**
 * The fields under their root, `{"database": {…}}`, or those of the body itself, as go-scalingo sends them. Throws `malformed_body`
 * and its like; `invalid_request` where there is no object to read.
 */
export async function readFields(call: Call, root: string): Promise<{ fields: Fields; isRooted: boolean }> {
  const body = fieldsOf(await readBody(call));
  const isRooted = body !== null && Object.hasOwn(body, root);
  const fields = isRooted ? fieldsOf(body[root]) : body;
  if (fields === null || (!isRooted && Object.keys(fields).length === 0)) {
    throw fieldError('invalid_request', root, MISSING);
  }
  return { fields, isRooted };
}

export interface FieldReader {
  /** The first of these that is sent, told of by the name of the first. Empty where it is missing or wrong. */
  text(name: string, ...otherNames: string[]): string;
  /** The same, null where none is sent, or an empty one. */
  optionalText(name: string, ...otherNames: string[]): string | null;
  /** Default false. */
  flag(name: string): boolean;
  /** Something else is wrong with it. */
  refuse(field: string, message: string): void;
  /** Throws `invalid_request` with everything that is wrong, where anything is. */
  close(): void;
}

/** Reads several fields, and tells what is wrong with all of them at once. */
export function openFields(fields: Fields): FieldReader {
  const problems: FieldProblem[] = [];
  const refuse = (field: string, message: string) => void problems.push({ field, message });
  const sent = (names: string[]) => {
    return names.map((name) => fields[name]).find((value) => value !== undefined && value !== null) ?? null;
  };
  const optionalText = (name: string, ...otherNames: string[]): string | null => {
    const value = sent([name, ...otherNames]);
    if (value === null || value === '') return null;
    if (typeof value === 'string') return value;
    refuse(name, 'should be a string');
    return '';
  };
  return {
    optionalText,
    text(name, ...otherNames) {
      const value = optionalText(name, ...otherNames);
      if (value === null) refuse(name, MISSING);
      return value ?? '';
    },
    flag(name) {
      const value = sent([name]) ?? false;
      if (typeof value === 'boolean') return value;
      refuse(name, 'should be true or false');
      return false;
    },
    refuse,
    close() {
      if (problems.length === 0) return;
      const names = problems.map(({ field }) => field).join(', ');
      throw new PlatformError('invalid_request', `Please correct: ${names}.`, { fields: problems });
    },
  };
}

function fieldsOf(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : null;
}
