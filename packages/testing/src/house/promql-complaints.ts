// An expression of PromQL against the table of metrics: whether it can be read, and asks for what there is.
import { ERRORS } from '@berth/core';
import { METRICS, type MetricSpec } from '@berth/runtime';
import { type PromqlFacts, readPromql } from './promql';

const SPECS = new Map<string, MetricSpec>(Object.entries(METRICS));
/** What prom-client tells of a process, as far as it is used. */
const OF_PROCESSES = ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds'];
/** Every series has the first; Prometheus adds the others. */
const EVERYWHERE = ['process', 'instance', 'job'];
const RISING = ['rate', 'increase'];
/** What Grafana puts in itself. */
const GRAFANA = /\$__(rate_interval|range)\b/g;

/** What is wrong, in sentences; empty when nothing is. */
export function promqlComplaints(expression: string): string[] {
  const facts = readPromql(expression.replace(GRAFANA, '5m'));
  if (facts.errors.length > 0) return facts.errors.map((error) => `cannot be read ${error}`);
  if (facts.selected.length === 0) return ['asks for no metric'];
  const known = labelsOf(facts);
  return [
    ...facts.selected.flatMap(({ metric, matchers }) => selectorComplaints(metric, matchers)),
    ...facts.grouped
      .filter((label) => !known.includes(label))
      .map((label) => `groups by ${label}, which none of them has`),
    ...usageComplaints(facts),
  ];
}

/** Every label that what an expression selects may have. */
export function labelsOf(facts: PromqlFacts): string[] {
  return [...EVERYWHERE, ...facts.selected.flatMap(({ metric }) => findMetric(metric)?.labels ?? [])];
}

function selectorComplaints(metric: string, matchers: { label: string; value: string }[]): string[] {
  const found = findMetric(metric);
  if (found === null) return [`asks for ${metric}, which no process serves`];
  return matchers.flatMap(({ label, value }) => {
    if (![...EVERYWHERE, ...found.labels].includes(label)) return [`asks ${metric} for ${label}, which it has not`];
    if (label !== 'code') return [];
    const unknown = value.split('|').filter((code) => !Object.hasOwn(ERRORS, code));
    return unknown.map((code) => `asks for the code ${code}, which is none`);
  });
}

/** A counter says something by its rise alone; a quantile is of buckets, and must keep their bounds. */
function usageComplaints({ selected, functions, grouped }: PromqlFacts): string[] {
  const names = selected.map(({ metric }) => metric);
  const isRising = functions.some((name) => RISING.includes(name));
  return [
    ...names
      .filter((name) => /_(total|count|sum|bucket)$/.test(name) && !isRising)
      .map((name) => `takes ${name} as it stands; only its rise means something`),
    ...(functions.includes('histogram_quantile') &&
    !(names.every((name) => name.endsWith('_bucket')) && grouped.includes('le'))
      ? ['takes a quantile of what is no histogram by le']
      : []),
  ];
}

/** A metric, or a series of a histogram. Null when there is none. */
function findMetric(name: string): { labels: readonly string[] } | null {
  const spec = SPECS.get(name);
  if (spec !== undefined) return spec.type === 'histogram' ? null : spec;
  if (OF_PROCESSES.includes(name)) return { labels: [] };
  const [, base = '', part] = /^(\w+)_(bucket|count|sum)$/.exec(name) ?? [];
  const histogram = SPECS.get(base);
  if (histogram?.type !== 'histogram') return null;
  return { labels: part === 'bucket' ? ['le', ...histogram.labels] : histogram.labels };
}
