// The first rows of a new Berth: a team, its project, the environments, plans and pools, and the first access.
import { ENGINES, type Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import type { Nouns, Store } from '@berth/store';

const GIB = 1024n ** 3n;
const PLANS = [
  { name: 'small', sizeBytesMax: 1n * GIB, connectionsMax: 20 },
  { name: 'large', sizeBytesMax: 20n * GIB, connectionsMax: 100 },
];
const TEAM = 'first';
const PROJECT = 'default';
const FIRST_ENGINE = ENGINES[0];
const ENVIRONMENTS = ['development', 'production'];

export interface FirstRun {
  /** Pools of the first built engine, by environment; one that an operator renamed or deleted is not among them. */
  poolNames: Record<string, string>;
  /** What was made now, in words; empty when nothing was. */
  made: string[];
}

/**
 * Makes the first rows where there never were any, and leaves what is there. What an operator deleted or renamed does not
 * come back: a kind of row that was ever made is not made again. `token` gets all scopes unless it was known before, also
 * as one that was revoked. Safe to repeat and to race.
 */
export async function ensureFirstRows(store: Store, token: Secret, person: string): Promise<FirstRun> {
  return store.transaction(async (tx) => {
    const made = [...(await makeRows(tx)), ...(await makeAccess(tx, token, person))];
    const poolNames: Record<string, string> = {};
    for (const name of ENVIRONMENTS) {
      const pool = await tx.catalog.findPool(`${FIRST_ENGINE}-${name}`);
      if (pool !== null) poolNames[name] = pool.name;
    }
    return { poolNames, made };
  });
}

async function makeRows({ catalog }: Nouns): Promise<string[]> {
  const ever = await catalog.findEverMade();
  const made: string[] = [];
  if (!ever.team) {
    await catalog.ensureProject((await catalog.ensureTeam(TEAM)).id, PROJECT);
    made.push(`team ${TEAM}`, `project ${PROJECT}`);
  }
  for (const name of ever.environment ? [] : ENVIRONMENTS) {
    await catalog.ensureEnvironment(name);
    made.push(`environment ${name}`);
  }
  for (const engine of ENGINES) {
    for (const plan of ever.plansOf.includes(engine) ? [] : PLANS) {
      await catalog.ensurePlan({ ...plan, engine });
      made.push(`plan ${plan.name} (${engine})`);
    }
    for (const name of ever.poolsOf.includes(engine) ? [] : ENVIRONMENTS) {
      const environment = await catalog.findEnvironment(name);
      if (environment === null) continue;
      made.push(`pool ${(await catalog.ensurePool(`${engine}-${name}`, engine, environment.id)).name}`);
    }
  }
  return made;
}

/** Of the oldest team: where every team was deleted, nobody could let anybody in, so one is made. */
async function makeAccess({ accesses, catalog }: Nouns, token: Secret, person: string): Promise<string[]> {
  const secretHash = hashToken(token);
  if (await accesses.isKnown(secretHash)) return [];
  const found = await catalog.findOldestTeam();
  const team = found ?? (await catalog.ensureTeam(TEAM));
  const project = await catalog.findProject(team.id, PROJECT);
  const development = await catalog.findEnvironment('development');
  const small = await catalog.findPlan('small', FIRST_ENGINE);
  await accesses.ensureBearer({
    teamId: team.id,
    name: 'first access',
    person,
    secretHash,
    scopes: ['public', 'admin', 'credentials', 'operator'],
    defaults: {
      engine: FIRST_ENGINE,
      ...(project !== null && { projectId: project.id }),
      ...(development !== null && { environmentId: development.id }),
      ...(small !== null && { planId: small.id }),
    },
    expiresAt: null,
  });
  return [...(found === null ? [`team ${team.name}`] : []), `an access of team ${team.name} with all scopes`];
}
