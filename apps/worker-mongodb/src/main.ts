// The worker of one engine: MongoDB.
import { runWorker } from '@berth/actions';
import { mongodb } from '@berth/engines/mongodb';

void runWorker(mongodb);
