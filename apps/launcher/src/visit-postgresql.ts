// A visit to a database of PostgreSQL; see visits.ts.
import { systemCode } from '@berth/embedded';
import { Client } from 'pg';
import { CONNECT_MS_MAX, type Visits } from './visits';

const REFUSALS = [
  '28P01', // invalid_password: also the answer to a login that does not exist
  '28000', // invalid_authorization_specification: the login may not log in
];

export const visitPostgresql: Visits = {
  async open(url) {
    const client = new Client({ connectionString: url.reveal(), connectionTimeoutMillis: CONNECT_MS_MAX });
    client.on('error', () => undefined); // the server ended the session: the next statement tells
    const close = () => client.end().catch(() => undefined); // it may have been ended from the other side
    try {
      await client.connect();
      await client.query('CREATE TABLE IF NOT EXISTS note (text text NOT NULL)');
    } catch (error) {
      await close();
      throw error;
    }
    return {
      write: async (note) => void (await client.query('INSERT INTO note VALUES ($1)', [note])),
      read: async () => (await client.query<{ text: string }>('SELECT text FROM note')).rows.map(({ text }) => text),
      close,
    };
  },
  isRefusal: (error) => REFUSALS.includes(systemCode(error)),
};
