// TLS with the double of MongoDB, which takes no connection without it. That MongoDB itself does the same was not tried.
import { openTlsMongodb } from '@berth/testing/tls-servers';
import { describeTls } from '../conformance/tls.fixture';
import { mongodb } from './index';
import { liveServer } from './live-server';

describeTls(mongodb, {
  openServer: openTlsMongodb,
  adminOf: (url) => liveServer(url).admin,
  cipherOf: null,
  verifiesAddresses: true,
  withoutTls: { code: 'server_unreachable', message: /demands TLS/, heard: 'berth' },
});
