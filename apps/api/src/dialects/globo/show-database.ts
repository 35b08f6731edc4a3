// A database as the product shows it.
import { connectionUrlOf } from '@berth/actions';
import { Secret } from '@berth/core';
import type { Project, StandingDatabase } from '@berth/store';
import type { Call } from '../../http/route';
import { linkTo } from './answer';
import { taskUrl } from './tasks';

/** What the product calls a database that is being made, or brought back. */
const STATUS_INITIALIZING = 2;

/** Without `_links`. `home` is the project of those that were put into none. */
export function showDatabase(call: Call, database: StandingDatabase, home: Project | null) {
  const { open, project_id } = database;
  return {
    id: database.number,
    name: database.name,
    endpoint: endpointOf(database),
    plan: linkTo(call, `/plan/${database.plan_number}/`),
    environment: linkTo(call, `/environment/${database.environment_number}/`),
    project: project_id === home?.id ? null : linkTo(call, `/project/${database.project_number}/`),
    quarantine_dt: quarantinedOn(database),
    total_size_in_bytes: Number(database.plan_size_bytes_max),
    used_size_in_bytes: database.size_bytes === null ? null : Number(database.size_bytes),
    credentials: database.grant_numbers.map((number) => linkTo(call, `/credential/${number}/`)),
    ...(open !== null && { status: STATUS_INITIALIZING, is_locked: true, task: taskUrl(call, open.id) }),
  };
}

/** A day, as it was in UTC; null for one that is not in quarantine, nor on its way there. */
function quarantinedOn({ open, quarantined_at, state }: StandingDatabase): string | null {
  const since = state === 'quarantined' ? quarantined_at : null;
  const asked = open?.kind === 'database_quarantine' ? open.created_at : null;
  return (since ?? asked)?.toISOString().slice(0, 10) ?? null;
}

const USER = 'user';
const PASSWORD = 'password';

/** The URL of its engine, with what TLS asks for, and two words in place of a login. */
function endpointOf(database: StandingDatabase): string {
  const url = connectionUrlOf(database, { username: USER, password: new Secret(PASSWORD) });
  return url.reveal().replace(`//${USER}:${PASSWORD}@`, `//<${USER}>:<${PASSWORD}>@`);
}
