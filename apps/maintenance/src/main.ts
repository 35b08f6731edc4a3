// The maintenance process: repeats every nudge that was lost and takes back what died workers held.
import { openContext } from '@berth/actions';
import { live, openLog } from '@berth/runtime';
import { startSchedule } from './schedule';

const PROCESS = 'maintenance';
/** Duties run side by side, and one that requests actions holds its lock on a connection beside the requests'. */
const STORE_CONNECTIONS_MAX = 4;

void live(openLog(PROCESS, 'info'), async (lifetime) => {
  const context = await openContext(PROCESS, STORE_CONNECTIONS_MAX, lifetime);
  startSchedule(context, lifetime);
  lifetime.announceReady({});
});
