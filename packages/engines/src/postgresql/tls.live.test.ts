// TLS with a PostgreSQL that takes no connection without it.
import { openTlsPostgresql } from '@berth/testing/tls-servers';
import { describeTls } from '../conformance/tls.fixture';
import type { ServerAdmin } from '../contract';
import { openConnection } from './connect';
import { postgresql } from './index';
import { liveServer } from './live-server';

describeTls(postgresql, {
  openServer: openTlsPostgresql,
  adminOf: (url) => liveServer(url).admin,
  cipherOf,
  verifiesAddresses: true,
  withoutTls: { code: 'tls_failed', message: /takes this login with TLS alone.*no encryption/, heard: 'berth' },
});

async function cipherOf(address: ServerAdmin): Promise<string> {
  const { username, password } = address;
  const target = { address, username, password, database: 'postgres', applicationName: 'berth' };
  const connection = await openConnection(target, () => 5_000);
  const [row] = await connection.query<{ cipher: string }>(
    'SELECT cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
  );
  await connection.close();
  return String(row?.cipher);
}
