// Engine types, which plans link to: one for each engine that Berth knows, in that order.
import { ENGINES, PlatformError } from '@berth/core';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { askedPage, readPage, slice } from './pages';

const TYPES = ENGINES.map((name, index) => ({ id: index + 1, name }));

export function engineTypeRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/engine_type/', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/engine_type/:id/', handle: (call) => answerOne(api, call) },
  ];
}

/** Null for an engine that this version does not know. */
export function engineTypeUrl(call: Call, engine: string): string | null {
  const type = TYPES.find(({ name }) => name === engine);
  return type === undefined ? null : linkTo(call, `/engine_type/${type.id}/`);
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, 'public');
  const page = askedPage(call);
  const { data, total } = await readPage(page, slice(TYPES));
  const shown = data.map((type) => ({ _links: { self: linkTo(call, `/engine_type/${type.id}/`) }, ...type }));
  sendPage(call, 'enginetype', page, { data: shown, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, 'public');
  const type = TYPES.find(({ id }) => id === wholeNumberOf(call.request.params.id));
  if (type === undefined) throw new PlatformError('not_found', 'There is no engine type of this id.');
  sendOne(call, `/engine_type/${type.id}/`, type);
}
