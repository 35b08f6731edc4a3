// The examples of the document, as somebody finds them who has the document alone: what belongs together bears one name.
import { z } from 'zod';
import { documentOf } from './document';
import { DOCUMENTED_ROUTES } from './documented';

const examples = z.record(z.string(), z.object({ value: z.unknown() }));
const parameter = z.object({
  name: z.string().optional(),
  in: z.enum(['path', 'query', 'header']).optional(),
  example: z.string().optional(),
  examples: examples.optional(),
});
const content = z.record(z.string(), z.object({ examples: examples.optional() }));
const operation = z.object({
  operationId: z.string(),
  parameters: z.array(parameter),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.object({ $ref: z.string().optional(), content: content.optional() })),
});
const document = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({ responses: z.record(z.string(), z.object({ content })) }),
});

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';
const METHODS: Method[] = ['get', 'post', 'put', 'patch', 'delete'];

export interface ToldExample {
  operationId: string;
  name: string;
  method: Method;
  /** With `{id}` in it. */
  template: string;
  /** What stands for each `{id}`: an id of the right noun, of nothing. */
  ids: Record<string, string>;
  query: Record<string, string>;
  headers: Record<string, string>;
  body: unknown;
  status: number;
  /** The type and the body of the answer; null where there is none. */
  answer: { type: string; value: unknown } | null;
}

/** Every example of an answer that is no refusal, with the request that leads to it. */
export function toldExamples(): ToldExample[] {
  const { paths } = document.parse(documentOf(DOCUMENTED_ROUTES));
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([verb, told]) => {
      const method = METHODS.find((each) => each === verb);
      return method === undefined ? [] : examplesOf(template, method, told);
    }),
  );
}

function examplesOf(template: string, method: Method, told: z.infer<typeof operation>): ToldExample[] {
  const { operationId, parameters, requestBody, responses } = told;
  const sent = requestBody?.content['application/json']?.examples ?? {};
  const ids = Object.fromEntries(parameters.flatMap(({ example, name }) => (example && name ? [[name, example]] : [])));
  const named = (place: 'query' | 'header', name: string) =>
    Object.fromEntries(
      parameters.flatMap((each) => {
        const value = each.in === place ? each.examples?.[name]?.value : undefined;
        return value === undefined || each.name === undefined ? [] : [[each.name, String(value)]];
      }),
    );
  const isStreamed = Object.values(responses).some(({ content: told }) => told?.['text/event-stream'] !== undefined);
  const bodiless = isStreamed ? { Accept: 'text/event-stream' } : {}; // of a stream, that there is none
  return Object.entries(responses)
    .filter(([status]) => Number(status) < 300)
    .flatMap(([status, { content: answered }]) =>
      answersOf(answered).map(({ answer, name }) => ({
        ...{ operationId, name, method, template, ids, answer, status: Number(status) },
        query: named('query', name),
        headers: { ...named('header', name), ...(answer === null ? bodiless : { Accept: answer.type }) },
        body: sent[name]?.value,
      })),
    );
}

/** By name; of an answer without a body the only one. */
function answersOf(answered: z.infer<typeof content> | undefined): Pick<ToldExample, 'answer' | 'name'>[] {
  if (answered === undefined) return [{ name: 'example', answer: null }];
  return Object.entries(answered).flatMap(([type, each]) =>
    Object.entries(each.examples ?? {}).map(([name, { value }]) => ({ name, answer: { type, value } })),
  );
}

/** Every status that is no refusal: `GET /v1/databases 200`. */
export function successes(): string[] {
  const { paths } = document.parse(documentOf(DOCUMENTED_ROUTES));
  return Object.entries(paths).flatMap(([template, methods]) =>
    Object.entries(methods).flatMap(([method, { responses }]) =>
      Object.keys(responses).flatMap((status) =>
        Number(status) < 300 ? [`${method.toUpperCase()} ${template} ${status}`] : [],
      ),
    ),
  );
}

/** Every example of a refusal. */
export function toldRefusals(): { component: string; type: string; value: unknown }[] {
  const { components } = document.parse(documentOf(DOCUMENTED_ROUTES));
  return Object.entries(components.responses).flatMap(([component, each]) =>
    Object.entries(each.content).flatMap(([type, { examples: refused = {} }]) =>
      Object.values(refused).map(({ value }) => ({ component, type, value })),
    ),
  );
}
