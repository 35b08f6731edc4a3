// The real PostgreSQL worker, which hurts itself at one moment of one step: BERTH_TEST_FAULT=moment:step:SIGNAL.
import { runWorker } from '@berth/actions';
import { postgresql } from '@berth/engines/postgresql';

const [moment, step, signal] = (process.env.BERTH_TEST_FAULT ?? '').split(':');
let hurt = false;

void runWorker(postgresql, {
  async onMoment(now, name) {
    if (hurt || now !== moment || name !== step || signal === undefined) return;
    hurt = true;
    process.kill(process.pid, signal); // SIGKILL and SIGSTOP act here and now; after SIGCONT it goes on
  },
});
