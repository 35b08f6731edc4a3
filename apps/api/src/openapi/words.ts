// The words of the document that belong to no route: its introduction, its tags, its headers.
import type { AnswerHeader } from '../http/operation';
import type { Json } from './schemas';

type Header = AnswerHeader | 'Idempotency-Replayed' | 'Retry-After' | 'WWW-Authenticate';

export const INTRODUCTION = `Ask for a database and get one. What takes time is an **action**: the request is answered
202 with the action and \`Location\`, a worker does the work step by step, and \`GET /v1/actions/{id}\` says how far it is.
With \`Prefer: wait=20\` the answer waits for the end of the action.

Send \`Idempotency-Key: <a random UUID>\` with a POST, PATCH or DELETE to ask again safely: the same request with the same key
is done once, and answered word for word as the first was, for a day.

Lists are in pages, newest first: send \`next_cursor\` as \`cursor\` for the next one.

A refusal is a problem document (RFC 9457) with a \`code\`; [/docs/errors](/docs/errors) lists them all. Fields that are not
known are refused in requests; in answers ignore those that you do not know, for a later version may add some.`;

const TAGS: Record<string, string> = {
  Databases: 'Logical databases: asked for, listed, changed, quarantined and restored, deleted.',
  Credentials: 'Logins of databases, each with a role in each of its databases.',
  Actions: 'What was asked, how far it is, how it ended.',
  Events: 'What happened: a log to read, and streams of it to follow.',
  Teams: 'The tenants. For operators.',
  Projects: 'Groups of a team’s databases.',
  Accesses: 'Tokens and logins: who calls, what they may do, and what they leave out. For operators.',
  Engines: 'What there is to ask a database of, and what each can do.',
  Environments: 'Development, production and the like.',
  Plans: 'What a database may use.',
  Pools: 'Servers that are interchangeable for placement.',
  Servers: 'The engines’ servers that databases are made on. For operators.',
  Audit: 'Who did what, and what was refused. For operators.',
  Health: 'Whether a process lives, and whether it can do its work.',
};

/** The tags that are used, in this order. Throws for one that nothing is said of. */
export function tagsOf(used: string[]): Json[] {
  const unknown = used.find((tag) => TAGS[tag] === undefined);
  if (unknown !== undefined) throw new TypeError(`Nothing is said of the tag ${unknown}.`);
  return Object.entries(TAGS).flatMap(([name, description]) => (used.includes(name) ? [{ name, description }] : []));
}

export const COMPONENT_PARAMETERS: Json = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description: 'A random UUID: the same request with the same key is done once. Kept for a day.',
    schema: { type: 'string', minLength: 1, maxLength: 255 },
  },
};

const HEADERS: Record<Header, { component: string; isRequired: boolean; what: string }> = {
  Location: {
    component: 'Location',
    isRequired: true,
    what: 'The address of what was made, or of the action to ask for.',
  },
  'Location, if an action': {
    component: 'LocationOfAction',
    isRequired: false,
    what: 'The address of the action, where there is one.',
  },
  'Preference-Applied': {
    component: 'PreferenceApplied',
    isRequired: false,
    what: 'The wait that was heeded, where `Prefer` was sent: `wait=20`.',
  },
  'Idempotency-Replayed': {
    component: 'IdempotencyReplayed',
    isRequired: false,
    what: '`true` where the request was made before, and this is the answer that it got.',
  },
  'Retry-After': { component: 'RetryAfter', isRequired: true, what: 'How many seconds to stay away.' },
  'WWW-Authenticate': { component: 'WWWAuthenticate', isRequired: true, what: '`Bearer`.' },
};

export const COMPONENT_HEADERS: Json = Object.fromEntries(
  Object.values(HEADERS).map(({ component, isRequired, what }) => [
    component,
    { description: what, required: isRequired, schema: { type: component === 'RetryAfter' ? 'integer' : 'string' } },
  ]),
);

/** The headers of an answer, as OpenAPI lists them; nothing for none. */
export function headersOf(headers: Header[]): { headers?: Json } {
  if (headers.length === 0) return {};
  const entries = headers.map((header) => [
    header.replace(/,.*/, ''),
    { $ref: `#/components/headers/${HEADERS[header].component}` },
  ]);
  return { headers: Object.fromEntries(entries) };
}
