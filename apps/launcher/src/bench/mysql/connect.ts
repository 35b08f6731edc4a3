// A connection to MySQL or MariaDB by `mysql2` alone, opened as one that was heard.
import { Socket } from 'node:net';
import { createConnection } from 'mysql2';
import { Refusal, type ReplayConnection, type ReplayTarget } from '../bench-engine';
import type { Opening } from '../tape';

/** As BenchEngine.connect promises. */
export async function connect({ startup }: Opening, target: ReplayTarget): Promise<ReplayConnection> {
  const { user = '', database, program_name = '' } = startup;
  const socket = new Socket().setNoDelay(true).setKeepAlive(true);
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.connect(target.port, target.host);
  const client = createConnection({
    user,
    password: target.passwordOf(user).reveal(),
    ...(database !== undefined && { database }),
    charset: 'utf8mb4',
    connectTimeout: 0,
    connectAttributes: { program_name },
    stream: () => socket,
  });
  client.on('error', () => socket.destroy()); // the next statement tells
  await new Promise<void>((resolve, reject) => {
    client.connect((error) => (error ? reject(error) : resolve()));
  }).catch((error: unknown) => {
    socket.destroy();
    throw refusalOf(error) ?? error;
  });
  return {
    query: (sql) =>
      new Promise((resolve, reject) => {
        client.query(sql, (error: Error | null) => (error ? reject(error) : resolve()));
      }),
    async close() {
      client.end(() => socket.end());
      await closed;
    },
  };
}

/** Null for an error that is not the server's. */
function refusalOf(error: unknown): Refusal | null {
  const isSpoken = error instanceof Error && 'sqlState' in error && 'errno' in error;
  return isSpoken && typeof error.errno === 'number' ? new Refusal(String(error.errno)) : null;
}
