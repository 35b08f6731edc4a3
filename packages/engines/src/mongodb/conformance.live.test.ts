// The engine passes the suite that every engine passes, on the server of the run: MongoDB where there is one, else the double.
import { describeEngine } from '../conformance';
import { mongodb } from '.';
import { liveServer } from './live-server';

describeEngine(mongodb, async () => liveServer(process.env.BERTH_TEST_MONGODB_AT ?? ''));
