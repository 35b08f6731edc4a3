// The API process: answers requests, records what is asked, and nudges the workers.
import { openContext } from '@berth/actions';
import { ENGINES, within } from '@berth/core';
import { live, openLog } from '@berth/runtime';
import { appOf } from './app';
import { listen } from './http/listen';
import { openRateLimits } from './http/rate-limits';

const PROCESS = 'api';
const STORE_CONNECTIONS_MAX = 10;
/** A start waits this long for the queue. */
const QUEUE_MS_MAX = 2_000;

void live(openLog(PROCESS, 'info'), async (lifetime) => {
  const context = await openContext(PROCESS, STORE_CONNECTIONS_MAX, lifetime);
  const { config, log, queueOutages, sender } = context;
  // before the first request, whose nudge would be lost while the queue opens; not for ever, for it may be down
  await within(QUEUE_MS_MAX, 'The queue', sender.queues([...ENGINES])).catch(queueOutages.failed);
  const limits = openRateLimits(config);
  const { allowedOrigins, dialectHosts, signUp, trustedProxies } = config;
  const told = { allowedOrigins, dialectHosts, signUp, trustedProxies };
  const app = appOf({ ...context, ...told, limits, stopping: lifetime.stopping });
  const door = await listen(app, config.host, config.port);
  lifetime.onStop('http', door.close);
  log.info({ url: door.url }, 'Serving');
  lifetime.announceReady({ url: door.url });
});
