// The worker of one engine: PostgreSQL.
import { runWorker } from '@berth/actions';
import { postgresql } from '@berth/engines/postgresql';

void runWorker(postgresql);
