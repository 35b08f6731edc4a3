// Databases, and the grants on them, as products show them that know no actions: what is on its way out is gone for their
// clients at once, and what could not be made was never there. Reads only.
import type { ActionKind } from '@berth/core';
import { type DatabaseView, viewSql } from './database-reads';
import { columnsOf, type Db } from './db';
import { type Grant, Prisma } from './generated/client';
import type { Placed } from './page';

export interface StandingFilter {
  teamId: string;
  /** Null: all. */
  projectId: string | null;
  environmentId: string | null;
  /** Those in quarantine too, or on their way there; those of which their client was told that they are deleted never. */
  withQuarantined: boolean;
  /** Those that could not be made too, until they are cleaned up. Default: they were never there. */
  withFailed?: true;
  /** Default: any name. */
  name?: string;
  /** Numbers of a database, its project or its environment. Default: any. */
  numbers?: { database?: number; project?: number; environment?: number };
}

/** The queued or running action that makes or adopts a database, takes it away or brings it back. */
export interface OpenAction {
  id: string;
  number: number;
  kind: string;
  created_at: Date;
}

export type StandingDatabase = DatabaseView & {
  plan_number: number;
  plan_size_bytes_max: bigint;
  environment_number: number;
  project_number: number;
  server_version: string | null;
  /** Numbers of its grants, oldest first. */
  grant_numbers: number[];
  open: OpenAction | null;
};

/** A grant, its login and its database. */
export type StandingGrant = Grant & { username: string; database_number: number };

const LIFE_KINDS: ActionKind[] = [
  'database_create',
  'database_adopt',
  'database_quarantine',
  'database_restore',
  'database_delete',
];

/** The open action of a database, by the two indexes of such actions: one over both states there is not. */
const OPEN = Prisma.sql`
  LEFT JOIN LATERAL (SELECT each.* FROM (
      SELECT id, number, kind, created_at FROM actions WHERE database_id = databases.id AND state = 'queued'
      UNION ALL SELECT id, number, kind, created_at FROM actions WHERE database_id = databases.id AND state = 'running') each
    WHERE kind = ANY(${LIFE_KINDS}) ORDER BY number DESC LIMIT 1) open ON true`;

/** Logins that are there, or are being made. */
const IS_STANDING_LOGIN = Prisma.sql`
  grants.revoked_at IS NULL AND credentials.state IN ('creating', 'active') AND credentials.delete_accepted_at IS NULL`;

const COLUMNS = Prisma.sql`, plans.number AS plan_number, plans.size_bytes_max AS plan_size_bytes_max,
  environments.number AS environment_number, projects.number AS project_number, servers.version AS server_version,
  ARRAY(SELECT grants.number FROM grants JOIN credentials ON credentials.id = grants.credential_id
    WHERE grants.database_id = databases.id AND ${IS_STANDING_LOGIN} ORDER BY grants.number) AS grant_numbers,
  open.id AS open_id, open.number AS open_number, open.kind AS open_kind, open.created_at AS open_since`;

type Row = Omit<StandingDatabase, 'open'> & {
  open_id: string | null;
  open_number: number | null;
  open_kind: string | null;
  open_since: Date | null;
};

export function standingOf(db: Db) {
  return {
    /** Oldest first. */
    async listDatabases(filter: StandingFilter, skip: number, take: number): Promise<Placed<StandingDatabase>> {
      const rows = await db.$queryRaw<Row[]>`
        ${viewSql(COLUMNS, OPEN)} WHERE ${isStanding(filter)} ORDER BY databases.number LIMIT ${take} OFFSET ${skip}`;
      const total = await count(db, Prisma.sql`databases WHERE ${isStanding(filter)}`);
      return { data: rows.map(databaseOf), total };
    },

    /** Those with a number above `after`, oldest first. */
    async listDatabasesAfter(filter: StandingFilter, after: number, take: number): Promise<StandingDatabase[]> {
      const rows = await db.$queryRaw<Row[]>`
        ${viewSql(COLUMNS, OPEN)} WHERE ${isStanding(filter)} AND databases.number > ${after}
        ORDER BY databases.number LIMIT ${take}`;
      return rows.map(databaseOf);
    },

    /** By its number, if it stands for this filter; null when it does not. */
    async findDatabase(filter: StandingFilter, number: number): Promise<StandingDatabase | null> {
      const [row] = await db.$queryRaw<Row[]>`
        ${viewSql(COLUMNS, OPEN)} WHERE ${isStanding(filter)} AND databases.number = ${number}`;
      return row === undefined ? null : databaseOf(row);
    },

    /** The grants on the databases that stand, oldest first. */
    async listGrants(filter: StandingFilter, skip: number, take: number): Promise<Placed<StandingGrant>> {
      const data = await db.$queryRaw<StandingGrant[]>`
        ${GRANT} WHERE ${isStandingGrant(filter)} ORDER BY grants.number LIMIT ${take} OFFSET ${skip}`;
      return { data, total: await count(db, Prisma.sql`${GRANTS} WHERE ${isStandingGrant(filter)}`) };
    },

    /** By its number; null when there is none that stands for this filter. */
    async findGrant(filter: StandingFilter, number: number): Promise<StandingGrant | null> {
      const [row] = await db.$queryRaw<StandingGrant[]>`
        ${GRANT} WHERE ${isStandingGrant(filter)} AND grants.number = ${number}`;
      return row ?? null;
    },
  };
}

const GRANTS = Prisma.sql`grants JOIN credentials ON credentials.id = grants.credential_id
  JOIN databases ON databases.id = grants.database_id`;
const GRANT = Prisma.sql`
  SELECT ${columnsOf('grants', Prisma.GrantScalarFieldEnum)}, credentials.engine_username AS username,
    databases.number AS database_number
  FROM ${GRANTS}`;

async function count(db: Db, from: Prisma.Sql): Promise<number> {
  const [row] = await db.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM ${from}`;
  return row?.count ?? 0;
}

/** Its team is named again beside that of its database, so that the grants of all teams are not read for those of one. */
function isStandingGrant(filter: StandingFilter): Prisma.Sql {
  return Prisma.sql`${isStanding(filter)} AND grants.team_id = ${filter.teamId} AND ${IS_STANDING_LOGIN}`;
}

function isStanding(filter: StandingFilter): Prisma.Sql {
  const { teamId, projectId, environmentId, withFailed, withQuarantined, name, numbers } = filter;
  const states = [
    'creating',
    'available',
    ...(withQuarantined ? ['quarantined'] : []),
    ...(withFailed ? ['failed'] : []),
  ];
  const leaving = ['database_delete', ...(withQuarantined ? [] : ['database_quarantine'])];
  return Prisma.sql`databases.team_id = ${teamId} AND databases.state = ANY(${states}) AND NOT databases.hidden
    AND (${withQuarantined} OR databases.delete_accepted_at IS NULL)
    AND databases.id NOT IN (SELECT database_id FROM actions WHERE state IN ('queued', 'running')
      AND team_id = ${teamId} AND kind = ANY(${leaving}) AND database_id IS NOT NULL)
    AND (${projectId}::text IS NULL OR databases.project_id = ${projectId})
    AND (${environmentId}::text IS NULL OR databases.environment_id = ${environmentId})
    AND (${name ?? null}::text IS NULL OR databases.name = ${name ?? null}) ${isNumbered(numbers)}`;
}

function isNumbered({ database, project, environment }: NonNullable<StandingFilter['numbers']> = {}): Prisma.Sql {
  const parts = [
    ...(database === undefined ? [] : [Prisma.sql`AND databases.number = ${database}`]),
    ...(project === undefined ? [] : [isIn(Prisma.sql`project_id`, Prisma.sql`projects`, project)]),
    ...(environment === undefined ? [] : [isIn(Prisma.sql`environment_id`, Prisma.sql`environments`, environment)]),
  ];
  return parts.length === 0 ? Prisma.empty : Prisma.join(parts, ' ');
}

function isIn(column: Prisma.Sql, table: Prisma.Sql, number: number): Prisma.Sql {
  return Prisma.sql`AND databases.${column} = (SELECT id FROM ${table} WHERE number = ${number})`;
}

function databaseOf({
  open_id: id,
  open_number: number,
  open_kind: kind,
  open_since,
  ...database
}: Row): StandingDatabase {
  const isOpen = id !== null && number !== null && kind !== null && open_since !== null;
  return { ...database, open: isOpen ? { id, number, kind, created_at: open_since } : null };
}
