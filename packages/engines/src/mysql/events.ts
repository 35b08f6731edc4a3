// A tenant's events. They need no session: left enabled in a database that is shut, each would start, be refused, and fill
// the error log. Who may not write in somebody else's name leaves them: the grants alone stop them.
import type { DatabaseRef } from '../contract';
import { type Admin, isDatabase } from './admin';
import { errnoOf } from './errors';
import { quoteFound, quoteText } from './quote';
import { observeRights } from './rights';
import { forgetKept, keep, listKept } from './store';

interface EventRow {
  name: string;
  definer: string;
  charset: string;
  collation: string;
}

/** Disables those that are enabled and keeps their names. Returns all that Berth has disabled here. */
export async function disableEvents(admin: Admin, database: DatabaseRef): Promise<string[]> {
  const enabled = (await listEvents(admin, database, 'ENABLED')).filter(canBeAltered);
  if (enabled.length > 0 && (await observeRights(admin)).canNameDefiners) {
    await keep(
      admin,
      'events',
      database.id,
      enabled.map(({ name }) => name),
    );
    for (const event of enabled) await alter(admin, database, event, 'DISABLE');
  }
  return listKept(admin, 'events', database.id);
}

/** Enables those that Berth disabled, and no others. One whose time is over stays as it is. */
export async function enableEvents(admin: Admin, database: DatabaseRef): Promise<void> {
  const ours = await listKept(admin, 'events', database.id);
  if (ours.length === 0) return;
  for (const event of await listEvents(admin, database, 'DISABLED')) {
    if (ours.includes(event.name)) await alter(admin, database, event, 'ENABLE').catch(passOver);
  }
  await forgetKept(admin, 'events', database.id);
}

/** Its time is over, or it is gone meanwhile. */
const PAST: ReadonlySet<number> = new Set([1539, 1543, 1544, 1588, 1589, 3053]);

function passOver(error: unknown): void {
  if (!PAST.has(errnoOf(error) ?? 0)) throw error;
}

async function listEvents(admin: Admin, database: DatabaseRef, status: string): Promise<EventRow[]> {
  return admin.main.query<EventRow>(
    `SELECT event_name AS name, definer, character_set_client AS charset, collation_connection AS collation
       FROM information_schema.events
      WHERE ${isDatabase(admin, 'event_schema', database.name)} AND status = '${status}' ORDER BY event_name`,
  );
}

/** Our statements are UTF-8: said in the event's own character set, names of other letters would be other names. */
function canBeAltered({ charset, definer, name }: EventRow): boolean {
  return charset.startsWith('utf8') || /^[\x20-\x7e]*$/.test(definer + name);
}

/**
 * Whoever alters an event becomes its definer, and it would run with an admin's rights: so its definer is said again. So are
 * the character set and collation that its text is read in, which an ALTER takes from the session.
 */
async function alter(admin: Admin, database: DatabaseRef, event: EventRow, how: 'ENABLE' | 'DISABLE'): Promise<void> {
  const at = event.definer.lastIndexOf('@');
  const definer = `${quoteText(event.definer.slice(0, at))}@${quoteText(event.definer.slice(at + 1))}`;
  await admin.main.query(`SET character_set_client = ${event.charset}, collation_connection = ${event.collation}`);
  try {
    const name = `${quoteFound(database.name)}.${quoteFound(event.name)}`;
    await admin.main.query(`ALTER DEFINER = ${definer} EVENT ${name} ${how}`);
  } finally {
    await admin.main.query('SET NAMES utf8mb4');
  }
}
