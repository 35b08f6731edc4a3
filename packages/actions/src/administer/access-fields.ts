// What operators say of an access, by names or ids, as the columns of its row: everything it refers to exists, belongs to
// its team and fits together.
import { PlatformError, SCOPES, type Scope } from '@berth/core';
import type { Access, AccessFields, Nouns } from '@berth/store';
import { readEngine } from '../resolve';
import { held } from './audited';

/** In a change, what is missing stays and null takes away. */
export interface AskedAccess {
  name?: string;
  scopes?: Scope[];
  limits?: { project?: string | null; environment?: string | null };
  defaults?: {
    engine?: string | null;
    plan?: string | null;
    environment?: string | null;
    project?: string | null;
    pool?: string | null;
  };
  sees_quarantine?: boolean;
  expires_at?: Date | null;
}

/** All fields, over those of `current`. Throws `unknown_reference` and `disagree`, naming the fields. */
export async function resolveAccess(
  tx: Nouns,
  teamId: string,
  asked: AskedAccess,
  current: Access | null,
): Promise<AccessFields> {
  const { limits = {}, defaults = {} } = asked;
  const project = referring(tx.projects, (name) => tx.catalog.findProject(teamId, name));
  const environment = referring(tx.environments, tx.catalog.findEnvironment);
  const engine = defaults.engine === undefined ? (current?.default_engine ?? null) : defaults.engine;
  const plan = referring(tx.plans, async (name) => {
    return (engine === null ? null : await tx.catalog.findPlan(name, engine)) ?? (await tx.catalog.findPlan(name));
  });
  const fields = {
    name: asked.name ?? current?.name ?? '',
    scopes: asked.scopes ?? scopesOf(current),
    limit_project_id: await project('limits.project', limits.project, current?.limit_project_id),
    limit_environment_id: await environment('limits.environment', limits.environment, current?.limit_environment_id),
    default_engine: engine === null ? null : readEngine(engine, 'defaults.engine'),
    default_plan_id: await plan('defaults.plan', defaults.plan, current?.default_plan_id),
    default_environment_id: await environment(
      'defaults.environment',
      defaults.environment,
      current?.default_environment_id,
    ),
    default_project_id: await project('defaults.project', defaults.project, current?.default_project_id),
    default_pool_id: await referring(tx.pools, tx.catalog.findPool)(
      'defaults.pool',
      defaults.pool,
      current?.default_pool_id,
    ),
    sees_quarantine: asked.sees_quarantine ?? current?.sees_quarantine ?? false,
    expires_at: asked.expires_at === undefined ? (current?.expires_at ?? null) : asked.expires_at,
  };
  await refuseDisagreement(tx, fields);
  return fields;
}

/** Reads one reference: what is asked, held until commit; null where null is asked; what stands where nothing is. */
function referring(
  nouns: { hold(id: string): Promise<boolean> },
  find: (asked: string) => Promise<{ id: string } | null>,
) {
  return async (field: string, asked: string | null | undefined, current: string | null = null) => {
    if (asked === undefined) return current;
    return asked === null ? null : (await held(nouns, field, asked, await find(asked))).id;
  };
}

async function refuseDisagreement(tx: Nouns, fields: AccessFields): Promise<void> {
  const within = (limit: string | null, id: string | null) => limit === null || id === null || limit === id;
  if (!within(fields.limit_project_id, fields.default_project_id)) {
    throw disagree('defaults.project', 'limits.project', 'The default project is outside the limit.');
  }
  if (!within(fields.limit_environment_id, fields.default_environment_id)) {
    throw disagree('defaults.environment', 'limits.environment', 'The default environment is outside the limit.');
  }
  const engine = fields.default_engine;
  const plan = fields.default_plan_id === null ? null : await tx.plans.find(fields.default_plan_id);
  const pool = fields.default_pool_id === null ? null : await tx.pools.find(fields.default_pool_id);
  if (engine !== null && plan !== null && plan.engine !== engine) {
    throw disagree('defaults.plan', 'defaults.engine', `Plan ${plan.name} is one of ${plan.engine}.`);
  }
  if (engine !== null && pool !== null && pool.engine !== engine) {
    throw disagree('defaults.pool', 'defaults.engine', `Pool ${pool.name} holds ${pool.engine} servers.`);
  }
}

function scopesOf(current: Access | null): Scope[] {
  return SCOPES.filter((scope) => current?.scopes.includes(scope));
}

function disagree(first: string, second: string, message: string): PlatformError {
  return new PlatformError('disagree', message, { fields: [first, second].map((field) => ({ field, message })) });
}
