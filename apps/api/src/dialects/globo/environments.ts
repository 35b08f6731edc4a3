// Environments, as links in requests name them. They are the operators' to make.
import { PlatformError } from '@berth/core';
import type { Access, Environment, Store } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { askedPage, readPage, slice } from './pages';

export function environmentRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/environment/', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/environment/:id/', handle: (call) => answerOne(api, call) },
  ];
}

/** Those inside the limits of the access, oldest first. */
export async function listEnvironments(store: Store, access: Access): Promise<Environment[]> {
  const only = access.limit_environment_id;
  return (await store.catalog.listEnvironments()).filter(({ id }) => only === null || only === id);
}

/** The one of this number inside the limits of the access; null when there is none. */
export async function findEnvironment(store: Store, access: Access, number: number): Promise<Environment | null> {
  return (await listEnvironments(store, access)).find((each) => each.number === number) ?? null;
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const page = askedPage(call);
  const { data, total } = await readPage(page, slice(await listEnvironments(api.store, access)));
  const shown = data.map(({ name, number }) => ({
    _links: { self: linkTo(call, `/environment/${number}/`) },
    id: number,
    name,
  }));
  sendPage(call, 'environment', page, { data: shown, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const found = await findEnvironment(api.store, access, wholeNumberOf(call.request.params.id) ?? 0);
  if (found === null) throw new PlatformError('not_found', 'There is no environment of this id.');
  sendOne(call, `/environment/${found.number}/`, { id: found.number, name: found.name });
}
