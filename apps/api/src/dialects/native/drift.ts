// In what a server differs from what Berth knows of it: the last list, and a new one.
import { serverDrift, showServer } from '@berth/actions';
import type { ApiContext } from '../dialect';
import { requestAndAnswer } from './accepted';
import { OPERATE } from './authenticate';
import { type Asked, type Endpoint, endpoint } from './endpoint';
import { nothing } from './fields';
import { getServer } from './reach';
import { accepts, shows } from './shapes/answers';
import { driftShape, showDrift } from './shapes/drift';
import { serverShape } from './shapes/operated';

const about = { tag: 'Servers', noun: 'server', scopes: OPERATE } as const;

export const driftEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/servers/:id/drift',
    id: 'getDrift',
    summary: 'Show in what a server differs from what Berth knows of it',
    description: 'As it was last looked at, see `taken_at`; 404 until somebody asked for it.',
    answers: shows(driftShape, 'As it was last looked at.'),
    handle: getDrift,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/servers/:id/drift',
    id: 'takeDrift',
    summary: 'Look in what a server differs from what Berth knows of it',
    description:
      'Databases, logins and grants. Nothing on the server is changed, and nothing is said of what is being worked on.',
    body: nothing,
    isWaitedFor: true,
    answers: accepts('server_drift', { server: serverShape }),
    handle: takeDrift,
  }),
];

async function getDrift({ store }: ApiContext, call: Asked): Promise<void> {
  const { id } = await getServer(store, call.request.params.id);
  call.response.json(showDrift(id, await store.drifts.find(id)));
}

async function takeDrift(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getServer(api.store, call.request.params.id);
  const showFresh = async () => ({ server: showServer(await getServer(api.store, id)) });
  await requestAndAnswer(api, call, serverDrift, { serverId: id }, showFresh);
}
