// A visit to a database of MySQL or MariaDB; see visits.ts.
import { systemCode } from '@berth/embedded';
import { createConnection, type RowDataPacket } from 'mysql2/promise';
import { CONNECT_MS_MAX, type Visits } from './visits';

const REFUSALS = [
  'ER_ACCESS_DENIED_ERROR', // also the answer to a login that does not exist
  'ER_ACCOUNT_HAS_BEEN_LOCKED',
  '4151', // the same, of MariaDB: mysql2 has no name for it
];

export const visitMysql: Visits = {
  async open(url) {
    const connection = await createConnection({ uri: url.reveal(), connectTimeout: CONNECT_MS_MAX });
    connection.on('error', () => undefined); // the server ended the session: the next statement tells
    const close = () => connection.end().catch(() => connection.destroy()); // it may have been ended from the other side
    try {
      await connection.query('CREATE TABLE IF NOT EXISTS note (text text NOT NULL)');
    } catch (error) {
      await close();
      throw error;
    }
    return {
      write: async (note) => void (await connection.query('INSERT INTO note VALUES (?)', [note])),
      async read() {
        const [rows] = await connection.query<RowDataPacket[]>('SELECT text FROM note');
        return rows.map(({ text }) => String(text));
      },
      close,
    };
  },
  isRefusal: (error) => REFUSALS.includes(systemCode(error)),
};
