// Actions about a team's databases, for products that list them page by page in an order of the caller's choice. Reads only.
import { columnsOf, type Db } from './db';
import { type Action, Prisma } from './generated/client';
import type { Placed } from './page';

/** Null: all. */
export interface TeamActionFilter {
  teamId: string;
  projectId: string | null;
  environmentId: string | null;
  id: string | null;
  number: number | null;
  states: string[] | null;
  kinds: string[] | null;
  databaseNumber: number | null;
  databaseName: string | null;
}

export interface TeamActionOrder {
  /** `changed`: when it ended, or else began, or else was asked for. `made`: when it was asked for. */
  by: 'changed' | 'made';
  isNewestFirst: boolean;
}

export type TeamAction = Action & {
  changed_at: Date;
  /** Who asked: the login of an access that has one, else its person; null for what Berth asked of itself. */
  asked_by: string | null;
  database_number: number;
  database_name: string;
  database_state: string;
  environment_name: string;
  server_version: string | null;
};

/** Written as the index `actions_of_team_changed` has it. */
const CHANGED = Prisma.sql`coalesce(actions.ended_at, actions.started_at, actions.created_at)`;

const FROM = Prisma.sql`actions JOIN databases ON databases.id = actions.database_id
  JOIN environments ON environments.id = databases.environment_id JOIN servers ON servers.id = actions.server_id
  LEFT JOIN accesses ON accesses.id = actions.requested_by`;

export function teamActionsOf(db: Db) {
  return {
    /** Without those about databases of which their clients were told that they are deleted, while they are or were kept. */
    async listOfTeam(
      filter: TeamActionFilter,
      order: TeamActionOrder,
      skip: number,
      take: number,
    ): Promise<Placed<TeamAction>> {
      const where = whereOf(filter);
      const data = await db.$queryRaw<TeamAction[]>`
        SELECT ${columnsOf('actions', Prisma.ActionScalarFieldEnum)}, ${CHANGED} AS changed_at,
          coalesce(accesses.login, accesses.person) AS asked_by, databases.number AS database_number,
          databases.name AS database_name, databases.state AS database_state, environments.name AS environment_name,
          servers.version AS server_version
        FROM ${FROM} WHERE ${where} ORDER BY ${orderOf(order)} LIMIT ${take} OFFSET ${skip}`;
      const [row] = await db.$queryRaw<{ count: number }[]>`SELECT count(*)::int AS count FROM ${FROM} WHERE ${where}`;
      return { data, total: row?.count ?? 0 };
    },
  };
}

function orderOf({ by, isNewestFirst }: TeamActionOrder): Prisma.Sql {
  const direction = isNewestFirst ? Prisma.sql`DESC` : Prisma.sql`ASC`;
  const made = Prisma.sql`actions.number ${direction}`;
  return by === 'made' ? made : Prisma.sql`${CHANGED} ${direction}, ${made}`;
}

function whereOf(filter: TeamActionFilter): Prisma.Sql {
  const wanted: [Prisma.Sql, string | number | null][] = [
    [Prisma.sql`databases.project_id`, filter.projectId],
    [Prisma.sql`databases.environment_id`, filter.environmentId],
    [Prisma.sql`actions.id`, filter.id],
    [Prisma.sql`actions.number`, filter.number],
    [Prisma.sql`databases.number`, filter.databaseNumber],
    [Prisma.sql`databases.name`, filter.databaseName],
  ];
  const parts = wanted.flatMap(([column, value]) => (value === null ? [] : [Prisma.sql`${column} = ${value}`]));
  if (filter.states !== null) parts.push(Prisma.sql`actions.state = ANY(${filter.states})`);
  if (filter.kinds !== null) parts.push(Prisma.sql`actions.kind = ANY(${filter.kinds})`);
  const all = [
    // of both, so that neither is read whole: PostgreSQL does not know that they are the same
    Prisma.sql`actions.team_id = ${filter.teamId} AND databases.team_id = ${filter.teamId}`,
    Prisma.sql`NOT databases.hidden`, // nor later: that it was kept and then dropped is no more theirs to know
    ...parts,
  ];
  return Prisma.join(all, ' AND ');
}
