// TLS with a MariaDB that takes no connection without it.
import { describeWhere, whyNoMariadb } from '@berth/testing';
import { openTlsMariadb } from '@berth/testing/tls-servers';
import { describeTls } from '../conformance/tls.fixture';
import type { ServerAdmin } from '../contract';
import { openConnection } from './connect';
import { mysql } from './index';
import { liveServer } from './live-server';

const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'on MariaDB', () => {
  describeTls(mysql, {
    openServer: openTlsMariadb,
    adminOf: (url) => liveServer(url).admin,
    cipherOf,
    verifiesAddresses: false,
    withoutTls: { code: 'admin_refused', message: /or it demands TLS, and admin_url asks for none/, heard: 'root' },
  });
});

async function cipherOf(address: ServerAdmin): Promise<string> {
  const { username, password } = address;
  const connection = await openConnection({ address, username, password, programName: 'berth' }, () => 5_000);
  const [row] = await connection.query<{ Value: string }>("SHOW SESSION STATUS LIKE 'Ssl_cipher'");
  await connection.close();
  return String(row?.Value);
}
