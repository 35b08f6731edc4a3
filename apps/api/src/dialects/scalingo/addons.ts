// Addons: each app has one, which is its database. Its token opens the Database API of that database alone.
import type { Caller } from '@berth/actions';
import { isEngineName } from '@berth/core';
import type { StandingDatabase } from '@berth/store';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { getApp } from './apps';
import { authenticate, signForAddon } from './authenticate';
import { addonIdOf, objectIdOf } from './ids';
import { notThere } from './not-there';
import { showPlan } from './plans';
import { showProvider } from './providers';
import { type Status, statusOf } from './show-database';

export function addonRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/apps/:app/addons', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/v1/apps/:app/addons/:addon', handle: (call) => answerOne(api, call) },
    { method: 'post', path: '/v1/apps/:app/addons/:addon/token', handle: (call) => makeToken(api, call) },
  ];
}

/** Never empty: go-scalingo takes the first. */
async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  call.response.json({ addons: [await showAddon(api, await getApp(api, call, access))] });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  call.response.json({ addon: await showAddon(api, await getAddon(api, call, access)) });
}

/** It may what its access may, and changes nothing: to read will do. */
async function makeToken(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const id = addonIdOf(await getAddon(api, call, access));
  call.response.json({ addon: { id, token: signForAddon(api, access, id).reveal() } });
}

/** The database of the app, if this is its addon. Throws `not_found`. */
async function getAddon(api: ApiContext, call: Call, access: Caller): Promise<StandingDatabase> {
  const database = await getApp(api, call, access);
  if (addonIdOf(database) !== String(call.request.params.addon).toLowerCase()) throw notThere('addon');
  return database;
}

const ADDON_STATUSES: Record<Status, string> = {
  creating: 'provisioning',
  running: 'running',
  updating: 'running',
  stopped: 'suspended',
};

async function showAddon({ store }: ApiContext, database: StandingDatabase) {
  const { created_at, engine, engine_name, plan_id } = database;
  const plan = await store.catalog.findPlan(plan_id);
  return {
    id: addonIdOf(database),
    app_id: objectIdOf(database),
    resource_id: engine_name,
    status: ADDON_STATUSES[statusOf(database)],
    plan: plan && showPlan(plan, 0),
    addon_provider: isEngineName(engine) ? showProvider(engine) : null,
    provisioned_at: created_at,
    deprovisioned_at: null,
  };
}
