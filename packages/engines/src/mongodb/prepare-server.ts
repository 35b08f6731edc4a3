// Makes the registry and the canary. There is nothing to shut: MongoDB opens no database to a login without a role in it.
import { PlatformError } from '@berth/core';
import type { Document } from 'mongodb';
import type { PreparationEvidence } from '../contract';
import { type Admin, run } from './admin';
import { ensureMarked, ensurePlaceholder } from './ensure-database';
import { dropLitter } from './lock';
import { CANARY, DATABASES, LOCKS, LOGINS, REGISTRY } from './names';
import { observeDatabase, refuseForeign } from './ownership';
import { observeServer } from './server';

const CANARY_REF = { id: 'canary', name: CANARY };

/** As EngineSession.ensureServerPrepared promises. Each step may be done by two sessions at once. */
export async function ensureServerPrepared(admin: Admin): Promise<PreparationEvidence> {
  const { lacks } = await observeServer(admin);
  if (lacks.length > 0) throw new PlatformError('server_unfit', lacks.join('. '));
  await refuseForeignRegistry(admin);
  const ownership = await observeDatabase(admin, CANARY_REF);
  refuseForeign(ownership, `The database "${CANARY}"`);
  await ensureMarked(admin, CANARY_REF);
  await ensurePlaceholder(admin, CANARY);
  const details = { holders_dropped: await dropLitter(admin) };
  return { shut: [], left_open: [], canary_made: ownership === 'free', open_to_everybody: [], details };
}

/** Somebody else's database of that name is left as it is. */
async function refuseForeignRegistry(admin: Admin): Promise<void> {
  const { cursor } = await run(admin, REGISTRY, { listCollections: 1, nameOnly: true });
  const found: Document[] = cursor.firstBatch;
  const isForeign = found.some(({ name }) => ![DATABASES, LOGINS, LOCKS].includes(name));
  if (isForeign) refuseForeign('foreign', `The database "${REGISTRY}"`);
}
