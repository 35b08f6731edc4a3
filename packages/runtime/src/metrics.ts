// The metrics of one process: counted where things happen, read when somebody asks. The only importer of prom-client.
// A broken measure must not break the work: a value that is none is left out and counted, not thrown at whoever measures.
import { within } from '@berth/core';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { version } from '../package.json';
import { METRICS, type MetricName, type MetricSpec, type Watched } from './metrics-table';

type Of<Type extends MetricSpec['type']> = {
  [Name in MetricName]: (typeof METRICS)[Name]['type'] extends Type ? Name : never;
}[MetricName];

/** A value for each label of the metric, and no other. */
export type LabelsOf<Name extends MetricName> = Record<(typeof METRICS)[Name]['labels'][number], string>;

/** One value of a gauge. */
export interface Sample<Name extends MetricName> {
  labels: LabelsOf<Name>;
  value: number;
}

export interface Metrics {
  /**
   * Has this series there before it counts anything: Prometheus sees no rise in one that begins with its first count, and an
   * alert would be silent about what happens once. Safe to repeat, and takes nothing from what was counted.
   */
  expect<Name extends Of<'counter'> | Of<'histogram'>>(name: Name, labels: LabelsOf<Name>): void;
  /** Adds to what only grows; default one. */
  count<Name extends Of<'counter'>>(name: Name, labels: LabelsOf<Name>, by?: number): void;
  /** Notes how long something took. */
  observe<Name extends Of<'histogram'>>(name: Name, labels: LabelsOf<Name>, seconds: number): void;
  set<Name extends Of<'gauge'>>(name: Name, labels: LabelsOf<Name>, value: number): void;
  /**
   * Has a gauge read anew for every answer. What throws, or takes more than two seconds, is left out of that answer and
   * counted: a value of some time ago would be taken for one of now. A second reader of a gauge takes the place of the first.
   */
  collect<Name extends Of<'gauge'>>(name: Name, read: () => Sample<Name>[] | Promise<Sample<Name>[]>): void;
  /** Has memory, CPU and the event loop of this process told as well. For the end of the process's life; call once. */
  watchProcess(): void;
  /** All of them, in Prometheus' text format. Never throws; asked by many at once it reads once. */
  text(): Promise<string>;
}

/** What a reader gets from `text`. */
export const METRICS_CONTENT_TYPE: string = Registry.PROMETHEUS_CONTENT_TYPE;

const COLLECT_MS_MAX = 2_000;

/** The metrics of the process of this name; those that it serves by METRICS are there from the start. Nothing to close. */
export function openMetrics(process: string): Metrics {
  const registry = new Registry();
  registry.setDefaultLabels({ process });
  const known = knownTo(registry);
  for (const [name, { by }] of specsOf()) if (by.some((each) => isServedBy(each, process))) known.ensure(name);
  const collectors = new Map<MetricName, () => Promise<void>>();
  const begin = firstTimes();
  const leavingOut = (name: MetricName, note: () => void) => {
    try {
      note();
    } catch {
      known.counter('berth_metrics_left_out_total').inc({ metric: name });
    }
  };
  const metrics: Metrics = {
    expect(name, labels) {
      if (isOf('counter', name)) leavingOut(name, () => known.counter(name).inc(labels, 0));
      else if (begin(name, labels)) leavingOut(name, () => known.histogram(name).zero(labels));
    },
    count: (name, labels, by = 1) => leavingOut(name, () => known.counter(name).inc(labels, growth(by))),
    observe(name, labels, seconds) {
      begin(name, labels);
      leavingOut(name, () => known.histogram(name).observe(labels, growth(seconds)));
    },
    set: (name, labels, value) => leavingOut(name, () => known.gauge(name).set(labels, value)),
    collect(name, read) {
      const gauge = known.gauge(name);
      metrics.expect('berth_metrics_left_out_total', { metric: name });
      collectors.set(name, async () => {
        gauge.reset();
        try {
          const samples = await within(COLLECT_MS_MAX, name, Promise.resolve(read()));
          for (const { labels, value } of samples) gauge.set(labels, value);
        } catch {
          gauge.reset(); // some may have been set before it threw
          if (METRICS[name].labels.length === 0) gauge.remove(); // of one without labels, `reset` leaves a 0
          metrics.count('berth_metrics_left_out_total', { metric: name });
        }
      });
    },
    watchProcess: () => collectDefaultMetrics({ register: registry }),
    text: onceAtATime(async () => {
      await Promise.all([...collectors.values()].map((collect) => collect()));
      return registry.metrics();
    }),
  };
  metrics.set('berth_build_info', { version }, 1);
  return metrics;
}

/** What only grows, grows by this. Throws for what is no number, or less than nothing: it would look like a new start. */
function growth(by: number): number {
  if (!Number.isFinite(by) || by < 0) throw new Error('nothing grows by this');
  return by;
}

/** Of each series of a histogram: whether it is its first time. To set one to zero again would forget what it counted. */
function firstTimes() {
  const begun = new Set<string>();
  return (name: MetricName, labels: Record<string, string>): boolean => {
    const spec: MetricSpec = METRICS[name];
    const series = JSON.stringify([name, ...spec.labels.map((label) => labels[label])]);
    if (begun.has(series)) return false;
    begun.add(series);
    return true;
  };
}

function isServedBy(watched: Watched, process: string): boolean {
  return process === watched || process.startsWith(`${watched}-`);
}

function specsOf(): [MetricName, MetricSpec][] {
  const names = Object.keys(METRICS).filter((name): name is MetricName => name in METRICS);
  return names.map((name) => [name, METRICS[name]]);
}

/** prom-client's objects by name, made when first asked for. */
function knownTo(registry: Registry) {
  const counters = new Map<MetricName, Counter>();
  const gauges = new Map<MetricName, Gauge>();
  const histograms = new Map<MetricName, Histogram>();
  const configOf = (name: MetricName) => {
    const { help, labels } = METRICS[name];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };
  const counter = (name: Of<'counter'>) => made(counters, name, () => new Counter(configOf(name)));
  const gauge = (name: Of<'gauge'>) => made(gauges, name, () => new Gauge(configOf(name)));
  const histogram = (name: Of<'histogram'>) =>
    made(histograms, name, () => new Histogram({ ...configOf(name), buckets: [...METRICS[name].buckets] }));
  return {
    counter,
    gauge,
    histogram,
    ensure(name: MetricName) {
      if (isOf('counter', name)) counter(name);
      else if (isOf('gauge', name)) gauge(name);
      else if (isOf('histogram', name)) histogram(name);
    },
  };
}

function isOf<Type extends MetricSpec['type']>(type: Type, name: MetricName): name is Of<Type> {
  return METRICS[name].type === type;
}

function made<Thing>(things: Map<MetricName, Thing>, name: MetricName, make: () => Thing): Thing {
  const thing = things.get(name) ?? make();
  things.set(name, thing);
  return thing;
}

/** Whoever asks while it is at work gets the answer of that work. */
function onceAtATime<T>(work: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | null = null;
  return () => {
    running ??= work().finally(() => {
      running = null;
    });
    return running;
  };
}
