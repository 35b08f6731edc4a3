// What a route answers: its successes with the examples that lead to them, its refusals by status, each with its codes.
import { ERRORS, type ErrorCode } from '@berth/core';
import { errorsOf, isWrite } from '../http/errors-of';
import { exampleOf } from '../http/example-of';
import { examplesOf, type Success, type ToldExample } from '../http/operation';
import type { DocumentedRoute } from '../http/route';
import { valuesOf } from './requests';
import type { Json, Schemas } from './schemas';
import { headersOf } from './words';

const JSON_TYPE = 'application/json';

export interface Responses {
  of(route: DocumentedRoute): Json;
  /** The refusals that routes share. */
  components(): Json;
}

export function openResponses(schemas: Schemas): Responses {
  const shared: Json = {};
  return { of: (route) => ({ ...successes(schemas, route), ...refusals(shared, route) }), components: () => shared };
}

function successes(schemas: Schemas, route: DocumentedRoute): Json {
  const { operation } = route;
  const entries = Object.entries(operation.answers).map(([status, answer]) => {
    const examples = examplesOf(operation).filter((each) => each.status === Number(status));
    const headers = headersOf([
      ...(answer.headers ?? []),
      ...(isWrite(route) ? ['Idempotency-Replayed' as const] : []),
    ]);
    const content = contentOf(schemas, answer, examples);
    return [status, { description: answer.what, ...headers, ...(content !== null && { content }) }];
  });
  return Object.fromEntries(entries);
}

function contentOf(schemas: Schemas, { others, schema }: Success, examples: ToldExample[]): Json | null {
  if (schema === null && others === undefined) return null;
  const content: Json = {};
  const asked = (type: string) => examples.filter(({ headers }) => (headers.Accept ?? JSON_TYPE) === type);
  if (schema !== null) {
    const told = asked(JSON_TYPE).map((each) => [each.name, like(exampleOf(each.shows ?? schema), each.body)] as const);
    content[JSON_TYPE] = { schema: schemas.shown(schema), examples: valuesOf(told) };
  }
  for (const [type, each] of Object.entries(others ?? {})) {
    const told = asked(type).map(({ name }) => [name, exampleOf(each)] as const);
    content[type] = { schema: schemas.shown(each), examples: valuesOf(told) };
  }
  return content;
}

/** What was sent comes back: plain fields that both the request and its answer have are the same in both. */
function like(shown: unknown, sent: object): unknown {
  if (typeof shown !== 'object' || shown === null) return shown;
  const same = Object.entries(sent).filter(([field, value]) => field in shown && typeof value !== 'object');
  return { ...shown, ...Object.fromEntries(same) };
}

function refusals(shared: Json, route: DocumentedRoute): Json {
  const codes = errorsOf(route);
  const statuses = new Set(codes.map((code) => ERRORS[code].status));
  return Object.fromEntries(
    [...statuses].map((status) => {
      const here = codes.filter((code) => ERRORS[code].status === status);
      const name = [status, ...here].join('.');
      shared[name] ??= refusal(status, here);
      return [status, { $ref: `#/components/responses/${name}` }];
    }),
  );
}

function refusal(status: number, codes: ErrorCode[]): Json {
  const narrowed = { properties: { status: { const: status }, code: { enum: codes } } };
  const examples = codes.map((code) => {
    const { title } = ERRORS[code];
    const value = { type: `/docs/errors#${code}`, title, status, code, detail: `${title}.` };
    return [code, { summary: title, value }];
  });
  return {
    description: `${codes.map((code) => ERRORS[code].title).join('; or: ')}.`,
    ...(status === 401 && headersOf(['WWW-Authenticate'])),
    ...(status === 429 && headersOf(['Retry-After'])),
    content: {
      'application/problem+json': {
        schema: { allOf: [{ $ref: '#/components/schemas/Problem' }, narrowed] },
        examples: Object.fromEntries(examples),
      },
    },
  };
}
