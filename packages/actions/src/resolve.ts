// Finding what a request names, filling gaps from the access's defaults, and refusing parts that do not fit each other.
import {
  ENGINES,
  type EngineName,
  type FieldProblem,
  fieldError,
  isEngineName,
  PlatformError,
  unknownReference,
} from '@berth/core';
import type { Access, DatabaseView, FoundPlan, NamedRow, Nouns, PlanView, Project } from '@berth/store';

/** What was asked for; names or ids. */
export interface Asked {
  engine?: string | undefined;
  plan?: string | undefined;
  project?: string | undefined;
  environment?: string | undefined;
  pool?: string | undefined;
}

export interface Resolved {
  engine: EngineName;
  plan: FoundPlan;
  project: NamedRow;
  environment: NamedRow;
  pool: NamedRow | null;
}

/**
 * What is not asked for is the access's default; a project or an environment also what it is limited to. Throws `invalid_request`
 * naming all that is missing; `unknown_reference` or `disagree`, naming the field or the pair.
 */
export async function resolve(tx: Nouns, access: Access, asked: Asked): Promise<Resolved> {
  const named = namedBy(access, asked);
  refuseMissing(named);
  const engine = readEngine(named.engine);
  const parts = await tx.catalog.findParts({ teamId: access.team_id, ...named, engine });
  const pool = named.pool === null ? null : found('pool', named.pool, parts.pool);
  const project = within('project', named.project, parts.project, access.limit_project_id);
  const place = named.environment ?? pool?.environment_id ?? null;
  const environment = within('environment', place, parts.environment, access.limit_environment_id);
  if (named.plan === null) throw required('plan');
  const plan = found('plan', named.plan, parts.plan);
  if (pool !== null && pool.engine !== engine)
    throw disagree('pool', 'engine', `Pool ${pool.name} holds ${pool.engine} servers.`);
  if (pool !== null && pool.environment_id !== environment.id) {
    throw disagree('pool', 'environment', `Pool ${pool.name} is not of environment ${environment.name}.`);
  }
  refuseUnfit(plan, plan.environments, engine, environment);
  return { engine, plan, project, environment, pool };
}

/** Names and ids; null for what nobody names. */
type Named = Record<keyof Asked, string | null>;

/** The environment of a pool goes before a limit, which then says whether that is allowed. */
function namedBy(access: Access, asked: Asked): Named {
  const pool = asked.pool ?? access.default_pool_id;
  const place = asked.environment ?? access.default_environment_id;
  return {
    engine: asked.engine ?? access.default_engine,
    plan: asked.plan ?? access.default_plan_id,
    project: asked.project ?? access.default_project_id ?? access.limit_project_id,
    environment: place ?? (pool === null ? access.limit_environment_id : null),
    pool,
  };
}

function refuseMissing(named: Named): void {
  const needed: (keyof Asked)[] = ['engine', 'plan', 'project', 'environment'];
  const missing = needed.filter((field) => named[field] === null && !(field === 'environment' && named.pool !== null));
  if (missing.length > 0) throw required(...missing);
}

/**
 * The plan of that name or id that a database can be held to. Throws `unknown_reference`, or `disagree` for one of another
 * engine, not of its environment, or smaller than what it held when it was measured last.
 */
export async function fitPlan(tx: Nouns, database: DatabaseView, asked: string): Promise<PlanView> {
  const engine = readEngine(database.engine);
  const plan = found('plan', asked, (await tx.catalog.findPlan(asked, engine)) ?? (await tx.catalog.findPlan(asked)));
  const allowed = plan.environments.map((row) => row.environment_id);
  refuseUnfit(plan, allowed, engine, { id: database.environment_id, name: database.environment.name });
  refuseTooSmall(plan, Number(database.size_bytes ?? 0));
  return plan;
}

/** Throws `disagree` on the field `plan`, with the numbers, for a plan that holds less than there is. */
export function refuseTooSmall(plan: { name: string; size_bytes_max: bigint }, sizeBytes: number): void {
  if (plan.size_bytes_max >= sizeBytes) return;
  const message = `The database has ${sizeBytes} bytes, the plan ${plan.name} holds ${plan.size_bytes_max}.`;
  throw new PlatformError('disagree', `The plan is too small. ${message}`, { fields: [{ field: 'plan', message }] });
}

/** `allowed`: the environments that the plan may be used in; none: all. */
function refuseUnfit(
  plan: { name: string; engine: string },
  allowed: string[],
  engine: EngineName,
  environment: NamedRow,
): void {
  if (plan.engine !== engine) throw disagree('plan', 'engine', `Plan ${plan.name} is one of ${plan.engine}.`);
  if (allowed.length > 0 && !allowed.includes(environment.id)) {
    throw disagree('plan', 'environment', `Plan ${plan.name} may not be used in ${environment.name}.`);
  }
}

/** The engine of that name. Throws `invalid_request` without one, `unknown_reference` for one that is not there. */
export function readEngine(asked: string | null | undefined, field = 'engine'): EngineName {
  if (asked === null || asked === undefined) throw required(field);
  if (isEngineName(asked)) return asked;
  throw fieldError('unknown_reference', field, `There is no engine "${asked}". There are: ${ENGINES.join(', ')}.`);
}

/** One that is named and inside the access's limit. */
function within<Row extends NamedRow>(field: string, asked: string | null, row: Row | null, limit: string | null): Row {
  if (asked === null) throw required(field);
  return found(field, asked, limit === null || limit === row?.id ? row : null);
}

/** The project of the access's team, inside its limits. Throws `invalid_request` without one, `unknown_reference`. */
export async function findProject(tx: Nouns, access: Access, asked: string | null | undefined): Promise<Project> {
  if (asked === null || asked === undefined) throw required('project');
  return within('project', asked, await tx.catalog.findProject(access.team_id, asked), access.limit_project_id);
}

function found<T>(field: string, asked: string, row: T | null): T {
  if (row === null) throw unknownReference(field, asked);
  return row;
}

function required(...missing: string[]): PlatformError {
  const message = 'name one: this access has no default for it';
  const fields = missing.map((field): FieldProblem => ({ field, message }));
  return new PlatformError('invalid_request', `The request names no ${missing.join(', no ')}.`, { fields });
}

function disagree(one: string, other: string, message: string): PlatformError {
  const fields = [one, other].map((field) => ({ field, message }));
  return new PlatformError('disagree', `${one} and ${other} do not fit each other. ${message}`, { fields });
}
