// PostgreSQL as journeys meet it: by `pg` itself, past the engine that is tried.
import { readFile } from 'node:fs/promises';
import { placeBinaries } from '@berth/embedded';
import { postgresql } from '@berth/engines/postgresql';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { testServers } from '../stack';
import { openTestPostgresql, type TestPostgresql } from '../test-postgresql';
import { postgresqlBelongings } from './postgresql-belongings';
import { type TenantSession, type TenantsServer, type TenantsView, testEngine } from './tenants';

export const onPostgresql = testEngine({
  title: 'PostgreSQL',
  engine: postgresql,
  belongings: postgresqlBelongings,
  misdeeds: [], // more than a list holds: journeys of their own, see docs/journeys.md
  sessionsAreInOneDatabase: true,
  whyMissing: () => null,
  sharedUrl: () => testServers().postgresqlUrl,
  openServer,
  view,
  enter: async (uri) => sessionOf(await connect(uri)),
  async changePassword(uri, password) {
    const client = await connect(uri);
    const login = escapeIdentifier(decodeURIComponent(new URL(uri).username));
    await client.query(`ALTER ROLE ${login} PASSWORD ${escapeLiteral(password)}`).finally(() => client.end());
  },
  knock: async (uri) => (await connect(uri)).end(),
  codeField: 'code',
  refusals: {
    '28P01': 'login',
    '28000': 'login',
    '42501': 'database',
    '55000': 'database',
  },
});

async function connect(uri: string): Promise<Client> {
  // some journeys crash the server, which forgets otherwise what it has just committed
  const client = new Client({ connectionString: uri, options: '-c synchronous_commit=on' });
  client.on('error', () => undefined); // a session that Berth ends is what journeys are about
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end();
    throw error;
  }
}

function sessionOf(client: Client): TenantSession {
  const insert = async (text: string, table = 'kept') => {
    await client.query(`INSERT INTO ${escapeIdentifier(table)} VALUES ($1)`, [text]);
  };
  return {
    insert,
    async write(text, table = 'kept') {
      await client.query(`CREATE TABLE IF NOT EXISTS ${escapeIdentifier(table)} (text text)`);
      await insert(text, table);
    },
    async read(table = 'kept') {
      const { rows } = await client.query<{ text: string }>(`SELECT text FROM ${escapeIdentifier(table)}`);
      return rows.map(({ text }) => text);
    },
    end: () => client.end(),
  };
}

function view(adminUrl: string): TenantsView {
  async function ask(sql: string, values: string[] = [], database?: string): Promise<Record<string, unknown>[]> {
    const client = await connect(database === undefined ? adminUrl : new URL(`/${database}`, adminUrl).href);
    try {
      return (await client.query<Record<string, unknown>>(sql, values)).rows;
    } finally {
      await client.end();
    }
  }
  const canary = (deed: string, login: string) => ask(`${deed} ${escapeIdentifier(login)}`);
  return {
    async listNames(prefix) {
      const sql = `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)
        UNION SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)`;
      return (await ask(sql, [prefix])).map(({ name }) => String(name)).sort();
    },
    hasDatabase: async (name) => (await ask('SELECT FROM pg_database WHERE datname = $1', [name])).length > 0,
    hasLogin: async (name) => (await ask('SELECT FROM pg_roles WHERE rolname = $1', [name])).length > 0,
    findVerifier: async (name) => {
      const [row] = await ask('SELECT rolpassword AS verifier FROM pg_authid WHERE rolname = $1', [name]);
      return row === undefined ? null : String(row.verifier);
    },
    isLocked: async (name) =>
      (await ask('SELECT rolcanlogin AS open FROM pg_roles WHERE rolname = $1', [name]))[0]?.open === false,
    dropDatabase: async (name) => void (await ask(`DROP DATABASE ${escapeIdentifier(name)} WITH (FORCE)`)),
    async dropLogin(name) {
      const databases = await ask(
        'SELECT datname AS name FROM pg_database, pg_roles WHERE rolname = $1 AND datallowconn AND has_database_privilege(pg_roles.oid, pg_database.oid, $2)',
        [name, 'CONNECT'],
      );
      const login = escapeIdentifier(name);
      for (const database of databases) await ask(`DROP OWNED BY ${login}`, [], String(database.name));
      await ask(`DROP ROLE ${login}`);
    },
    letIntoCanary: async (login) => void (await canary('GRANT CONNECT ON DATABASE berth_canary TO', login)),
    shutOutOfCanary: async (login) => void (await canary('REVOKE CONNECT ON DATABASE berth_canary FROM', login)),
    async findLimit(login) {
      const [row] = await ask('SELECT rolconnlimit AS most FROM pg_roles WHERE rolname = $1', [login]);
      return row === undefined || Number(row.most) < 0 ? null : Number(row.most);
    },
  };
}

async function openServer(): Promise<TenantsServer> {
  return serverOver(await openTestPostgresql(await placeBinaries(testServers().home))); // a copy would pass for the shared one
}

/** A PostgreSQL of a test's own as each engine's server is hurt. */
export function serverOver(server: TestPostgresql): TenantsServer {
  /** A process for each session, and each must stop: they go on without the one that takes connections. */
  const signal = async (name: NodeJS.Signals) => {
    const { pid } = server;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    for (const each of [pid, ...children.trim().split(' ').map(Number)]) process.kill(each, name);
  };
  return {
    url: server.url().reveal(),
    stop: () => server.stop(),
    kill9: () => server.kill9(),
    restart: () => server.restart(),
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    readLog: () => readFile(server.logFile, 'utf8'),
    close: () => server.close(),
  };
}
