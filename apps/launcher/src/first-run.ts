// What a new home needs before it is of use: the first team, plans, pool and access, and the embedded server registered
// the way a team registers its own, through the API. Safe to repeat; every start does.
import { ensureFirstRows } from '@berth/actions';
import type { Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import { hashToken } from '@berth/secrets';
import { migrate, openStore } from '@berth/store';
import { openApiClient } from './api-client';

export interface FirstRunFacts {
  apiUrl: string;
  storeUrl: Secret;
  serverUrl: Secret;
  token: Secret;
}

/** The name of the server that comes with an embedded Berth. */
const SERVER_NAME = 'embedded';
const ENVIRONMENT = 'development';
const OPERATOR = 'operator@localhost';
const PREFLIGHT_WAIT_S = 20;

/** Brings the schema of the store up to date. Throws PlatformError `store_behind` when a migration fails. */
export async function prepareStore(storeUrl: Secret): Promise<void> {
  await migrate(storeUrl, 'apply');
}

/** Makes what was never made; what an operator deleted, renamed or revoked stays so. Throws LaunchError when the API refuses or the server does not pass its preflight. */
export async function runFirst(facts: FirstRunFacts): Promise<void> {
  const poolName = await findPoolForServer(facts);
  if (poolName === null) return;
  const callApi = openApiClient(facts.apiUrl, facts.token);
  const answer = await callApi('POST', '/v1/servers', {
    body: { name: SERVER_NAME, engine: 'postgresql', pool: poolName, admin_url: facts.serverUrl.reveal() },
    waitS: PREFLIGHT_WAIT_S,
  });
  const { action } = answer as { action: { state: string; error: { message: string } | null } };
  if (action.state === 'succeeded') return;
  throw new LaunchError(
    'first_run_failed',
    `The embedded server did not pass its preflight (${action.state}): ${action.error?.message ?? 'it took too long'}`,
    'The logs of the worker and of PostgreSQL say more. Then start again, and ask for POST /v1/servers/:id/preflight.',
  );
}

/** Null when the embedded server was registered before, or nobody is left who might register it as it was first meant. */
async function findPoolForServer({ serverUrl, storeUrl, token }: FirstRunFacts): Promise<string | null> {
  const { hostname, port } = new URL(serverUrl.reveal());
  const store = openStore({ url: storeUrl, connectionsMax: 1, process: 'launcher' });
  try {
    const { poolNames } = await ensureFirstRows(store, token, OPERATOR);
    if ((await store.servers.findEverAt({ host: hostname, port: Number(port) })) !== null) return null;
    const isTokenGood = (await store.accesses.findBearer(hashToken(token))) !== null;
    return isTokenGood ? (poolNames[ENVIRONMENT] ?? null) : null;
  } finally {
    await store.close();
  }
}
