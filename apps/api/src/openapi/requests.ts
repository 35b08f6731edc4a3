// What a request may hold: its path, its query, its headers and its body, each with the examples that belong together by
// their names.
import { isWrite } from '../http/errors-of';
import { EXAMPLE_IDS } from '../http/examples';
import { idShape } from '../http/id-shape';
import { examplesOf, type Operation, type ToldExample } from '../http/operation';
import type { DocumentedRoute } from '../http/route';
import type { Json, Schemas } from './schemas';

/** In the order path, query, headers. */
export function parametersOf(schemas: Schemas, route: DocumentedRoute): Json[] {
  const { operation } = route;
  const examples = examplesOf(operation);
  return [
    ...[...route.path.matchAll(/:(\w+)/g)].map(([, name = '']) => pathParameter(schemas, operation, name)),
    ...queryParameters(schemas, operation, examples),
    ...Object.entries(headersOf(operation)).map(([name, what]) => headerParameter(name, what, examples)),
    ...(isWrite(route) ? [{ $ref: '#/components/parameters/IdempotencyKey' }] : []),
  ];
}

const PREFER = '`wait=20` waits up to 20 seconds, 60 at most, for the end of the action (RFC 7240).';

function headersOf({ headers = {}, isWaitedFor }: Operation): Record<string, string> {
  return { ...headers, ...(isWaitedFor && { Prefer: PREFER }) };
}

function pathParameter(schemas: Schemas, { noun }: Operation, name: string): Json {
  const named = name === 'database_id' ? 'database' : noun;
  if (named === undefined || !isExampled(named)) throw new TypeError(`Nothing says what the parameter ${name} names.`);
  const schema = schemas.sent(idShape(named));
  const description = `The id of the ${named}.`;
  return { name, in: 'path', required: true, description, schema, example: EXAMPLE_IDS[named] };
}

function isExampled(noun: string): noun is keyof typeof EXAMPLE_IDS {
  return noun in EXAMPLE_IDS;
}

function queryParameters(schemas: Schemas, { query }: Operation, examples: ToldExample[]): Json[] {
  const { properties, required } = schemas.sent(query);
  return Object.entries(recordOf(properties)).map(([name, schema]) => {
    const { description, ...rest } = recordOf(schema);
    // a viewer fills in the first example by itself: never let that be a wish that nobody has
    const unsaid = rest.type === 'boolean' ? 'false' : undefined;
    const told = examples.flatMap((each) => {
      const value = each.query[name] ?? unsaid;
      return value === undefined ? [] : [[each.name, value] as const];
    });
    return {
      name,
      in: 'query',
      ...(Array.isArray(required) && required.includes(name) && { required: true }),
      ...(description !== undefined && { description }),
      schema: rest,
      ...(told.length > 0 && { examples: valuesOf(told.map(([key, value]) => [key, typed(rest, value)])) }),
    };
  });
}

/** As JSON has what a query has as text. */
function typed({ type }: Json, text: string): unknown {
  return type === 'integer' || type === 'boolean' ? JSON.parse(text) : text;
}

function headerParameter(name: string, description: string, examples: ToldExample[]): Json {
  const told = examples.flatMap((each) => {
    const value = each.headers[name];
    return value === undefined ? [] : [[each.name, value] as const];
  });
  const shown = told.length > 0 && { examples: valuesOf(told) };
  return { name, in: 'header', description, schema: { type: 'string' }, ...shown };
}

/** Null where no field is known. */
export function requestBodyOf(schemas: Schemas, operation: Operation): Json | null {
  if (operation.body === null) return null;
  const schema = schemas.sent(operation.body);
  if (Object.keys(recordOf(schema.properties)).length === 0) return null;
  const examples = examplesOf(operation).map(({ name, body }) => [name, body] as const);
  return {
    required: Array.isArray(schema.required) && schema.required.length > 0,
    content: { 'application/json': { schema, examples: valuesOf(examples) } },
  };
}

/** Examples as OpenAPI lists them. */
export function valuesOf(examples: (readonly [name: string, value: unknown])[]): Json {
  return Object.fromEntries(examples.map(([name, value]) => [name, { value }]));
}

function recordOf(value: unknown): Json {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
