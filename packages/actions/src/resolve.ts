// Finding what a request names, filling gaps from the access's defaults, and refusing parts that do not fit each other.
import {
  type EngineName,
  type FieldProblem,
  fieldError,
  isEngineName,
  PlatformError,
  unknownReference,
} from '@berth/core';
import { BUILT_ENGINES } from '@berth/engines/rules';
import type { Access, DatabaseView, Environment, Nouns, PlanView, Pool, Project } from '@berth/store';

/** What was asked for; names or ids. Missing ones come from the access. */
export interface Asked {
  engine?: string | undefined;
  plan?: string | undefined;
  project?: string | undefined;
  environment?: string | undefined;
  pool?: string | undefined;
}

export interface Resolved {
  engine: EngineName;
  plan: PlanView;
  project: Project;
  environment: Environment;
  pool: Pool | null;
}

/** Throws `invalid_request`, `unknown_reference` or `disagree`, each naming the field or the pair. */
export async function resolve(tx: Nouns, access: Access, asked: Asked): Promise<Resolved> {
  const engine = readEngine(asked.engine ?? access.default_engine);
  const pool = await poolOf(tx, asked.pool ?? access.default_pool_id);
  const project = await findProject(tx, access, asked.project ?? access.default_project_id);
  const environment = await environmentOf(
    tx,
    access,
    asked.environment ?? access.default_environment_id ?? pool?.environment_id,
  );
  const plan = await planOf(tx, engine, asked.plan ?? access.default_plan_id);
  if (pool !== null && pool.engine !== engine)
    throw disagree('pool', 'engine', `Pool ${pool.name} holds ${pool.engine} servers.`);
  if (pool !== null && pool.environment_id !== environment.id) {
    throw disagree('pool', 'environment', `Pool ${pool.name} is not of environment ${environment.name}.`);
  }
  refuseUnfit(plan, engine, environment);
  return { engine, plan, project, environment, pool };
}

/**
 * The plan of that name or id that a database can be held to. Throws `unknown_reference`, or `disagree` for one of another
 * engine, not of its environment, or smaller than what it held when it was measured last.
 */
export async function fitPlan(tx: Nouns, database: DatabaseView, asked: string): Promise<PlanView> {
  const engine = readEngine(database.engine);
  const plan = await planOf(tx, engine, asked);
  refuseUnfit(plan, engine, { id: database.environment_id, name: database.environment.name });
  refuseTooSmall(plan, Number(database.size_bytes ?? 0));
  return plan;
}

/** Throws `disagree` on the field `plan`, with the numbers, for a plan that holds less than there is. */
export function refuseTooSmall(plan: { name: string; size_bytes_max: bigint }, sizeBytes: number): void {
  if (plan.size_bytes_max >= sizeBytes) return;
  const message = `The database has ${sizeBytes} bytes, the plan ${plan.name} holds ${plan.size_bytes_max}.`;
  throw new PlatformError('disagree', `The plan is too small. ${message}`, { fields: [{ field: 'plan', message }] });
}

function refuseUnfit(plan: PlanView, engine: EngineName, environment: { id: string; name: string }): void {
  if (plan.engine !== engine) throw disagree('plan', 'engine', `Plan ${plan.name} is one of ${plan.engine}.`);
  const allowed = plan.environments.map((row) => row.environment_id);
  if (allowed.length > 0 && !allowed.includes(environment.id)) {
    throw disagree('plan', 'environment', `Plan ${plan.name} may not be used in ${environment.name}.`);
  }
}

/** The engine of that name. Throws `invalid_request` without one, `unknown_reference` for one that is not built. */
export function readEngine(asked: string | null | undefined, field = 'engine'): EngineName {
  if (asked === null || asked === undefined) throw required(field);
  if (!isEngineName(asked) || !BUILT_ENGINES.includes(asked)) {
    throw fieldError(
      'unknown_reference',
      field,
      `There is no engine "${asked}". Built are: ${BUILT_ENGINES.join(', ')}.`,
    );
  }
  return asked;
}

async function poolOf(tx: Nouns, asked: string | null | undefined): Promise<Pool | null> {
  if (asked === null || asked === undefined) return null;
  return found('pool', asked, await tx.catalog.findPool(asked));
}

/** The project of the access's team, inside its limits. Throws `invalid_request` without one, `unknown_reference`. */
export async function findProject(tx: Nouns, access: Access, asked: string | null | undefined): Promise<Project> {
  if (asked === null || asked === undefined) throw required('project');
  const project = found('project', asked, await tx.catalog.findProject(access.team_id, asked));
  const limit = access.limit_project_id;
  return limit === null || limit === project.id ? project : found<Project>('project', asked, null);
}

async function environmentOf(tx: Nouns, access: Access, asked: string | null | undefined): Promise<Environment> {
  if (asked === null || asked === undefined) throw required('environment');
  const environment = found('environment', asked, await tx.catalog.findEnvironment(asked));
  const limit = access.limit_environment_id;
  return limit === null || limit === environment.id ? environment : found<Environment>('environment', asked, null);
}

/** A plan of the engine if there is one of that name; else one of another engine, which then disagrees by name. */
async function planOf(tx: Nouns, engine: EngineName, asked: string | null | undefined): Promise<PlanView> {
  if (asked === null || asked === undefined) throw required('plan');
  return found('plan', asked, (await tx.catalog.findPlan(asked, engine)) ?? (await tx.catalog.findPlan(asked)));
}

function found<T>(field: string, asked: string, row: T | null): T {
  if (row === null) throw unknownReference(field, asked);
  return row;
}

function required(field: string): PlatformError {
  const fields: FieldProblem[] = [{ field, message: 'name one: this access has no default for it' }];
  return new PlatformError('invalid_request', `The request names no ${field}.`, { fields });
}

function disagree(one: string, other: string, message: string): PlatformError {
  const fields = [one, other].map((field) => ({ field, message }));
  return new PlatformError('disagree', `${one} and ${other} do not fit each other. ${message}`, { fields });
}
