// Documents: reading their fields, choosing them by a filter, changing them by operators. What is not known is refused.
import { calculateObjectSize, type Document, EJSON, Long } from 'bson';
import { CommandError } from './command-error';

/** A field that has to be text. */
export function textOf(body: Document, field: string): string {
  const value: unknown = body[field];
  if (typeof value !== 'string') throw new CommandError('BadValue', `'${field}' has to be a string`);
  return value;
}

/** A field that has to be a list of documents; none where it is left out. */
export function documentsOf(body: Document, field: string): Document[] {
  const value: unknown = body[field] ?? [];
  if (!Array.isArray(value) || !value.every(isDocument)) {
    throw new CommandError('BadValue', `'${field}' has to be an array of documents`);
  }
  return value;
}

/** A field that has to be a document; empty where it is left out. */
export function documentOf(body: Document, field: string): Document {
  const value: unknown = body[field] ?? {};
  if (!isDocument(value)) throw new CommandError('BadValue', `'${field}' has to be an object`);
  return value;
}

function isDocument(value: unknown): value is Document {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Equality by value, as the server compares: a UUID is not the text of it. */
export function isSame(one: unknown, other: unknown): boolean {
  return EJSON.stringify([one]) === EJSON.stringify([other]);
}

/**
 * Whether a document is meant: fields by value, `a.b` inside an array of documents, `$in`, `$ne`, `$size`, `$gt` of texts, by their bytes.
 */
export function matches(document: Document, filter: Document): boolean {
  return Object.entries(filter).every(([path, wanted]: [string, unknown]) => {
    if (path.startsWith('$')) throw new CommandError('BadValue', `unknown top level operator: ${path}`);
    const found = valuesAt(document, path.split('.'));
    if (!isOperators(wanted)) return found.some((value) => isSame(value, wanted));
    return Object.entries(wanted).every(([operator, operand]) => isMet(found, operator, operand));
  });
}

function isOperators(wanted: unknown): wanted is Document {
  return isDocument(wanted) && Object.keys(wanted).some((key) => key.startsWith('$'));
}

function isMet(found: unknown[], operator: string, operand: unknown): boolean {
  switch (operator) {
    case '$in':
      return Array.isArray(operand) && operand.some((each) => found.some((value) => isSame(value, each)));
    case '$ne':
      return !found.some((value) => isSame(value, operand));
    case '$size':
      return found.some((value) => Array.isArray(value) && value.length === operand);
    case '$gt':
      if (typeof operand !== 'string') throw new CommandError('BadValue', 'The double compares texts alone by $gt');
      return found.some((value) => typeof value === 'string' && compareTexts(value, operand) > 0);
    default:
      throw new CommandError('BadValue', `unknown operator: ${operator}`);
  }
}

/** As the server does where no collation is named. */
export function compareTexts(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

/** The fields that are asked for, each by 1, `a.b` too, and `_id`. */
export function projected(document: Document, fields: Document): Document {
  if (Object.values(fields).some((how) => how !== 1)) {
    throw new CommandError('BadValue', 'The double projects by 1 alone');
  }
  const chosen: Document = { _id: document._id };
  for (const path of Object.keys(fields)) {
    const [field = '', ...rest] = path.split('.');
    if (!(field in document)) continue;
    const value: unknown = document[field];
    if (rest.length === 0) chosen[field] = value;
    else if (isDocument(value)) {
      const { _id, ...inside } = projected(value, { [rest.join('.')]: 1 });
      chosen[field] = { ...chosen[field], ...inside };
    }
  }
  return chosen;
}

/** What a path leads to; an array stands for itself and for each of its elements. */
function valuesAt(value: unknown, [field, ...rest]: string[]): unknown[] {
  if (field === undefined) return Array.isArray(value) ? [value, ...value] : [value];
  if (Array.isArray(value)) return value.flatMap((each) => valuesAt(each, [field, ...rest]));
  return isDocument(value) ? valuesAt(value[field], rest) : [null]; // what is not there is null
}

/** The document after `$set`, `$setOnInsert`, `$addToSet`, `$push` and `$pull`. */
export function changed(document: Document, operators: Document, isInsert: boolean): Document {
  const after: Document = { ...document };
  for (const [operator, fields] of Object.entries(operators)) {
    for (const [field, value] of Object.entries(documentOf({ fields }, 'fields'))) {
      applyOperator(after, operator, field, value, isInsert);
    }
  }
  return after;
}

function applyOperator(after: Document, operator: string, field: string, value: unknown, isInsert: boolean): void {
  const list: unknown[] = Array.isArray(after[field]) ? after[field] : [];
  switch (operator) {
    case '$setOnInsert':
      if (isInsert) after[field] = value;
      return;
    case '$set':
      after[field] = value;
      return;
    case '$push':
      after[field] = [...list, value];
      return;
    case '$addToSet':
      after[field] = list.some((each) => isSame(each, value)) ? list : [...list, value];
      return;
    case '$pull':
      after[field] = list.filter((each) => !isPulled(each, value));
      return;
    default:
      throw new CommandError('BadValue', `Unknown modifier: ${operator}`);
  }
}

function isPulled(each: unknown, value: unknown): boolean {
  if (isOperators(value)) return Object.entries(value).every(([operator, operand]) => isMet([each], operator, operand));
  return isDocument(value) && isDocument(each) ? matches(each, value) : isSame(each, value);
}

/** A cursor that has told everything with its first batch. */
export function cursorOf(ns: string, firstBatch: Document[]): Document {
  return { id: Long.ZERO, ns, firstBatch };
}

/** Bytes of the documents together. */
export function sizeOf(documents: Document[]): number {
  return documents.reduce((sum, document) => sum + calculateObjectSize(document), 0);
}
