// Tries from inside a login's own session what its role may do, and what it may not. Nothing of it is kept.
import { randomUUID } from 'node:crypto';
import type { Role } from '@berth/core';
import type { DatabaseRef, EntryEvidence, LoginRef } from '../contract';
import { checkFailed, tryInside } from '../prove-by-knocking';
import type { Admin } from './admin';
import type { Connection } from './connect';
import { groupNameOf } from './names';
import { proveLesser } from './prove-lesser';
import { quoteIdentifier } from './quote';

/** Throws `login_check_failed`, or why it could not be tried. A session that is ended by its own kind is no server that is gone. */
export async function tryRole(
  admin: Admin,
  inside: Connection,
  database: DatabaseRef,
  login: LoginRef,
  role: Role,
): Promise<EntryEvidence> {
  const { main } = admin;
  return tryInside(
    () =>
      role === 'owner'
        ? writeAndRead(inside, login.name, groupNameOf(database))
        : proveLesser(inside, database, login, role),
    () => main.query('SELECT 1'),
  );
}

/** In the schema public where its owners have left it open to themselves, else in one made for the occasion. */
async function writeAndRead(connection: Connection, login: string, group: string): Promise<EntryEvidence> {
  const unique = `berth_check_${randomUUID().replaceAll('-', '')}`;
  await connection.query('BEGIN READ WRITE');
  const [who] = await connection.query<{ session: string; current: string; has_public: boolean }>(
    `SELECT session_user AS session, current_user AS current,
            EXISTS (SELECT FROM pg_namespace WHERE nspname = 'public' AND has_schema_privilege(oid, 'CREATE')
                       AND has_schema_privilege(oid, 'USAGE')) AS has_public`,
  );
  if (who?.session !== login || who.current !== group) {
    throw checkFailed(`"${login}" acts as "${who?.current}" instead of "${group}"`);
  }
  const schema = who.has_public ? 'public' : unique;
  if (!who.has_public) await connection.query(`CREATE SCHEMA ${unique}`);
  const table = `${quoteIdentifier(schema)}.${unique}`;
  await connection.query(`CREATE TABLE ${table} (written text)`);
  await connection.query(`INSERT INTO ${table} VALUES ($1)`, [unique]);
  const [read] = await connection.query<{ written: string }>(`SELECT written FROM ${table}`);
  await connection.query('ROLLBACK');
  if (read?.written !== unique) throw checkFailed('What was written was not read back');
  const can = { can_make: true, can_write: true, can_read: true };
  return { login, role: 'owner', ...can, tried_on: null, lacks: null, details: { acts_as: who.current } };
}
