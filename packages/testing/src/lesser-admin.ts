// An admin that is no superuser, with all that docs/engines.md asks for and nothing else.
import { Secret } from '@berth/core';
import { Client } from 'pg';

export const LESSER_ADMIN = { username: 'berth_admin', password: new Secret('of-the-lesser-admin') };

export interface LesserAdminOptions {
  /** Left out: it has what is asked for. As an operator makes it who has not read the page: CREATEDB and CREATEROLE. */
  isBare?: boolean;
  /** As on a managed service, where nobody can shut template1. */
  isTemplateOpen?: boolean;
}

/** Makes it on the server behind a superuser's URL, once. Returns its own URL. */
export async function makeLesserAdmin(superuserUrl: string, options: LesserAdminOptions = {}): Promise<string> {
  const client = new Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    for (const sql of statementsOf(options)) await client.query(sql);
  } finally {
    await client.end();
  }
  const url = new URL(superuserUrl);
  url.username = LESSER_ADMIN.username;
  url.password = LESSER_ADMIN.password.reveal();
  return url.href;
}

/** What such an admin lacks when it is bare. */
export const GRANT_REST = `GRANT pg_signal_backend, pg_read_all_stats TO ${LESSER_ADMIN.username}`;

function statementsOf({ isBare = false, isTemplateOpen = false }: LesserAdminOptions): string[] {
  const { username, password } = LESSER_ADMIN;
  return [
    `CREATE ROLE ${username} LOGIN CREATEDB CREATEROLE PASSWORD '${password.reveal()}'`,
    ...(isBare ? [] : [GRANT_REST]),
    `REVOKE CONNECT, TEMPORARY ON DATABASE ${isTemplateOpen ? 'postgres' : 'postgres, template1'} FROM PUBLIC`,
    `GRANT CONNECT ON DATABASE postgres TO ${username}`,
  ];
}
