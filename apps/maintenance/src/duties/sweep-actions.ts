// Duty: what was nudged and not claimed is nudged again; what a died worker held is given back.
import { type Context, sweep } from '@berth/actions';

/** Safe to repeat and to race. */
export async function sweepActions(context: Context): Promise<void> {
  const swept = await sweep(context);
  if (swept === null) return; // another maintenance process is at it
  context.metrics.count('berth_sweep_released_total', {}, swept.released);
  context.metrics.count('berth_sweep_nudged_total', {}, swept.nudged);
  if (swept.released > 0) context.log.warn({ count: swept.released }, 'Took back actions whose worker died or hangs');
  if (swept.taken > 0) context.log.info({ count: swept.taken }, 'Nudged actions again that nobody had claimed');
}
