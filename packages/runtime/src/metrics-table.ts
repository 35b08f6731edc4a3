// Every metric of Berth, in one table: docs/metrics.md lists the same, and the alerts and the dashboard use no other. No label
// ever holds an id or what a tenant chose: those have no bound, and are no operator's business here.

/** Which processes serve it: `worker` is the worker of any engine. */
export type Watched = 'api' | 'worker' | 'maintenance';

export interface MetricSpec {
  type: 'counter' | 'gauge' | 'histogram';
  /** One sentence, as `/metrics` shows it. */
  help: string;
  /** Beside `process`, which every series has. */
  labels: readonly string[];
  by: readonly Watched[];
  /** Upper bounds of a histogram, in seconds. */
  buckets?: readonly number[];
}

const EVERY = ['api', 'worker', 'maintenance'] as const;
/** An answer is good in a quarter of a second; `Prefer: wait` may take half a minute. */
const ANSWER_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** Steps take milliseconds to seconds, a drop of much data minutes. */
const WORK_S = [0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120, 600];
/** A nudge that arrives takes milliseconds; a lost one is sent again after 15 s; a server that is away puts off for minutes. */
const PICKUP_S = [0.005, 0.01, 0.025, 0.1, 0.25, 1, 5, 15, 30, 60, 300, 3_600];

/** Name → what it is. Names and units as Prometheus has them: base units, `_total` on what only grows. */
export const METRICS = {
  berth_build_info: {
    type: 'gauge',
    help: 'Always 1; its labels tell which process this is and which version of Berth runs in it.',
    labels: ['version'],
    by: EVERY,
  },
  berth_store_up: {
    type: 'gauge',
    help: '1 when the store answered this process within 1.5 seconds just now, or in the last 15 while queries wait for a connection.',
    labels: [],
    by: EVERY,
  },
  berth_store_connections: {
    type: 'gauge',
    help: 'Connections of this process to the store (in_use, idle), and how many queries wait for one (waiting).',
    labels: ['state'],
    by: EVERY,
  },
  berth_queue_reachable: {
    type: 'gauge',
    help: '1 while the queue takes the nudges of this process; of a worker, while it answers at every look.',
    labels: [],
    by: EVERY,
  },
  berth_nudges_total: {
    type: 'counter',
    help: 'Nudges that this process sent to the queue, or lost; the sweeper sends the lost ones again.',
    labels: ['outcome'],
    by: EVERY,
  },
  berth_metrics_left_out_total: {
    type: 'counter',
    help: 'Times a metric was left out because what it is read from failed or took more than two seconds, or a value was no number.',
    labels: ['metric'],
    by: EVERY,
  },
  berth_trace_batches_lost_total: {
    type: 'counter',
    help: 'Batches of spans that the collector of traces did not take, where traces are sent.',
    labels: [],
    by: EVERY,
  },
  berth_actions_ended_total: {
    type: 'counter',
    help: 'Actions that this worker ended, by how, and of failures by the code of docs/errors.md; not those called off while queued.',
    labels: ['kind', 'outcome', 'code'],
    by: ['worker'],
  },
  berth_actions_postponed_total: {
    type: 'counter',
    help: 'Attempts that were given up for now, by the code of what stood against them.',
    labels: ['kind', 'code'],
    by: ['worker'],
  },
  berth_action_duration_seconds: {
    type: 'histogram',
    help: 'From the claim of an action to the end of that attempt.',
    labels: ['kind', 'outcome'],
    by: ['worker'],
    buckets: WORK_S,
  },
  berth_action_pickup_seconds: {
    type: 'histogram',
    help: 'From the request of an action to its first claim: the line before it, the nudge, a free worker.',
    labels: ['kind'],
    by: ['worker'],
    buckets: PICKUP_S,
  },
  berth_step_duration_seconds: {
    type: 'histogram',
    help: 'Of each step of an action, with the writing down of its evidence.',
    labels: ['kind', 'step', 'outcome'],
    by: ['worker'],
    buckets: WORK_S,
  },
  berth_claims_lost_total: {
    type: 'counter',
    help: 'Attempts whose claim was not good any more when they wanted to write: another worker had taken over.',
    labels: ['kind'],
    by: ['worker'],
  },
  berth_actions_in_hand: {
    type: 'gauge',
    help: 'Actions that this worker works on now.',
    labels: [],
    by: ['worker'],
  },
  berth_worker_concurrency: {
    type: 'gauge',
    help: 'Actions that this worker works on at most (BERTH_WORKER_CONCURRENCY).',
    labels: [],
    by: ['worker'],
  },
  berth_queue_looked_seconds: {
    type: 'gauge',
    help: 'Since this worker last looked at the queue, whether it answered or not.',
    labels: [],
    by: ['worker'],
  },
  berth_actions_open: {
    type: 'gauge',
    help: 'Actions of the whole Berth by state: queued, postponed (queued, for later) or running. Each maintenance process tells all.',
    labels: ['engine', 'server', 'state'],
    by: ['maintenance'],
  },
  berth_actions_waiting_oldest_seconds: {
    type: 'gauge',
    help: 'Age of the oldest action that could run now and that nobody runs; 0 when there is none. Each maintenance process tells all.',
    labels: ['engine', 'server'],
    by: ['maintenance'],
  },
  berth_databases: {
    type: 'gauge',
    help: 'Databases that are not deleted, by engine and state, counted once a minute at most. Each maintenance process tells all.',
    labels: ['engine', 'state'],
    by: ['maintenance'],
  },
  berth_events_lag_seconds: {
    type: 'gauge',
    help: 'For how long the first event that nobody can read yet has waited for an older transaction; 0 when all can be read. Each maintenance process tells all.',
    labels: [],
    by: ['maintenance'],
  },
  berth_sweep_released_total: {
    type: 'counter',
    help: 'Actions that were taken back because their worker died or hung.',
    labels: [],
    by: ['maintenance'],
  },
  berth_sweep_nudged_total: {
    type: 'counter',
    help: 'Actions that were nudged again because nobody had claimed them.',
    labels: [],
    by: ['maintenance'],
  },
  berth_forgotten_total: {
    type: 'counter',
    help: 'Rows that were old enough and are forgotten, by what they were.',
    labels: ['what'],
    by: ['maintenance'],
  },
  berth_forget_failures_total: {
    type: 'counter',
    help: 'Times that what is old enough could not be forgotten; the rest of that run went on.',
    labels: ['what'],
    by: ['maintenance'],
  },
  berth_duty_duration_seconds: {
    type: 'histogram',
    help: 'Of each run of a duty of maintenance; its count tells how often it ran and failed.',
    labels: ['duty', 'outcome'],
    by: ['maintenance'],
    buckets: WORK_S,
  },
  berth_duty_last_success_timestamp_seconds: {
    type: 'gauge',
    help: 'When a duty last ended well, in seconds since 1970; the start of the process until it first does.',
    labels: ['duty'],
    by: ['maintenance'],
  },
  berth_http_request_duration_seconds: {
    type: 'histogram',
    help: 'From the arrival of a request to the end of its answer, by the pattern of its route and the class of its status (2xx; 501, 507; left when the caller was); without streams of events.',
    labels: ['dialect', 'route', 'method', 'status'],
    by: ['api'],
    buckets: ANSWER_S,
  },
  berth_event_streams_open: {
    type: 'gauge',
    help: 'Event streams that are open now.',
    labels: [],
    by: ['api'],
  },
  berth_event_streams_dropped_total: {
    type: 'counter',
    help: 'Event streams that this side ended, by why.',
    labels: ['reason'],
    by: ['api'],
  },
} as const satisfies Record<string, MetricSpec>;

export type MetricName = keyof typeof METRICS;
