// MariaDB as journeys meet it: by `mysql2` itself, past the engine that is tried.
import { mysql } from '@berth/engines/mysql';
import { type Connection, createConnection, escapeId, type RowDataPacket } from 'mysql2/promise';
import { testServers } from '../stack';
import { openTestMariadb, whyNoMariadb } from '../test-mariadb';
import { mysqlBelongings } from './mysql-belongings';
import { mysqlMisdeeds } from './mysql-misdeeds';
import { type TenantSession, type TenantsServer, type TenantsView, testEngine } from './tenants';

export const onMariadb = testEngine({
  title: 'MariaDB',
  engine: mysql,
  belongings: mysqlBelongings,
  misdeeds: mysqlMisdeeds,
  sessionsAreInOneDatabase: false,
  whyMissing: whyNoMariadb,
  sharedUrl: () => testServers().mysqlUrl ?? '',
  openServer,
  view,
  enter: async (uri) => sessionOf(await connect(uri)),
  async changePassword(uri, password) {
    const client = await connect(uri);
    await client.query('SET PASSWORD = PASSWORD(?)', [password]).finally(() => client.end());
  },
  knock: async (uri) => (await connect(uri)).end(),
  codeField: 'errno',
  // 4151: the account is locked. 1044: no right in this database; 1049: it is told so as well where the database is gone.
  refusals: { 1045: 'login', 4151: 'login', 1044: 'database', 1049: 'database' },
});

async function connect(uri: string): Promise<Connection> {
  const client = await createConnection({ uri });
  client.on('error', () => undefined); // a session that Berth ends is what journeys are about
  return client;
}

async function rowsOf(client: Connection, sql: string, values: string[] = []): Promise<RowDataPacket[]> {
  const [rows] = await client.query<RowDataPacket[]>(sql, values);
  return Array.isArray(rows) ? rows : [];
}

function sessionOf(client: Connection): TenantSession {
  const insert = async (text: string, table = 'kept') => {
    await client.query(`INSERT INTO ${escapeId(table)} (text) VALUES (?)`, [text]);
  };
  return {
    insert,
    async write(text, table = 'kept') {
      await client.query(`CREATE TABLE IF NOT EXISTS ${escapeId(table)} (number SERIAL, text VARCHAR(200))`);
      await insert(text, table);
    },
    read: async (table = 'kept') =>
      (await rowsOf(client, `SELECT text FROM ${escapeId(table)} ORDER BY number`)).map(({ text }) => String(text)),
    end: () => client.end().catch(() => client.destroy()), // the server may have ended it
  };
}

function view(adminUrl: string): TenantsView {
  async function ask(sql: string, values: string[] = []): Promise<RowDataPacket[]> {
    const client = await connect(adminUrl);
    try {
      return await rowsOf(client, sql, values);
    } finally {
      await client.end();
    }
  }
  const name = ({ name }: RowDataPacket) => String(name);
  return {
    async listNames(prefix) {
      const sql = `SELECT schema_name AS name FROM information_schema.schemata WHERE LEFT(schema_name, CHAR_LENGTH(?)) = ?
        UNION SELECT User FROM mysql.user WHERE LEFT(User, CHAR_LENGTH(?)) = ?`;
      return (await ask(sql, [prefix, prefix, prefix, prefix])).map(name).sort();
    },
    hasDatabase: async (database) =>
      (await ask('SELECT 1 FROM information_schema.schemata WHERE schema_name = ?', [database])).length > 0,
    hasLogin: async (login) => (await ask('SELECT 1 FROM mysql.user WHERE User = ?', [login])).length > 0,
    async findVerifier(login) {
      const [row] = await ask('SELECT Priv AS verifier FROM mysql.global_priv WHERE User = ?', [login]);
      return row === undefined ? null : String(row.verifier);
    },
    async isLocked(login) {
      const locked = "JSON_VALUE(Priv, '$.account_locked')";
      return (await ask(`SELECT 1 FROM mysql.global_priv WHERE User = ? AND ${locked}`, [login])).length > 0;
    },
    dropDatabase: async (database) => void (await ask(`DROP DATABASE ${escapeId(database)}`)),
    dropLogin: async (login) => void (await ask(`DROP USER ?@'%'`, [login])),
    letIntoCanary: async (login) => void (await ask(`GRANT SELECT ON \`berth\\_canary\`.* TO ?@'%'`, [login])),
    shutOutOfCanary: async (login) => void (await ask(`REVOKE SELECT ON \`berth\\_canary\`.* FROM ?@'%'`, [login])),
    async findLimit(login) {
      const [row] = await ask('SELECT max_user_connections AS most FROM mysql.user WHERE User = ?', [login]);
      return row === undefined || Number(row.most) === 0 ? null : Number(row.most);
    },
  };
}

async function openServer(): Promise<TenantsServer> {
  const server = await openTestMariadb({ 'innodb-flush-log-at-trx-commit': '2' }); // a crash of it forgets nothing
  return {
    url: server.url.reveal(),
    stop: () => server.kill9(), // clients see no difference, and it is quicker
    kill9: () => server.kill9(),
    restart: () => server.restart(),
    freeze: async () => server.freeze(),
    thaw: async () => server.thaw(),
    readLog: () => server.readLog(),
    close: () => server.close(),
  };
}
