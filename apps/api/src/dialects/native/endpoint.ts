// One address of the native API: what it takes, what it answers and what is done, said in one place. Who calls, the query
// and the body are checked here, with the very schemas that the document shows.
import type { Caller } from '@berth/actions';
import type { z } from 'zod';
import type { FindBearer } from '../../http/bearer';
import { readBody } from '../../http/body';
import type { Example, Operation } from '../../http/operation';
import { parse } from '../../http/parse';
import { noteDeed } from '../../http/refusals';
import type { Call, DocumentedRoute } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate } from './authenticate';
import { nothing } from './fields';

type Nothing = typeof nothing;

/** A request that was let in and is well formed. */
export interface Asked<Query extends z.ZodType = Nothing, Body extends z.ZodType = Nothing> extends Call {
  caller: Caller;
  query: z.output<Query>;
  body: z.output<Body>;
}

/** One with a body, and without a query. */
export type AskedWith<Body extends z.ZodType> = Asked<Nothing, Body>;

/** A route before it has an API to work for: enough to document it. */
export type Endpoint = DocumentedRoute & { handle(api: ApiContext, call: Call): Promise<void> };

type Described = Omit<DocumentedRoute, 'operation'> &
  Omit<Operation, 'query' | 'body' | 'isWaitedFor' | 'errors' | 'examples'> &
  Partial<Pick<Operation, 'errors' | 'isWaitedFor' | 'examples'>>;

interface Handled<Query extends z.ZodType, Body extends z.ZodType> {
  /** Default: none is known. */
  query?: Query;
  /** Default: none is read. A request without one is read as `{}`. */
  body?: Body;
  /** A read that counts as a deed: its refusal is recorded as a write's is. */
  isDeed?(call: Call): boolean;
  /** How the caller is found, where that is one statement with what is asked for. Default: by the token alone. */
  findBy?(api: ApiContext, call: Call): FindBearer;
  handle(api: ApiContext, asked: Asked<Query, Body>): Promise<void>;
}

const EXAMPLES: Record<string, Example> = { example: {} };

/** What an address is and does. */
export function endpoint<Query extends z.ZodType = Nothing, Body extends z.ZodType = Nothing>(
  wanted: Described & Handled<Query, Body>,
): Endpoint {
  return checked(wanted);
}

/** Throws `unauthenticated`, `missing_scope` and `invalid_request`, in this order, before anything is done. */
function checked(wanted: Described & Handled<z.ZodType, z.ZodType>): Endpoint {
  const { method, path, query = nothing, body = null, isDeed, findBy, handle, ...rest } = wanted;
  return {
    method,
    path,
    operation: { isWaitedFor: false, errors: [], examples: EXAMPLES, query, body, ...rest },
    async handle(api, call) {
      if (isDeed?.(call)) noteDeed(call.response);
      const caller = await authenticate(api, call, rest.scopes, findBy?.(api, call));
      const asked = parse(query, call.request.query);
      const sent = body === null ? {} : parse(body, (await readBody(call)) ?? {});
      await handle(api, { ...call, caller, query: asked, body: sent });
    },
  };
}
