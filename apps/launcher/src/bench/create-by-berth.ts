// A create as a client of the API sees it: POST, and an answer once the database is there.
import { type EngineName, Secret, systemClock } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import type { CallApi } from '../api-client';

/** One create: the action, and the time of day when it was asked for and told, in milliseconds. */
export interface Asked {
  actionId: string;
  databaseId: string;
  sentAtMs: number;
  toldAtMs: number;
}

const WAIT_S = 60;

/** Throws LaunchError when it does not succeed within a minute. */
export async function createByBerth(callApi: CallApi, engine: EngineName, name: string): Promise<Asked> {
  const sentAtMs = systemClock.now().getTime();
  const body = { name, engine, plan: 'small' };
  const answer = await callApi('POST', '/v1/databases', { body, waitS: WAIT_S });
  const toldAtMs = systemClock.now().getTime();
  const { action, database } = answer as {
    action: { id: string; state: string; error: { message: string } | null };
    database: { id: string };
  };
  if (action.state !== 'succeeded') {
    const why = `Creating "${name}" ended as ${action.state}: ${action.error?.message ?? 'it took too long'}`;
    throw new LaunchError('bench_failed', why, 'Is this machine very busy? Otherwise the log of the worker says more.');
  }
  return { actionId: action.id, databaseId: database.id, sentAtMs, toldAtMs };
}

/** The password of the login that came with a database. */
export async function revealPassword(callApi: CallApi, databaseId: string): Promise<Secret> {
  const list = await callApi('GET', `/v1/databases/${databaseId}/credentials`);
  const [credential] = (list as { data: { id: string }[] }).data;
  const shown = await callApi('GET', `/v1/credentials/${credential?.id}?reveal=true`);
  return new Secret((shown as { password: string }).password);
}
