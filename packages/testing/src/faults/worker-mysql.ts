// The real worker of the engine `mysql`, which hurts itself where a test wants it to.
import { mysql } from '@berth/engines/mysql';
import { runHurtWorker } from './hurt-worker';

runHurtWorker(mysql);
