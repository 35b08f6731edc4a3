// Where the time of a create goes, from the marks it leaves: the client's clock, the action's row, its steps, its nudge.
import type { Secret } from '@berth/core';
import type { Asked } from './create-by-berth';
import { percentile } from './figures';
import { withClient } from './with-client';

/** One part of the way from request to answer; the parts of one create add up to its whole time. */
export interface Part {
  name: string;
  medianMs: number;
}

interface Marks {
  id: string;
  nudged: number;
  picked: number;
  started: number;
  ended: number;
  steps: { name: string; started: number; ended: number }[];
}

// Clocks are one: everything runs on this machine. Stored times are rounded to the millisecond, so medians are near, not exact.
const MARKS = `
  SELECT a.id, job.added_at_ms::float8 AS nudged, job.processed_at_ms::float8 AS picked,
         extract(epoch FROM a.started_at)::float8 * 1000 AS started, extract(epoch FROM a.ended_at)::float8 * 1000 AS ended,
         (SELECT json_agg(json_build_object('name', s.name,
                   'started', extract(epoch FROM s.started_at)::float8 * 1000,
                   'ended', extract(epoch FROM s.ended_at)::float8 * 1000) ORDER BY s.ended_at)
            FROM steps s WHERE s.action_id = a.id AND s.attempt = a.claim) AS steps
    FROM actions a JOIN bullmq.job job ON job.id = a.id || '-1'
   WHERE a.id = ANY($1) AND a.state = 'succeeded' AND a.claim = 1`;

/** The median of each part, in the order in which they come. Actions that a second worker had to run are left out. */
export async function readBreakdown(storeUrl: Secret, asked: Asked[]): Promise<Part[]> {
  const byId = new Map(asked.map((each) => [each.actionId, each]));
  const rows = await withClient(storeUrl.reveal(), async (client) => {
    return (await client.query<Marks>(MARKS, [[...byId.keys()]])).rows;
  });
  const parts = new Map<string, number[]>();
  for (const marks of rows) {
    const mine = byId.get(marks.id);
    if (mine === undefined) continue;
    for (const [name, ms] of partsOf(marks, mine)) parts.set(name, [...(parts.get(name) ?? []), ms]);
  }
  return [...parts].map(([name, values]) => ({ name, medianMs: percentile(values, 0.5) }));
}

function partsOf({ nudged, picked, started, ended, steps }: Marks, { sentAtMs, toldAtMs }: Asked): [string, number][] {
  const parts: [string, number][] = [
    ['request: POST to commit', nudged - sentAtMs],
    ['queue: commit to pick-up', picked - nudged],
    ['queue: pick-up to claim', started - picked],
  ];
  let at = started;
  let recordedMs = 0;
  for (const [index, step] of steps.entries()) {
    if (index === 0) parts.push(['open: claim to first step', step.started - at]);
    else recordedMs += step.started - at;
    parts.push([`step: ${step.name}`, step.ended - step.started]);
    at = step.ended;
  }
  parts.push(['steps: recording, all but the last', recordedMs]);
  parts.push(['close: last step to commit begun', ended - at]);
  parts.push(['close: to the answer', toldAtMs - ended]);
  return parts;
}
