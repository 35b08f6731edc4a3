// Shuts the system databases and makes the canary. PostgreSQL lets everybody into every database unless told otherwise.
import { PlatformError } from '@berth/core';
import type { PreparationEvidence } from '../contract';
import type { Admin } from './admin';
import { insist } from './insist';
import { CANARY, lockNumberOf, markerOf } from './names';
import { refuseForeign } from './ownership';
import { quoteLiteral } from './quote';
import { listOpenDatabases, listOpenSystemDatabases, staysOpen } from './system-databases';

/** As EngineSession.ensureServerPrepared promises. Two sessions at once take turns. Throws `server_unfit`. */
export async function ensureServerPrepared(admin: Admin): Promise<PreparationEvidence> {
  const lock = [lockNumberOf('prepare-server')];
  await admin.main.query('SELECT pg_advisory_lock($1::bigint)', lock);
  try {
    const canaryMade = await ensureCanary(admin);
    const { shut, leftOpen } = await shutSystemDatabases(admin);
    const open = (await listOpenDatabases(admin)).map(({ name }) => name);
    return { shut, left_open: leftOpen, canary_made: canaryMade, open_to_everybody: open, details: {} };
  } finally {
    await admin.main.query('SELECT pg_advisory_unlock($1::bigint)', lock);
  }
}

interface Shutting {
  shut: string[];
  leftOpen: string[];
}

/** Those that may stay open are shut all the same where this admin can. */
async function shutSystemDatabases(admin: Admin): Promise<Shutting> {
  const open = await listOpenSystemDatabases(admin);
  const toShut = open.filter(({ canShut }) => canShut).map(({ name }) => name);
  await insist(
    admin,
    toShut.map((name) => `REVOKE CONNECT, TEMPORARY ON DATABASE ${name} FROM PUBLIC`),
  );
  const left = (await listOpenSystemDatabases(admin)).map(({ name }) => name);
  const unfit = left.filter((name) => !staysOpen(admin, name));
  if (unfit.length > 0) throw new PlatformError('server_unfit', `The admin may not shut ${unfit.join(', ')} to PUBLIC`);
  return { shut: toShut, leftOpen: left };
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
