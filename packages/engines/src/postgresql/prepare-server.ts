// Shuts the system databases and makes the canary. PostgreSQL lets everybody into every database unless told otherwise.
import { PlatformError } from '@berth/core';
import type { Evidence } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { ADMIN_DATABASE, CANARY, lockNumberOf, markerOf } from './names';
import { refuseForeign } from './ownership';
import { quoteLiteral } from './quote';

/** As EngineSession.ensureServerPrepared promises. Two sessions at once take turns. Throws `server_unfit`. */
export async function ensureServerPrepared(admin: Admin): Promise<Evidence> {
  const lock = [lockNumberOf('prepare-server')];
  await admin.main.query('SELECT pg_advisory_lock($1::bigint)', lock);
  try {
    const canaryMade = await ensureCanary(admin);
    const shut = await shutSystemDatabases(admin);
    return { shut, canary_made: canaryMade, open_to_everybody: await listOpen(admin) };
  } finally {
    await admin.main.query('SELECT pg_advisory_unlock($1::bigint)', lock);
  }
}

/** template0 refuses connections as it comes; it is shut only where somebody opened it. */
async function shutSystemDatabases(admin: Admin): Promise<string[]> {
  const open = (await listOpen(admin)).filter((name) => [ADMIN_DATABASE, 'template0', 'template1'].includes(name));
  await insist(
    admin,
    open.map((name) => `REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`),
  );
  const left = (await listOpen(admin)).filter((name) => open.includes(name));
  if (left.length > 0) throw new PlatformError('server_unfit', `The admin may not shut ${left.join(', ')} to PUBLIC`);
  return open;
}

/** Databases that accept connections and let PUBLIC in: every tenant of this server could enter them. */
async function listOpen(admin: Admin): Promise<string[]> {
  const rows = await admin.main.query<{ name: string }>(
    `SELECT d.datname AS name FROM pg_database d
      WHERE d.datallowconn AND EXISTS (
        SELECT FROM aclexplode(coalesce(d.datacl, acldefault('d', d.datdba)))
         WHERE grantee = 0 AND privilege_type IN ('CONNECT', 'TEMPORARY'))
      ORDER BY 1`,
  );
  return rows.map(({ name }) => name);
}

/** Made closed and opened in the transaction that shuts it to PUBLIC and marks it. */
async function ensureCanary(admin: Admin): Promise<boolean> {
  const [found] = await admin.main.query<{ is_ours: boolean }>(
    `SELECT coalesce(shobj_description(oid, 'pg_database') = $2, NOT datallowconn AND datdba = to_regrole(quote_ident(current_user)))
            AS is_ours FROM pg_database WHERE datname = $1`,
    [CANARY, markerOf('canary')],
  );
  if (found) refuseForeign(found.is_ours ? 'ours' : 'foreign', `The database "${CANARY}"`);
  else await insist(admin, [`CREATE DATABASE ${CANARY} TEMPLATE template0 ALLOW_CONNECTIONS false`]);
  await insist(admin, [
    `COMMENT ON DATABASE ${CANARY} IS ${quoteLiteral(markerOf('canary'))}`,
    `REVOKE ALL ON DATABASE ${CANARY} FROM PUBLIC`,
    `ALTER DATABASE ${CANARY} ALLOW_CONNECTIONS true`,
  ]);
  return !found;
}
