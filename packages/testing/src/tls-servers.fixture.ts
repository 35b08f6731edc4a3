// Tenants' servers of each engine that demand TLS of everybody, on 127.0.0.1 and of one's own. What certificate they present is
// changed while they run.
import { randomBytes } from 'node:crypto';
import { chown, mkdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '@berth/core';
import { createConnection } from 'mysql2/promise';
import { Client } from 'pg';
import { eventually } from './eventually';
import { startMongodbDouble } from './mongodb-double/start-double';
import { testServers } from './stack';
import { openTestMariadb } from './test-mariadb';
import { openTestPostgresql, PATTERN, TEST_PASSWORD } from './test-postgresql';

/** What a server shows of itself, and the key to it. */
export interface Presented {
  key: string;
  cert: string;
}

export interface TlsServer {
  /** Of an admin who may do everything, at `localhost`, with no word of TLS. */
  url: Secret;
  /** From its return on every new connection is shown this one. */
  present(presented: Presented): Promise<void>;
  close(): Promise<void>;
}

/** pg_hba.conf has no line for connections without TLS. */
export async function openTlsPostgresql(first: Presented): Promise<TlsServer> {
  const files = await openFiles();
  await files.write('key.pem', first.key);
  await files.write('cert.pem', first.cert);
  await files.write('pg_hba.conf', 'hostssl all all all scram-sha-256\n');
  const server = await openTestPostgresql(undefined, {
    ssl: 'on',
    ssl_key_file: files.path('key.pem'),
    ssl_cert_file: files.path('cert.pem'),
    hba_file: files.path('pg_hba.conf'),
  });
  const loadedAt = async () => {
    const client = new Client({ connectionString: server.url().reveal(), ssl: { rejectUnauthorized: false } });
    await client.connect();
    const { rows } = await client.query('SELECT pg_conf_load_time()::text AS at');
    await client.end();
    return String(rows[0]?.at);
  };
  return {
    url: atLocalhost(server.url()),
    async present({ key, cert }) {
      const before = await loadedAt();
      await files.write('key.pem', key);
      await files.write('cert.pem', cert);
      process.kill(server.pid, 'SIGHUP');
      await eventually(async () => (await loadedAt()) !== before, { what: 'PostgreSQL to read its files again' });
    },
    close: () => server.close(),
  };
}

/** As require_secure_transport has it. */
export async function openTlsMariadb(first: Presented): Promise<TlsServer> {
  const files = await openFiles();
  await files.write('key.pem', first.key);
  await files.write('cert.pem', first.cert);
  const server = await openTestMariadb({
    'ssl-key': files.path('key.pem'),
    'ssl-cert': files.path('cert.pem'),
    'require-secure-transport': 'ON',
  });
  return {
    url: atLocalhost(server.url),
    async present({ key, cert }) {
      await files.write('key.pem', key);
      await files.write('cert.pem', cert);
      const ssl = { rejectUnauthorized: false };
      const client = await createConnection({ uri: server.url.reveal(), ssl });
      await client.query('FLUSH SSL');
      await client.end();
    },
    close: () => server.close(),
  };
}

/** The double, for a MongoDB with TLS was not at hand. As tlsMode=requireTLS has it. */
export async function openTlsMongodb(first: Presented): Promise<TlsServer> {
  let presented = first;
  const password = TEST_PASSWORD.reveal();
  const server = await startMongodbDouble({ username: 'root', password, tls: () => presented });
  return {
    url: new Secret(`mongodb://root:${password}@localhost:${server.port}/?authSource=admin`),
    async present(next) {
      presented = next;
    },
    close: () => server.close(),
  };
}

/** A certificate of the tests is for a name. */
function atLocalhost(url: Secret): Secret {
  return new Secret(url.reveal().replace('127.0.0.1', 'localhost'));
}

/** A folder of the run for what a server reads: it belongs to whom PostgreSQL runs as, who takes a key from nobody else. */
async function openFiles() {
  const { home } = testServers();
  const { uid, gid } = await stat(join(home, PATTERN, 'data'));
  const folder = join(home, `tls-${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { mode: 0o700 });
  await chown(folder, uid, gid);
  const path = (name: string) => join(folder, name);
  return {
    path,
    async write(name: string, text: string) {
      await writeFile(path(name), text, { mode: 0o600 });
      await chown(path(name), uid, gid);
    },
  };
}
