// What the kinds tell the audit of databases and logins: what they are, by the names that people know. Never a password.
import type { Action, AuditValue, CredentialView, Database } from '@berth/store';

/** A database with the names of what it belongs to, as a view of it or as who has just written it knows them. */
type NamedDatabase = Database & Record<'project' | 'environment' | 'plan' | 'server', { name: string }>;

/** A database as it was or became. */
export function describeDatabase(database: NamedDatabase): AuditValue {
  return {
    name: database.name,
    engine: database.engine,
    engine_name: database.engine_name,
    state: database.state,
    project: database.project.name,
    environment: database.environment.name,
    plan: database.plan.name,
    server: database.server.name,
    labels: database.labels ?? {},
    protected: database.protected,
  };
}

/** A login as it was or became, with the databases it reaches. */
export function describeCredential(credential: CredentialView): AuditValue {
  return {
    username: credential.username,
    engine_username: credential.engine_username,
    state: credential.state,
    grants: credential.grants
      .filter((grant) => grant.revoked_at === null)
      .map(({ database_id, role }) => ({ database_id, role })),
  };
}

/** The id of what an action is about: of a database, also where it makes a login with it. */
export function subjectOf({ kind, credential_id, database_id, server_id }: Action): string {
  const id = kind.startsWith('database_') ? database_id : credential_id;
  return id ?? database_id ?? server_id;
}
