// Hosts that a dialect has for itself (BERTH_DIALECT_HOSTS), as its product has them: there everything is that dialect's, and
// what is `/globo/api/…` elsewhere is `/api/…`. Inside, the path gets its lead back, so that routes, logs and measures know one spelling.
import { PlatformError } from '@berth/core';
import { type ErrorRequestHandler, type Request, type RequestHandler, Router } from 'express';
import type { Dialect } from './dialects/dialect';
import { hostOf } from './http/links';
import { noteOwnHost } from './http/own-host';

/** A dialect, and what answers at its mount. */
export interface Spoken {
  dialect: Dialect;
  answers: RequestHandler[];
  /** The end of what nobody answered, and of what was thrown. */
  ends: (RequestHandler | ErrorRequestHandler)[];
}

/**
 * Has each host of `hosts` (name → dialect) answered by its dialect alone, after `before` of that dialect; lets other hosts
 * pass. Throws `invalid_request` when a name is no dialect's.
 */
export function ownHosts(
  hosts: ReadonlyMap<string, string>,
  spoken: Spoken[],
  before: (dialect: Dialect) => RequestHandler[],
): RequestHandler {
  const doors = new Map<string, Router>();
  for (const [host, name] of hosts) {
    const owner = spoken.find(({ dialect }) => dialect.name === name);
    if (owner === undefined) throw notSpoken(spoken);
    doors.set(host, doorOf(owner, before(owner.dialect)));
  }
  return (request, response, next) => {
    const door = doors.get(hostNameOf(request));
    if (door === undefined) next();
    else door(request, response, next);
  };
}

function doorOf({ dialect, answers, ends }: Spoken, before: RequestHandler[]): Router {
  const lead = leadOf(dialect);
  const enter: RequestHandler = (request, response, next) => {
    noteOwnHost(response, { dialect: dialect.name, lead });
    request.url = request.url.replace(ORIGIN, `$&${lead}`);
    next();
  };
  return Router()
    .use(...before, enter)
    .use(dialect.mount, ...answers, ...ends)
    .use(...ends);
}

/** What a caller of a proxy may write before the path; empty before all others. */
const ORIGIN = /^(https?:\/\/[^/?#]*)?/i;

/** What only the mount has: `/globo` of `/globo/api`; nothing of `/v1`. */
function leadOf({ mount, name }: Dialect): string {
  return `${mount}/`.startsWith(`/${name}/`) ? `/${name}` : '';
}

/** As BERTH_DIALECT_HOSTS has it; empty when there is none. */
function hostNameOf(request: Request): string {
  const host = hostOf(request) ?? '';
  return host.toLowerCase().replace(/:\d+$/, '').replace(/\.$/, '');
}

function notSpoken(spoken: Spoken[]): PlatformError {
  const names = spoken.map(({ dialect }) => dialect.name).join(', ');
  const message = `BERTH_DIALECT_HOSTS names a dialect that is not spoken. Write dialect=host, with one of: ${names}.`;
  return new PlatformError('invalid_request', message);
}
