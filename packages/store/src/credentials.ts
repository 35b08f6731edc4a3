// The one writer of a credential's state and of its two secrets. Drawn in core/src/credential.ts.
import { type CredentialState, newId, PlatformError, type Role } from '@berth/core';
import { CREDENTIAL_REFERENCES, columnsOf, type Db, raise, refusing } from './db';
import { type Credential, type Grant, Prisma } from './generated/client';
import { Overtaken } from './overtaken';
import { type Page, type PageRequest, type Placed, page } from './page';

export type { Credential, Grant };

export interface NewCredential {
  id: string;
  teamId: string;
  serverId: string;
  username: string;
  engineUsername: string;
  secretSealed: string;
  accessId: string | null;
}

export type GrantView = Grant & {
  database: {
    name: string;
    engine_name: string;
    state: string;
    hidden: boolean;
    project_id: string;
    environment_id: string;
  };
};

/** Where credentials are looked for: on a server, by the databases that they let into. */
export interface CredentialPlace {
  teamId: string;
  serverId: string;
  projectId: string;
  environmentId: string;
}

/** With its living grants, the oldest first. */
export type CredentialView = Credential & { grants: GrantView[] };

const DATABASE = {
  name: true,
  engine_name: true,
  state: true,
  hidden: true,
  project_id: true,
  environment_id: true,
} as const;

const VIEW = {
  grants: {
    where: { revoked_at: null },
    include: { database: { select: DATABASE } },
    orderBy: { number: 'asc' },
  },
} as const;

const columns = columnsOf('changed', Prisma.CredentialScalarFieldEnum);

export function credentialsOf(db: Db) {
  return { ...readsOf(db), ...writesOf(db), ...secretsOf(db) };
}

/** One arrow: null when the credential was not in one of the states `from`. */
async function turn(
  db: Db,
  id: string,
  from: CredentialState[],
  set: Prisma.Sql,
  event: Parameters<typeof raise>[0],
): Promise<Credential | null> {
  const [row] = await db.$queryRaw<Credential[]>`
    WITH changed AS (
      UPDATE credentials SET ${set} WHERE id = ${id} AND state = ANY(${from}) RETURNING *
    ), raised AS (${raise(event, CREDENTIAL_REFERENCES)})
    SELECT ${columns} FROM changed`;
  return row ?? null;
}

function writesOf(db: Db) {
  return {
    newId: (): string => newId('credential'),

    /**
     * Throws `name_taken` when the team has a living login of that name on that server, `Overtaken` when another login has its
     * engine name there by now.
     */
    async insert(credential: NewCredential): Promise<Credential> {
      const write = db.$queryRaw<Credential[]>`
        WITH changed AS (
          INSERT INTO credentials (id, team_id, server_id, username, engine_username, secret_sealed, access_id)
          VALUES (${credential.id}, ${credential.teamId}, ${credential.serverId}, ${credential.username},
            ${credential.engineUsername}, ${credential.secretSealed}, ${credential.accessId})
          RETURNING *
        ), raised AS (${raise('credential.creating', CREDENTIAL_REFERENCES)})
        SELECT ${columns} FROM changed`;
      const [row] = await refusing(write, {
        credentials_username_free: () => usernameTaken(credential.username),
        credentials_engine_username_free: () =>
          new Overtaken(`The login ${credential.engineUsername} was taken on its server.`),
      });
      if (row === undefined) throw new PlatformError('internal', 'The store did not return the credential it wrote.');
      return row;
    },

    async grant(credential: Credential, databaseId: string, role: Role): Promise<void> {
      await db.$executeRaw`
        INSERT INTO grants (id, team_id, server_id, credential_id, database_id, role)
        VALUES (${newId('grant')}, ${credential.team_id}, ${credential.server_id}, ${credential.id}, ${databaseId}, ${role})`;
    },

    /** Another login name, decided before the engine hears of it, while the credential is being created. */
    async renameOnEngine(id: string, engineUsername: string): Promise<void> {
      await db.$executeRaw`
        UPDATE credentials SET engine_username = ${engineUsername} WHERE id = ${id} AND state = 'creating'`;
    },

    /** creating -> active. */
    becomeActive: (id: string): Promise<Credential | null> =>
      turn(db, id, ['creating'], Prisma.sql`state = 'active'`, 'credential.active'),

    /** creating -> failed. */
    becomeFailed: (id: string): Promise<Credential | null> =>
      turn(db, id, ['creating'], Prisma.sql`state = 'failed'`, 'credential.failed'),

    /** failed -> creating: its create is tried again. */
    becomeCreating: (id: string): Promise<Credential | null> =>
      turn(db, id, ['failed'], Prisma.sql`state = 'creating'`, 'credential.creating'),

    /** Takes an accepted delete back, and the asked name with it. Throws `name_taken` when another has it by now. */
    async withdrawDelete({ id, username }: { id: string; username: string }): Promise<void> {
      const write = db.$executeRaw`
        UPDATE credentials SET delete_accepted_at = NULL WHERE id = ${id} AND state <> 'deleted'`;
      await refusing(write, { credentials_username_free: () => usernameTaken(username) });
    },

    /** Any living state -> deleted. Its secrets are wiped. */
    becomeDeleted: (id: string): Promise<Credential | null> =>
      turn(
        db,
        id,
        ['creating', 'active', 'failed'],
        Prisma.sql`state = 'deleted', deleted_at = now(), secret_sealed = NULL, pending_secret_sealed = NULL,
          delete_accepted_at = coalesce(delete_accepted_at, now())`,
        'credential.deleted',
      ),

    /** Frees the asked name: a delete was accepted. Null when one was accepted before. Not a state. */
    async acceptDelete(id: string): Promise<Credential | null> {
      const [row] = await db.$queryRaw<Credential[]>`
        WITH changed AS (
          UPDATE credentials SET delete_accepted_at = now()
          WHERE id = ${id} AND state <> 'deleted' AND delete_accepted_at IS NULL RETURNING *
        ), raised AS (${raise('credential.deleting', CREDENTIAL_REFERENCES)})
        SELECT ${columns} FROM changed`;
      return row ?? null;
    },
  };
}

async function lock(db: Db, ids: string[], databaseId: string | null): Promise<void> {
  await db.$queryRaw`SELECT id FROM credentials WHERE id = ANY(${ids}) ORDER BY id FOR NO KEY UPDATE`;
  await db.$queryRaw`
    SELECT id FROM databases WHERE id = ANY(ARRAY(
      SELECT ${databaseId} UNION SELECT database_id FROM grants WHERE credential_id = ANY(${ids}) AND revoked_at IS NULL))
    ORDER BY id FOR NO KEY UPDATE`;
}

function readsOf(db: Db) {
  return {
    /** Null when there is none; a deleted one is found too. */
    find: (id: string): Promise<CredentialView | null> => db.credential.findUnique({ where: { id }, include: VIEW }),

    /**
     * Locks its row, then those of the databases it has grants on (and of one that it is to have), in the order of their
     * ids, until commit: a delete of one waits for us, or we for it, and meanwhile no grant is added.
     */
    lock: (id: string, databaseId: string | null = null): Promise<void> => lock(db, [id], databaseId),

    /** The same for several at once: first all their rows, in the order of their ids, then all the databases. */
    lockAll: (ids: string[]): Promise<void> => lock(db, ids, null),

    /** Locks the rows of those that have a grant on a database until commit: they get and lose no other meanwhile. */
    async lockOfDatabase(databaseId: string): Promise<void> {
      await db.$queryRaw`
        SELECT id FROM credentials
        WHERE id IN (SELECT credential_id FROM grants WHERE database_id = ${databaseId} AND revoked_at IS NULL)
        ORDER BY id FOR NO KEY UPDATE`;
    },

    /** Credentials with a grant on a database, newest first, without deleted ones. */
    list: (databaseId: string, request: PageRequest): Promise<Page<CredentialView>> =>
      page(request, (window) =>
        db.credential.findMany({
          where: {
            grants: { some: { database_id: databaseId, revoked_at: null } },
            state: { not: 'deleted' },
            ...window.where,
          },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Those that let in now, into one of the available databases of a place on a server, oldest first. */
    async listByPlace(place: CredentialPlace, skip: number, take: number): Promise<Placed<CredentialView>> {
      const database = { project_id: place.projectId, environment_id: place.environmentId, state: 'available' };
      const isMade = { OR: [{ pending_role: null }, { NOT: { pending_role: { equals: db.grant.fields.role } } }] };
      const grants = { some: { revoked_at: null, database, ...isMade } };
      const where = { team_id: place.teamId, server_id: place.serverId, state: 'active', grants };
      const [data, total] = [
        await db.credential.findMany({ where, orderBy: { number: 'asc' }, skip, take, include: VIEW }),
        await db.credential.count({ where }),
      ];
      return { data, total };
    },

    /** All living credentials with a grant on a database, oldest first. */
    listOfDatabase: (databaseId: string): Promise<CredentialView[]> =>
      db.credential.findMany({
        where: { grants: { some: { database_id: databaseId, revoked_at: null } }, state: { not: 'deleted' } },
        orderBy: { number: 'asc' },
        include: VIEW,
      }),

    /** The same for several databases at once. */
    listOfDatabases: (databaseIds: string[]): Promise<CredentialView[]> =>
      db.credential.findMany({
        where: { grants: { some: { database_id: { in: databaseIds }, revoked_at: null } }, state: { not: 'deleted' } },
        orderBy: { number: 'asc' },
        include: VIEW,
      }),

    /** Whether a credential of this server has this login name or was asked for under it, even one on its way out. */
    async isLoginNameHeld(serverId: string, name: string): Promise<boolean> {
      const [row] = await db.$queryRaw<{ held: boolean }[]>`
        SELECT EXISTS (SELECT FROM credentials WHERE server_id = ${serverId} AND engine_username = ${name} AND state <> 'deleted')
          OR EXISTS (SELECT FROM credentials WHERE server_id = ${serverId} AND username = ${name} AND state <> 'deleted') AS held`;
      return row?.held ?? false;
    },
  };
}

/** The password that works, and beside it the one that is about to. */
function secretsOf(db: Db) {
  return {
    /** Keeps a password beside the working one. One that is kept already stays: the server may know it. */
    async proposeSecret(id: string, sealed: string): Promise<void> {
      await db.$executeRaw`
        UPDATE credentials SET pending_secret_sealed = coalesce(pending_secret_sealed, ${sealed})
        WHERE id = ${id} AND state = 'active'`;
    },

    /** The pending password becomes the working one. Safe to repeat. */
    async adoptPendingSecret(id: string): Promise<void> {
      await turn(
        db,
        id,
        ['active'],
        Prisma.sql`secret_sealed = coalesce(pending_secret_sealed, secret_sealed), pending_secret_sealed = NULL`,
        'credential.reset',
      );
    },

    /** The server does not know the pending password: forget it. */
    async dropPendingSecret(id: string): Promise<void> {
      await db.$executeRaw`UPDATE credentials SET pending_secret_sealed = NULL WHERE id = ${id}`;
    },
  };
}

function usernameTaken(username: string): PlatformError {
  return new PlatformError('name_taken', `A login named "${username}" exists on this server.`, {
    fields: [{ field: 'username', message: 'choose another name, or delete the login that has it' }],
  });
}
