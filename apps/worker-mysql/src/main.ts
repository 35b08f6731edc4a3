// The worker of one engine: MySQL and MariaDB.
import { runWorker } from '@berth/actions';
import { mysql } from '@berth/engines/mysql';

void runWorker(mysql);
