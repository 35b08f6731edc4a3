// The real worker of the engine `mongodb`, which hurts itself where a test wants it to.
import { mongodb } from '@berth/engines/mongodb';
import { runHurtWorker } from './hurt-worker';

runHurtWorker(mongodb);
