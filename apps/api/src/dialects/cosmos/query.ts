// The little of the product's SQL that is of use for databases: all of them, or the one of an id.
import { PlatformError } from '@berth/core';
import { readBody } from '../../http/body';
import type { Call } from '../../http/route';

/** What is asked for: the one of this id, or with null all. */
export interface AskedQuery {
  id: string | null;
}

const LENGTH_MAX = 1_000;

const NAME = '[A-Za-z_][A-Za-z0-9_]*';
const PROPERTY = `(?:\\.id|\\[\\s*(?:"id"|'id')\\s*\\])`;
const VALUE = `@${NAME}|'[^'\\\\]*'|"[^"\\\\]*"`;
const FROM = `FROM\\s+(?<root>${NAME})(?:\\s+(?:AS\\s+)?(?!WHERE\\b)(?<alias>${NAME}))?`;
const WHERE = `WHERE\\s+(?<subject>${NAME})\\s*${PROPERTY}\\s*=\\s*(?<value>${VALUE})`;
const QUERY = new RegExp(`^SELECT\\s+(?:\\*|VALUE\\s+(?<shown>${NAME}))\\s+${FROM}(?:\\s+${WHERE})?\\s*;?$`, 'i');

/** Throws `invalid_request` for a query of any other kind, saying which there are. */
export async function readQuery(call: Call): Promise<AskedQuery> {
  return parseQuery(await readBody(call, ['anyAsJson']));
}

/** The same of a body that is read. */
export function parseQuery(body: unknown): AskedQuery {
  const { parameters, query } = bodyOf(body);
  if (typeof query !== 'string' || query.length > LENGTH_MAX) throw notSupported();
  const { alias, root, shown, subject, value } = QUERY.exec(query.trim())?.groups ?? {};
  const name = alias ?? root;
  if (name === undefined || (shown ?? name) !== name || (subject ?? name) !== name) throw notSupported();
  if (value === undefined) return { id: null };
  return { id: value.startsWith('@') ? parameterOf(parameters, value) : value.slice(1, -1) };
}

function bodyOf(body: unknown): Record<string, unknown> {
  return typeof body === 'object' && body !== null ? { ...body } : {};
}

/** What is no text is the id of nothing. */
function parameterOf(parameters: unknown, name: string): string {
  const all: unknown[] = Array.isArray(parameters) ? parameters : [];
  const given = all.map(bodyOf).find((each) => each.name === name);
  if (given === undefined)
    throw new PlatformError('invalid_request', `The query has no value for the parameter ${name}.`);
  return typeof given.value === 'string' ? given.value : '';
}

function notSupported(): PlatformError {
  const kinds = 'SELECT * FROM root r, with or without WHERE r.id = @id';
  return new PlatformError('invalid_request', `Of databases there are queries of this kind alone: ${kinds}.`);
}
