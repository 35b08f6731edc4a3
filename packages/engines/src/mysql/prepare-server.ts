// Makes Berth's own database and the canary. These servers let nobody into a database who was not given it, so there is
// nothing to shut; what was given to everybody is named and left to the operator.
import { PlatformError } from '@berth/core';
import type { PreparationEvidence } from '../contract';
import type { Admin } from './admin';
import { observeOpenness } from './everybody';
import { CANARY } from './names';
import { observeDatabaseRow, refuseForeign } from './ownership';
import { ensureStore, writeThing } from './store';

/** As EngineSession.ensureServerPrepared promises. Two sessions at once do the same. Throws `server_unfit`. */
export async function ensureServerPrepared(admin: Admin): Promise<PreparationEvidence> {
  const { lacks, patterns } = await observeOpenness(admin);
  if (lacks.length > 0) throw new PlatformError('server_unfit', lacks.join('; '));
  await ensureStore(admin);
  const canaryMade = await ensureCanary(admin);
  return { shut: [], left_open: patterns, canary_made: canaryMade, open_to_everybody: [], details: {} };
}

/** One that is empty is ours though it is not written down: Berth's own database was dropped, or is a copy's. */
async function ensureCanary(admin: Admin): Promise<boolean> {
  const canary = { id: 'canary', name: CANARY };
  const { exists, thing } = await observeDatabaseRow(admin, canary);
  if (thing?.state === 'open' && exists) return false;
  await writeThing(admin, 'database', CANARY, { id: canary.id, state: 'making' });
  refuseForeign((await observeDatabaseRow(admin, canary)).ownership, `The database ${CANARY}`);
  await admin.main.query(`CREATE DATABASE IF NOT EXISTS ${CANARY}`);
  await writeThing(admin, 'database', CANARY, { id: canary.id, state: 'open' });
  return !exists;
}
