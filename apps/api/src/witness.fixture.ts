// Holds every answer that a test gets of the native API against the document: an address, a status, a header or a field
// that the document does not tell of is a complaint. So the whole suite says whether the document is true.
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { z } from 'zod';
import { documentOf } from './openapi/document';
import { DOCUMENTED_ROUTES } from './openapi/documented';
import type { Json } from './openapi/schemas';

const header = z.object({ $ref: z.string() });
const answer = z.object({
  $ref: z.string().optional(),
  headers: z.record(z.string(), header).optional(),
  content: z.record(z.string(), z.unknown()).optional(),
});
const operation = z.object({ responses: z.record(z.string(), answer) });
const shape = z.object({
  paths: z.record(z.string(), z.record(z.string(), operation)),
  components: z.object({
    headers: z.record(z.string(), z.object({ required: z.boolean() })),
    responses: z.record(z.string(), answer),
  }),
});

/** Of a body in a complaint. */
const SHOWN_LENGTH_MAX = 300;
const DOCUMENT_ID = 'berth:document';
const document = closed(documentOf(DOCUMENTED_ROUTES));
const { paths, components } = shape.parse(document);
const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
ajv.addSchema({ $id: DOCUMENT_ID, ...document });

/** An answer as it was sent. */
export interface Witnessed {
  method: string;
  path: string;
  status: number;
  headers: Record<string, unknown>;
  /** Null where none was sent, or not all of it. */
  text: string | null;
}

export interface Witness {
  app: RequestListener;
  /** What the document does not tell of, each once. */
  complaints: Set<string>;
}

/** The app, overheard. */
export function overhear(app: RequestListener): Witness {
  const complaints = new Set<string>();
  return {
    complaints,
    app(request, response) {
      const chunks = recordChunks(response);
      const path = (request.url ?? '').replace(/\?.*/s, ''); // Express changes it under a mount
      response.once('finish', () => {
        for (const complaint of complaintsAbout(witnessed(request, response, path, chunks))) complaints.add(complaint);
      });
      app(request, response);
    },
  };
}

function witnessed(request: IncomingMessage, response: ServerResponse, path: string, chunks: Buffer[]): Witnessed {
  const { method = '' } = request;
  const text = method === 'HEAD' ? null : Buffer.concat(chunks).toString('utf8');
  return { method, path, status: response.statusCode, headers: response.getHeaders(), text };
}

/** Fills with what is sent. */
function recordChunks(response: ServerResponse): Buffer[] {
  const chunks: Buffer[] = [];
  const record = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array) chunks.push(Buffer.from(chunk));
  };
  for (const method of ['write', 'end'] as const) {
    const send = response[method];
    Reflect.set(response, method, (...args: unknown[]) => {
      record(args[0]);
      return Reflect.apply(send, response, args);
    });
  }
  return chunks;
}

/** Sentences; none for an answer that is as the document says, or of an address that it need not know. */
export function complaintsAbout(sent: Witnessed): string[] {
  const { method, path, status } = sent;
  const template = Object.keys(paths).find((each) => patternOf(each).test(path));
  if (template === undefined) {
    return path.startsWith('/v1/') && status !== 404
      ? [`${method} ${path} is at an address that is not documented`]
      : [];
  }
  const verb = method === 'HEAD' ? 'get' : method.toLowerCase();
  const known = paths[template]?.[verb];
  const name = `${method} ${template}`;
  if (known === undefined)
    return [204, 405].includes(status) ? [] : [`${name} is not documented and answered ${status}`];
  const told = known.responses[status];
  if (told === undefined) return [`${name} answered ${status}, which is not documented: ${startOf(sent)}`];
  const shared = told.$ref === undefined ? null : told.$ref.replace('#/components/responses/', '');
  const answered = shared === null ? told : (components.responses[shared] ?? {});
  const pointer =
    shared === null ? ['paths', template, verb, 'responses', String(status)] : ['components', 'responses', shared];
  return [...headerComplaints(answered, sent), ...bodyComplaints(answered, pointer, sent)].map(
    (complaint) => `${name} answered ${status}: ${complaint}`,
  );
}

const startOf = ({ text }: Witnessed) => (text ?? '').slice(0, SHOWN_LENGTH_MAX);

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{\w+\}/g, '[^/]+')}/?$`, 'i');
}

/** Headers that say something of the request at hand. */
const TOLD_HEADERS = [
  'location',
  'preference-applied',
  'idempotency-replayed',
  'retry-after',
  'www-authenticate',
  'etag',
];

function headerComplaints({ headers = {} }: z.infer<typeof answer>, sent: Witnessed): string[] {
  const names = Object.keys(headers).map((each) => each.toLowerCase());
  const untold = TOLD_HEADERS.filter((each) => each in sent.headers && !names.includes(each));
  const missing = Object.entries(headers).flatMap(([each, { $ref }]) => {
    const { required = false } = components.headers[$ref.replace('#/components/headers/', '')] ?? {};
    return required && !(each.toLowerCase() in sent.headers) ? [each] : [];
  });
  return [
    ...untold.map((each) => `the header ${each} is not documented`),
    ...missing.map((each) => `the header ${each} is documented and was not sent`),
  ];
}

function bodyComplaints({ content }: z.infer<typeof answer>, pointer: string[], sent: Witnessed): string[] {
  if (sent.text === null) return [];
  if (content === undefined) return sent.text === '' ? [] : ['a body, which is not documented'];
  const type = String(sent.headers['content-type'] ?? '').replace(/;.*/s, '');
  if (content[type] === undefined) return [`${type || 'no body'}, which is not documented`];
  if (!type.endsWith('json')) return [];
  const validate = ajv.getSchema(`${DOCUMENT_ID}#/${[...pointer, 'content', type, 'schema'].map(escaped).join('/')}`);
  if (validate === undefined) return ['the document has no schema for it'];
  if (validate(JSON.parse(sent.text)) === true) return [];
  return [`${ajv.errorsText(validate.errors)}: ${startOf(sent)}`];
}

const escaped = (part: string) => encodeURIComponent(part.replace(/~/g, '~0').replace(/\//g, '~1'));

/** The document with answers that may hold nothing more than it tells. */
function closed(part: Json): Json {
  const inner = Object.fromEntries(Object.entries(part).map(([key, value]) => [key, closedValue(value)]));
  return inner.type === 'object' && 'properties' in inner ? { additionalProperties: false, ...inner } : inner;
}

function closedValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedValue);
  return typeof value === 'object' && value !== null ? closed(Object.fromEntries(Object.entries(value))) : value;
}
