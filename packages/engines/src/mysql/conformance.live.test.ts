// MariaDB passes the suite that every engine passes.
import { describeWhere } from '@berth/testing';
import { describeEngine } from '../conformance';
import { mysql } from '.';
import { liveServer } from './live-server';

const url = process.env.BERTH_TEST_MYSQL_URL ?? '';

describeWhere(url !== '', 'BERTH_TEST_MYSQL_URL names no server', 'MySQL', () => {
  describeEngine(mysql, async () => liveServer(url));
});
