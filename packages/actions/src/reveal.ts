// Passwords and URLs of logins, for those who may see them, when they ask.
import { PlatformError } from '@berth/core';
import { type CredentialView, type DatabaseView, isMade } from '@berth/store';
import { recordReveal } from './administer/audit';
import { connectionUrlOf } from './connection-url';
import type { Context } from './context';
import { type Caller, openSecret } from './kind';
import { mayReachCredential } from './kinds/subjects';
import { refuseOutside } from './kinds/whole-credential';

/** The password, the CA of the server's own, the URL of the oldest grant, and one for each grant by the id of its database. */
export interface Revealed {
  password: string;
  caCertificate: string | null;
  uri: string;
  uris: Map<string, string>;
}

/**
 * Of a working login of the access's own team; recorded in the audit before it is shown. Throws `missing_scope`; `not_found`
 * for another team's, whoever asks; `in_use` where the password opens a database outside the access's limits;
 * `contradicts` for one that does not work.
 */
export async function revealCredential(
  context: Context,
  access: Caller,
  credential: CredentialView,
): Promise<Revealed> {
  const { keyRing, store } = context;
  if (!(await mayReachCredential(store, access, credential))) {
    throw new PlatformError('not_found', `There is no credential ${credential.id} in this team.`);
  }
  if (!access.scopes.includes('credentials')) {
    throw new PlatformError('missing_scope', 'This needs a token with the scope credentials.');
  }
  refuseOutside(access, credential);
  if (credential.state !== 'active' || credential.secret_sealed === null) {
    throw new PlatformError(
      'contradicts',
      `The credential is ${credential.state}; a password is shown while it is active.`,
    );
  }
  const databases = await openDatabasesOf(context, credential);
  const server = await store.servers.find(credential.server_id);
  await recordReveal(context, access, credential); // when it cannot be written, nothing is shown
  const password = openSecret(keyRing, credential.id, credential.secret_sealed);
  const login = { username: credential.engine_username, password };
  const uris = databases.map((database): [string, string] => [database.id, connectionUrlOf(database, login).reveal()]);
  const caCertificate = server?.ca_certificate ?? null;
  return { password: password.reveal(), caCertificate, uri: uris[0]?.[1] ?? '', uris: new Map(uris) };
}

/** Where the login works by now. Throws `contradicts` when it does nowhere. */
async function openDatabasesOf({ store }: Context, { grants, id }: CredentialView): Promise<DatabaseView[]> {
  const databases: DatabaseView[] = [];
  for (const grant of grants.filter(isMade)) {
    const database = await store.databases.find(grant.database_id);
    if (database !== null && database.state !== 'quarantined') databases.push(database);
  }
  if (databases.length > 0) return databases;
  throw new PlatformError(
    'contradicts',
    `The database of the credential ${id} is quarantined, and no password opens it. Restore it first.`,
  );
}
