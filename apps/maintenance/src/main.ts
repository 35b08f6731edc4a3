// The maintenance process: repeats every nudge that was lost and takes back what died workers held.
import { openContext } from '@berth/actions';
import { live, openLog } from '@berth/runtime';
import { startSchedule } from './schedule';

const PROCESS = 'maintenance';

void live(openLog(PROCESS, 'info'), async (lifetime) => {
  const context = await openContext(PROCESS, 2, lifetime);
  startSchedule(context, lifetime);
  lifetime.announceReady({});
});
