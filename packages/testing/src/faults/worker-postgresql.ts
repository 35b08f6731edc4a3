// The real worker of the engine `postgresql`, which hurts itself where a test wants it to.
import { postgresql } from '@berth/engines/postgresql';
import { runHurtWorker } from './hurt-worker';

runHurtWorker(postgresql);
