// What an event says of the row that a statement named `changed` returned: one expression for each field of the
// catalogue in core. The compiler holds the two together, so that nothing else is ever written.
import type { EventData, EventType } from '@berth/core';
import { Prisma } from './generated/client';

type Told = { [Type in EventType]: Record<keyof EventData<Type> & string, Prisma.Sql> };

/** Whether a database of this id is told to its client as deleted and kept all the same. */
const isHiddenDatabase = (id: Prisma.Sql) =>
  Prisma.sql`coalesce((SELECT databases.hidden FROM databases WHERE databases.id = ${id}), false)`;

/** Whether a login of this id is left with such databases alone. */
const isHiddenCredential = (id: Prisma.Sql) => Prisma.sql`
  coalesce((SELECT bool_and(databases.hidden) FROM grants JOIN databases ON databases.id = grants.database_id
    WHERE grants.credential_id = ${id} AND grants.revoked_at IS NULL), false)`;

const column = (name: string) => Prisma.raw(`changed."${name}"`);

/** As JavaScript writes a time. */
const instant = (name: string) =>
  Prisma.sql`to_char(${column(name)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const action = {
  kind: column('kind'),
  attempt: column('claim'),
  hidden: Prisma.sql`CASE WHEN ${column('database_id')} IS NULL THEN ${isHiddenCredential(column('credential_id'))}
    ELSE ${isHiddenDatabase(column('database_id'))} END`,
};
const database = {
  name: column('name'),
  engine: column('engine'),
  state: column('state'),
  hidden: column('hidden'),
};
const kept = { ...database, purge_after: instant('purge_after') };
const oversized = {
  ...database,
  size_bytes: column('size_bytes'),
  size_bytes_max: Prisma.sql`(SELECT plans.size_bytes_max FROM plans WHERE plans.id = ${column('plan_id')})`,
};
const credential = { username: column('username'), hidden: isHiddenCredential(column('id')) };
const grant = { role: column('role'), hidden: isHiddenDatabase(column('database_id')) };
const server = { name: column('name'), engine: column('engine'), state: column('state') };

const TOLD: Told = {
  'action.queued': action,
  'action.started': action,
  'action.postponed': { ...action, code: column('postponed_code') },
  'action.released': action,
  'action.succeeded': action,
  'action.failed': { ...action, code: column('error_code'), message: column('error_message') },
  'action.cancelled': action,
  'action.retried': action,
  'database.creating': database,
  'database.available': database,
  'database.failed': database,
  'database.quarantined': kept,
  'database.restored': database,
  'database.extended': kept,
  'database.updated': database,
  'database.over_quota': oversized,
  'database.deleting': database,
  'database.deleted': database,
  'credential.creating': credential,
  'credential.active': credential,
  'credential.reset': credential,
  'credential.granted': grant,
  'credential.ungranted': grant,
  'credential.failed': credential,
  'credential.deleting': credential,
  'credential.deleted': credential,
  'server.registered': server,
  'server.unchecked': server,
  'server.active': server,
  'server.draining': server,
  'server.offline': server,
  'server.removed': server,
};

/** The JSON of an event of this type. */
export function eventData(type: EventType): Prisma.Sql {
  const fields = Object.entries(TOLD[type]).map(([name, value]) => Prisma.sql`${Prisma.raw(`'${name}'`)}, ${value}`);
  return Prisma.sql`jsonb_build_object(${Prisma.join(fields)})`;
}
