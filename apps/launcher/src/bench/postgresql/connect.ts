// A connection to PostgreSQL by `pg` alone, opened as one that was heard.
import { Client, DatabaseError } from 'pg';
import { Refusal, type ReplayConnection, type ReplayTarget } from '../bench-engine';
import type { Opening } from '../tape';

/** As BenchEngine.connect promises. */
export async function connect({ startup }: Opening, target: ReplayTarget): Promise<ReplayConnection> {
  const { user = '', database = '', application_name = '', options = '' } = startup;
  const client = new Client({
    host: target.host,
    port: target.port,
    ssl: false,
    user,
    password: target.passwordOf(user).reveal(),
    database,
    application_name,
    options,
    statement_timeout: Number(startup.statement_timeout ?? 0),
    idle_in_transaction_session_timeout: Number(startup.idle_in_transaction_session_timeout ?? 0),
    keepAlive: true,
  });
  client.on('error', () => undefined); // the next statement tells
  await client.connect().catch((error: unknown) => {
    throw error instanceof DatabaseError ? new Refusal(error.code ?? '') : error;
  });
  return {
    query: async (sql, values) => void (await (values === null ? client.query(sql) : client.query(sql, values))),
    close: () => client.end(),
  };
}
