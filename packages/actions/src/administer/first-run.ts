// The first rows of a new Berth: a team, its project, the environments, plans and pools, and the first access.
import type { Secret } from '@berth/core';
import { BUILT_ENGINES } from '@berth/engines/rules';
import { hashToken } from '@berth/secrets';
import type { Store } from '@berth/store';

const GIB = 1024n ** 3n;
const PLANS = [
  { name: 'small', sizeBytesMax: 1n * GIB, connectionsMax: 20 },
  { name: 'large', sizeBytesMax: 20n * GIB, connectionsMax: 100 },
];
const ENVIRONMENTS = ['development', 'production'];

export interface FirstRun {
  teamId: string;
  /** Pools of the first built engine, by environment. */
  poolNames: Record<string, string>;
}

/** Makes what is missing and leaves what is there. Safe to repeat. `token` gets all scopes. */
export async function ensureFirstRows(store: Store, token: Secret, person: string): Promise<FirstRun> {
  return store.transaction(async ({ accesses, catalog }) => {
    const team = await catalog.ensureTeam('first');
    const project = await catalog.ensureProject(team.id, 'default');
    const poolNames: Record<string, string> = {};
    for (const engine of BUILT_ENGINES) {
      for (const plan of PLANS) await catalog.ensurePlan({ ...plan, engine });
      for (const name of ENVIRONMENTS) {
        const environment = await catalog.ensureEnvironment(name);
        const pool = await catalog.ensurePool(`${engine}-${name}`, engine, environment.id);
        if (engine === BUILT_ENGINES[0]) poolNames[name] = pool.name;
      }
    }
    const development = await catalog.ensureEnvironment('development');
    const small = await catalog.findPlan('small', BUILT_ENGINES[0]);
    await accesses.ensureBearer({
      teamId: team.id,
      name: 'first access',
      person,
      secretHash: hashToken(token),
      scopes: ['public', 'admin', 'credentials', 'operator'],
      defaults: {
        engine: BUILT_ENGINES[0] ?? 'postgresql',
        projectId: project.id,
        environmentId: development.id,
        ...(small !== null && { planId: small.id }),
      },
      expiresAt: null,
    });
    return { teamId: team.id, poolNames };
  });
}
