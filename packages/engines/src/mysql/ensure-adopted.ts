// Makes somebody else's database ours. Here that is a line in Berth's own tables: nothing about the database is changed, and
// nobody enters one of these servers' databases who was not given it.
import { PlatformError } from '@berth/core';
import type { AdoptionEvidence, DatabaseSpec } from '../contract';
import { type Admin, keptName } from './admin';
import { describeGrant, listGrantsOn } from './grants';
import { observeDatabaseRow } from './ownership';
import { quoteName } from './quote';
import { listBeyond } from './rights';
import { ensureStore, findThing, listThings, writeThing } from './store';

/** As EngineSession.ensureAdopted promises. */
export async function ensureAdopted(admin: Admin, database: DatabaseSpec, former: string[]): Promise<AdoptionEvidence> {
  quoteName(database.name); // throws for a name that Berth could not say
  const { exists } = await observeDatabaseRow(admin, database);
  if (!exists) throw new PlatformError('not_found', `The server has no database "${database.name}"`);
  await ensureStore(admin); // servers that were prepared by an older version lack a table
  const name = keptName(admin, database.name);
  const thing = await findThing(admin, 'database', name);
  const isOther = thing !== null && thing.state !== 'making' && ![database.id, ...former].includes(thing.id);
  if (isOther) throw new PlatformError('taken_on_server', `"${database.name}" bears the mark of ${thing.id}`);
  const given = await listGrantsOn(admin, database.name);
  const beyond = await listBeyond(
    admin,
    given.flatMap(({ privileges }) => privileges),
  );
  if (beyond.length > 0) {
    const whose = given.map(describeGrant).join(', ');
    const message = `The admin lacks ${beyond.join(', ')}, and could not shut it to others (${whose})`;
    throw new PlatformError('engine_refused', message);
  }
  const isOurs = thing?.id === database.id && thing.state === 'open';
  if (!isOurs) await writeThing(admin, 'database', name, { id: database.id, state: 'open' });
  const ours = await listThings(admin, 'login');
  const others = [...new Set(given.map(({ user }) => user))].filter((user) => !ours.has(user)).sort();
  const details = { grants_left: given.map(describeGrant) };
  return { database: database.name, adopted: !isOurs, left_as_they_are: others, details };
}
