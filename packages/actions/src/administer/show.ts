// The operators' nouns as the native API shows them and as the audit keeps them: the same, and never a secret.
import type { AccessView, Environment, NamedPlan, PoolView, ProjectView, ServerView, Team } from '@berth/store';
import { showCaCertificates } from './ca-certificate';

export function showTeam({ id, number, name, database_quota, created_at }: Team) {
  return { id, number, name, database_quota, created_at: created_at.toISOString() };
}

export function showProject({ id, number, name, team, created_at }: ProjectView) {
  return { id, number, name, team: team.name, created_at: created_at.toISOString() };
}

export function showEnvironment({ id, number, name, quarantine_days, created_at }: Environment) {
  return { id, number, name, quarantine_days, created_at: created_at.toISOString() };
}

/** `environments` without any means all. */
export function showPlan(plan: NamedPlan) {
  return {
    id: plan.id,
    number: plan.number,
    name: plan.name,
    engine: plan.engine,
    size_bytes_max: Number(plan.size_bytes_max),
    connections_max: plan.connections_max,
    quarantine_days: plan.quarantine_days,
    environments: plan.environments.map(({ environment }) => environment.name),
    created_at: plan.created_at.toISOString(),
  };
}

export function showPool(pool: PoolView) {
  return {
    id: pool.id,
    number: pool.number,
    name: pool.name,
    engine: pool.engine,
    environment: pool.environment.name,
    headroom_percent: pool.headroom_percent,
    connections_overcommit: pool.connections_overcommit,
    created_at: pool.created_at.toISOString(),
  };
}

/** Without the admin login, which is shown to nobody. */
export function showServer(server: ServerView) {
  return {
    id: server.id,
    number: server.number,
    name: server.name,
    engine: server.engine,
    pool: server.pool.name,
    environment: server.pool.environment.name,
    host: server.host,
    port: server.port,
    tls: server.tls,
    ca_certificates: showCaCertificates(server.ca_certificate),
    state: server.state,
    version: server.version,
    open_databases: server.open_databases,
    cannot: server.cannot,
    size_bytes_max: server.size_bytes_max === null ? null : Number(server.size_bytes_max),
    connections_max: server.connections_max,
    created_at: server.created_at.toISOString(),
    checked_at: server.checked_at?.toISOString() ?? null,
    refreshed_at: server.refreshed_at?.toISOString() ?? null,
  };
}

/** Without what it is opened with. */
export function showAccess(access: AccessView) {
  return {
    id: access.id,
    number: access.number,
    team: access.names.team,
    kind: access.kind,
    login: access.login,
    parent_id: access.parent_id,
    name: access.name,
    person: access.person,
    scopes: access.scopes,
    limits: { project: access.names.limit_project, environment: access.names.limit_environment },
    defaults: {
      engine: access.default_engine,
      plan: access.names.default_plan,
      environment: access.names.default_environment,
      project: access.names.default_project,
      pool: access.names.default_pool,
    },
    sees_quarantine: access.sees_quarantine,
    created_at: access.created_at.toISOString(),
    last_used_at: access.last_used_at?.toISOString() ?? null,
    expires_at: access.expires_at?.toISOString() ?? null,
    revoked_at: access.revoked_at?.toISOString() ?? null,
    previous_token_until: access.previous_until?.toISOString() ?? null,
  };
}
