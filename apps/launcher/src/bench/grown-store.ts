// A filled store as the measurements use it: with a token for one of its teams, and one for an operator.
import type { Secret } from '@berth/core';
import { hashToken, makeToken } from '@berth/secrets';
import { openStore } from '@berth/store';
import { fillStore } from '@berth/store/fill-store';
import { ask, KEY_ID } from './workshop';

export interface GrownStore {
  url: Secret;
  tenant: Secret;
  operator: Secret;
  /** A project of the tenant's team. */
  projectId: string;
}

export interface GrownSize {
  databases: number;
  endedActions: number;
  queuedActions: number;
}

/** Fills a store that has all migrations. Start processes on it before: what it seals opens with no key. */
export async function growStore(url: Secret, size: GrownSize): Promise<GrownStore> {
  await fillStore(url, { ...size, checksReferences: false, sealed: `v1.${KEY_ID}.grown` });
  const [team] = await ask(url, 'SELECT team_id, id FROM projects ORDER BY number LIMIT 1');
  const store = openStore({ url, connectionsMax: 1, process: 'bench' });
  const access = async (name: string, scopes: Parameters<typeof store.accesses.ensureBearer>[0]['scopes']) => {
    const token = makeToken();
    const who = { teamId: String(team?.team_id), name, person: 'bench@localhost', secretHash: hashToken(token) };
    await store.accesses.ensureBearer({ ...who, scopes, defaults: {}, expiresAt: null });
    return token;
  };
  try {
    const tenant = await access('tenant', ['public', 'admin']);
    const operator = await access('operator', ['public', 'operator']);
    return { url, tenant, operator, projectId: String(team?.id) };
  } finally {
    await store.close();
  }
}
