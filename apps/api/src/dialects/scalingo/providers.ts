// Addon providers: one for each engine, whether or not a server of it is there, and their plans.
import { ENGINES, type EngineName, isEngineName } from '@berth/core';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate } from './authenticate';
import { notThere } from './not-there';
import { listPlans, showPlan } from './plans';

export function providerRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/addon_providers', handle: answerList },
    { method: 'get', path: '/v1/addon_providers/:provider/plans', handle: (call) => answerPlans(api, call) },
  ];
}

const TITLES: Record<EngineName, string> = { postgresql: 'PostgreSQL', mysql: 'MySQL', mongodb: 'MongoDB' };

/** Without its plans, for which there is a request of their own. */
export function showProvider(engine: EngineName) {
  return {
    id: engine,
    name: TITLES[engine],
    logo_url: '',
    short_description: '',
    description: '',
    provider_name: '',
    provider_url: '',
    hds_available: false,
    category: { id: 'databases', name: 'Databases', description: '', position: 0 },
    plans: [],
  };
}

/** Clients ask for it before they are anybody (go-scalingo, addons_providers.go). */
async function answerList({ response }: Call): Promise<void> {
  response.json({ addon_providers: ENGINES.map(showProvider) });
}

/** The command line turns a plan's name into its id here, and sends no token: then all are told, as to nobody in particular. */
async function answerPlans(api: ApiContext, call: Call): Promise<void> {
  const isNobody = call.request.get('authorization') === undefined;
  const access = isNobody ? null : await authenticate(api, call, 'public');
  const provider = String(call.request.params.provider);
  if (!isEngineName(provider)) throw notThere('addon_provider');
  call.response.json({ plans: (await listPlans(api.store, access, provider)).map(showPlan) });
}
