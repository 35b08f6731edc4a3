// The real API, which dies where a request has committed and its nudge is about to be sent: BERTH_TEST_FAULT=committed.
import { openContext } from '@berth/actions';
import { appOf, listen, openRateLimits } from '@berth/api';
import { live, openLog } from '@berth/runtime';

void live(openLog('api', 'info'), async (lifetime) => {
  const context = await openContext('api', 10, lifetime);
  const sender =
    process.env.BERTH_TEST_FAULT === 'committed'
      ? { ...context.sender, send: async () => process.kill(process.pid, 'SIGKILL') }
      : context.sender;
  const limits = openRateLimits(context.config);
  const door = await listen(appOf({ ...context, limits, sender, stopping: lifetime.stopping }), '127.0.0.1', 0);
  lifetime.onStop('http', door.close);
  lifetime.announceReady({ url: door.url });
});
