// A connection of `pg` for one deed of the benchmark: to the store, or to a server as its superuser.
import { Client } from 'pg';

/** Runs `deed` on a connection to one database, and closes it. */
export async function withClient<T>(url: string, deed: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await deed(client);
  } finally {
    await client.end();
  }
}
