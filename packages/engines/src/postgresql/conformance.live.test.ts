// PostgreSQL passes the suite that every engine passes, on each version found here.
import { describeEngine } from '../conformance';
import { postgresql } from '.';
import { liveServer } from './live-server';

describeEngine(postgresql, async () => liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? ''));
