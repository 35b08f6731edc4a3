// MariaDB passes the suite that every engine passes.
import { describeWhere, whyNoMariadb } from '@berth/testing';
import { describeEngine } from '../conformance';
import { mysql } from '.';
import { liveServer } from './live-server';

const url = process.env.BERTH_TEST_MYSQL_URL ?? '';
const missing = whyNoMariadb();

describeWhere(missing === null, missing ?? '', 'MySQL', () => {
  describeEngine(mysql, async () => liveServer(url));
});
