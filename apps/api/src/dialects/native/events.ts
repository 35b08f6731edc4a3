// The log of events: in pages, or as a stream. Oldest first, for it is a log: whoever reads on from a cursor misses nothing.
import { isOperator } from '@berth/actions';
import { EVENT_TYPES, type EventType, endsAction } from '@berth/core';
import { type Access, cursorOf, type EventFilter } from '@berth/store';
import { z } from 'zod';
import { findBearerAgain } from '../../http/bearer';
import { streamEvents, wantsStream } from '../../http/event-stream';
import type { Success } from '../../http/operation';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';
import { READ } from './authenticate';
import { type Asked, type Endpoint, endpoint } from './endpoint';
import { idOf, pageOf, pageQuery } from './fields';
import { getVisibleAction, isVisibleAction, limitsOf } from './reach';
import { logShape, showEvent } from './shapes/event';

/** `action.failed,database.*` */
const types = z.string().transform((text, context): EventType[] =>
  text.split(',').flatMap((asked) => {
    const found = EVENT_TYPES.filter(
      (type) => type === asked || (asked.endsWith('.*') && type.startsWith(asked.slice(0, -1))),
    );
    if (found.length === 0)
      context.addIssue('must be types of events, or a noun and .*, separated by commas (docs/events.md)');
    return found;
  }),
);

const cursorQuery = {
  ...pageQuery,
  cursor: pageQuery.cursor.describe(
    '`next_cursor`, or the `cursor` of an event; `now` begins behind what is there. Without it: from the oldest event that is kept.',
  ),
};
const logQuery = z.strictObject({
  ...cursorQuery,
  type: types.optional().describe('Only these types, separated by commas: `action.failed,database.*`.'),
  database_id: idOf('database').optional().describe('Only what names this database.'),
  credential_id: idOf('credential').optional().describe('Only what names this login.'),
  server_id: idOf('server').optional().describe('Only what names this server.'),
  action_id: idOf('action').optional().describe('Only what names this action.'),
});
const actionQuery = z.strictObject(cursorQuery);

const log: Success = {
  what: 'A piece of the log; or, with `Accept: text/event-stream`, all that follows as it happens.',
  schema: logShape,
  others: {
    'text/event-stream': z
      .string()
      .describe(
        'Server-sent events: `data` is an event, `id` its cursor. One named `dropped` says why the server ends it.',
      ),
  },
};

export const eventEndpoints: Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/events',
    id: 'readEvents',
    tag: 'Events',
    summary: 'Read what happened, or follow what happens',
    description:
      'The order is the same for every reader, and what was read once does not change: whoever goes on from a cursor misses ' +
      'nothing. An event may be told twice; its `id` is the same then. An answer looks at 2,000 events at most: what is rare may ' +
      'take several of them, also empty ones, until `has_more` is false.',
    scopes: READ,
    query: logQuery,
    answers: { 200: log },
    errors: ['cursor_expired'],
    examples: { 'all of it': {}, 'what failed': { query: { type: 'action.failed,database.failed', limit: '10' } } },
    handle: readEvents,
  }),
  endpoint({
    method: 'get',
    path: '/actions/:id/events',
    id: 'readActionEvents',
    tag: 'Events',
    noun: 'action',
    summary: 'Read or follow what happens to an action',
    description: 'A stream ends by itself when the action has ended.',
    scopes: READ,
    query: actionQuery,
    answers: { 200: log, 204: { what: 'No stream: the action has ended, and all of it was told.', schema: null } },
    errors: ['cursor_expired'],
    examples: { example: { status: 200 } },
    handle: readEventsOfAction,
  }),
];

async function readEvents(api: ApiContext, call: Asked<typeof logQuery>): Promise<void> {
  const { caller, query } = call;
  const filter = {
    ...reachOf(caller),
    ...(query.type !== undefined && { types: query.type }),
    ...(query.database_id !== undefined && { databaseId: query.database_id }),
    ...(query.credential_id !== undefined && { credentialId: query.credential_id }),
    ...(query.server_id !== undefined && { serverId: query.server_id }),
    ...(query.action_id !== undefined && { actionId: query.action_id }),
  };
  if (!wantsStream(call.request)) return sendPage(api, call, filter, query);
  const start = await api.store.events.findPlace(startOf(call, query.cursor));
  await streamEvents(api, call, {
    accessId: caller.id,
    cursor: cursorOf(start),
    follow: (leave) => api.store.feed.follow(start, filter, leave),
    show: showEvent,
    findRefusal: async () => ((await isStillOpen(api, call, caller)) ? null : 'access'),
    mayEnd: () => false,
    isOver: async () => false,
  });
}

async function readEventsOfAction(api: ApiContext, call: Asked<typeof actionQuery>): Promise<void> {
  const { caller, query } = call;
  const { id } = await getVisibleAction(api.store, caller, call.request.params.id);
  const filter = { ...reachOf(caller), actionId: id };
  if (!wantsStream(call.request)) return sendPage(api, call, filter, query);
  const start = await api.store.events.findPlace(startOf(call, query.cursor));
  // 204 keeps an EventSource from coming back
  if (await api.store.events.isToldToItsEnd(id, start)) return void call.response.status(204).end();
  await streamEvents(api, call, {
    accessId: caller.id,
    cursor: cursorOf(start),
    follow: (leave) => api.store.feed.follow(start, filter, leave),
    show: showEvent,
    async findRefusal() {
      if (!(await isStillOpen(api, call, caller))) return 'access';
      return (await isVisibleAction(api.store, caller, id)) ? null : 'gone';
    },
    mayEnd: (events) => events.some(({ type }) => endsAction(type)),
    isOver: (place) => api.store.events.isToldToItsEnd(id, place),
  });
}

async function sendPage(api: ApiContext, call: Call, filter: EventFilter, query: Parameters<typeof pageOf>[0]) {
  const { cursor, limit } = pageOf(query);
  const { events, nextCursor, hasMore } = await api.store.events.listTold(cursor, filter, limit);
  call.response.json({ data: events.map(showEvent), next_cursor: nextCursor, has_more: hasMore });
}

/** An EventSource that comes back sends the header to the address that it was opened with: the header is newer. */
function startOf({ request }: Call, cursor: string | undefined): string | null {
  const last = request.get('last-event-id') ?? '';
  return last === '' ? (cursor ?? null) : last;
}

function reachOf(access: Access): EventFilter {
  const { withHidden: _, ...limits } = limitsOf(access);
  return limits;
}

/** Whether the token still opens the access, and the access shows what it did. */
async function isStillOpen({ store }: ApiContext, { request }: Call, access: Access): Promise<boolean> {
  const now = await findBearerAgain(store, request);
  return (
    now !== null &&
    READ.some((scope) => now.scopes.includes(scope)) &&
    isOperator(now) === isOperator(access) &&
    JSON.stringify(limitsOf(now)) === JSON.stringify(limitsOf(access))
  );
}
