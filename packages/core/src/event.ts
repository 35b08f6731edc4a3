// What can happen: every type of event with what it says and when. Each is raised where the state changes, by the same
// statement, in packages/store. docs/events.md shows this catalogue. A webhook is an event delivered.
import { z } from 'zod';
import { ACTION_KINDS } from './action';
import { ROLES } from './credential';
import { DATABASE_STATES } from './database';
import { ENGINES } from './engine';
import { SERVER_STATES } from './server';

/** The columns of an event that name things. */
export type Reference = 'team_id' | 'database_id' | 'credential_id' | 'server_id' | 'action_id';

/** `hidden`: its database was told to its client as deleted, and is kept: for operators alone, see `eventForTeam`. */
const hidden = z.boolean();
const kind = z.enum(ACTION_KINDS);
const attempt = z.int().min(0);
const engine = z.enum(ENGINES);
const instant = z.iso.datetime();

const action = z.strictObject({ kind, attempt, hidden });
const database = z.strictObject({ name: z.string(), engine, state: z.enum(DATABASE_STATES), hidden });
const kept = database.extend({ purge_after: instant });
const oversized = database.extend({ size_bytes: z.int(), size_bytes_max: z.int() });
const credential = z.strictObject({ username: z.string(), hidden });
const grant = z.strictObject({ role: z.enum(ROLES), hidden });
const server = z.strictObject({ name: z.string(), engine, state: z.enum(SERVER_STATES) });

/** Of an action every event names what the action is about: `database_id` and `credential_id` where it has them. */
const ABOUT = {
  action: ['action_id', 'server_id'],
  database: ['database_id', 'team_id', 'server_id'],
  credential: ['credential_id', 'team_id', 'server_id'],
  grant: ['credential_id', 'database_id', 'team_id', 'server_id'],
  server: ['server_id'],
} as const satisfies Record<string, readonly Reference[]>;

interface EventEntry {
  /** References that are always there. */
  about: readonly Reference[];
  /** What `data` holds, no more and no less. */
  data: z.ZodObject;
  /** When it is raised, in one sentence. */
  when: string;
}

function entry<Data extends z.ZodObject>(about: keyof typeof ABOUT, data: Data, when: string) {
  return { about: ABOUT[about], data, when };
}

/** The catalogue, in the order of the lives of things. */
export const EVENTS = {
  'action.queued': entry('action', action, 'The action was accepted and waits for a worker.'),
  'action.started': entry('action', action, 'A worker took it; not told of a try that follows a postponement.'),
  'action.postponed': entry(
    'action',
    action.extend({ code: z.string() }),
    'It was put off, by this error; told again only when another error puts it off.',
  ),
  'action.released': entry('action', action, 'Its worker stopped or died; it waits for another one.'),
  'action.succeeded': entry('action', action, 'It is done.'),
  'action.failed': entry(
    'action',
    action.extend({ code: z.string(), message: z.string() }),
    'It is given up, for this reason; it may be retried.',
  ),
  'action.cancelled': entry('action', action, 'It was called off.'),
  'action.retried': entry('action', action, 'It had failed, and somebody asked for it once more.'),
  'database.creating': entry('database', database, 'It was asked for, or its create that failed is tried again.'),
  'database.available': entry('database', database, 'It was made and can be used.'),
  'database.failed': entry('database', database, 'It could not be made.'),
  'database.quarantined': entry('database', kept, 'It was deleted: shut, and kept until `purge_after`.'),
  'database.restored': entry('database', database, 'It was brought back from quarantine.'),
  'database.extended': entry('database', kept, 'It is kept longer in quarantine, until `purge_after`.'),
  'database.updated': entry('database', database, 'Labels, protection, project or plan were changed.'),
  'database.over_quota': entry(
    'database',
    oversized,
    'It became larger than its plan allows; told again only after it fell below 90 % of that.',
  ),
  'database.deleting': entry('database', database, 'A delete for good was accepted; its name is free.'),
  'database.deleted': entry('database', database, 'It was dropped.'),
  'credential.creating': entry('credential', credential, 'The login was asked for, or its create is tried again.'),
  'credential.active': entry('credential', credential, 'The login was made and can be used.'),
  'credential.reset': entry('credential', credential, 'It has a new password.'),
  'credential.granted': entry('grant', grant, 'The login has this role in that database.'),
  'credential.ungranted': entry('grant', grant, 'The login has this role in that database no more.'),
  'credential.failed': entry('credential', credential, 'The login could not be made.'),
  'credential.deleting': entry('credential', credential, 'Its delete was accepted; its name is free.'),
  'credential.deleted': entry('credential', credential, 'The login was dropped.'),
  'server.registered': entry('server', server, 'An operator registered the server.'),
  'server.unchecked': entry('server', server, 'It has another address or admin login, and waits for a preflight.'),
  'server.active': entry('server', server, 'A preflight succeeded, or an operator put it into use again.'),
  'server.draining': entry('server', server, 'It takes no new databases.'),
  'server.offline': entry('server', server, 'Nothing is done on it.'),
  'server.removed': entry('server', server, 'It is not registered any more.'),
} as const satisfies Record<string, EventEntry>;

export type EventType = keyof typeof EVENTS;
/** What `data` of an event of this type holds. */
export type EventData<Type extends EventType> = z.infer<(typeof EVENTS)[Type]['data']>;

/** Whether this version knows the type: one that was stored may be another version's. */
export function isEventType(text: string): text is EventType {
  return Object.hasOwn(EVENTS, text);
}

export const EVENT_TYPES: EventType[] = Object.keys(EVENTS).filter(isEventType);

/** Types after which an action does not go on by itself. */
export function endsAction(type: string): boolean {
  return type === 'action.succeeded' || type === 'action.failed' || type === 'action.cancelled';
}

/**
 * The event as the team it belongs to may read it; null where only operators may. Of a database that is kept in spite of
 * a delete for good the team reads that it was deleted, and then nothing until somebody brings it back.
 */
export function eventForTeam<Told extends { type: string; data: Record<string, unknown> }>(event: Told): Told | null {
  const { hidden: isHidden, ...data } = event.data;
  if (isHidden !== true) return { ...event, data };
  if (event.type !== 'database.quarantined') return null;
  const { purge_after: _, ...told } = data;
  return { ...event, type: 'database.deleted', data: { ...told, state: 'deleted' } };
}
