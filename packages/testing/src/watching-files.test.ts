// The alert rules and the dashboard in docs/: Prometheus and Grafana can load them, and they ask for what Berth serves.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { testWhere } from './describe-where';
import { readPromql } from './house/promql';
import { labelsOf, promqlComplaints } from './house/promql-complaints';
import { ROOT } from './house/source-files';

interface Rule {
  alert: string;
  expr: string;
  for?: string;
  labels: { severity: string };
  annotations: Record<'summary' | 'description' | 'runbook', string>;
}

interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: { type: string; uid: string };
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { refId: string; expr: string; legendFormat: string; datasource: { uid: string } }[];
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const { groups }: { groups: { name: string; rules: Rule[] }[] } = parse(read('docs/prometheus/berth.rules.yml'));
const rules = groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(read('docs/grafana/berth.json'));
const panels: Panel[] = dashboard.panels;
const charts = panels.filter(({ type }) => type !== 'row');
const operations = read('docs/operations.md');
/** As GitHub makes them of headings. */
const anchors = [...operations.matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
  title
    .toLowerCase()
    .replace(/[^\w -]/g, '')
    .replaceAll(' ', '-'),
);

describe('the alert rules', () => {
  test('are a file of rules with nothing that Prometheus does not know', () => {
    expect(groups.length).toBeGreaterThan(0);
    for (const group of groups) expect(Object.keys(group).sort()).toEqual(['name', 'rules']);
    const names = rules.map(({ alert }) => alert);
    expect(new Set(names).size).toBe(names.length);
    for (const rule of rules) {
      expect(['alert', 'expr', 'for', 'labels', 'annotations']).toEqual(expect.arrayContaining(Object.keys(rule)));
      expect([rule.alert, rule.for ?? '1m']).toEqual([rule.alert, expect.stringMatching(/^\d+[smhd]$/)]);
    }
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s asks for what there is, and says what to do',
    (alert, rule) => {
      expect(promqlComplaints(rule.expr)).toEqual([]);
      expect(['critical', 'warning']).toContain(rule.labels.severity);
      const { summary, description, runbook, ...rest } = rule.annotations;
      expect(rest).toEqual({});
      expect(description.length).toBeGreaterThan(20);
      const labels = labelsOf(readPromql(rule.expr));
      const used = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label]) => label);
      expect(used.filter((label) => !labels.includes(label ?? ''))).toEqual([]);
      const [page, anchor] = runbook.split('#');
      expect(page).toBe('docs/operations.md');
      expect(anchors).toContain(anchor);
      expect(operations).toContain(`\`${alert}\``);
    },
  );

  const tool = spawnSync('promtool', ['--version']).error === undefined;
  testWhere(tool, 'no promtool here', 'raise what they should on evenings that Prometheus plays through', async () => {
    const { status, stdout, stderr } = spawnSync(
      'promtool',
      ['test', 'rules', 'docs/prometheus/berth.rules.test.yml'],
      {
        cwd: ROOT,
        encoding: 'utf8',
      },
    );
    expect([status, stdout, stderr]).toEqual([0, expect.stringContaining('SUCCESS'), '']);
  });

  test('each of these has an alert: no worker, what waits, failures, duties, nudges, store, claims', () => {
    const asked = rules.map(({ expr }) => expr).join('\n');
    for (const metric of [
      'berth_build_info',
      'berth_actions_waiting_oldest_seconds',
      'berth_actions_ended_total',
      'berth_duty_duration_seconds_count',
      'berth_nudges_total',
      'berth_store_up',
      'berth_claims_lost_total',
    ]) {
      expect(asked).toContain(metric);
    }
  });
});

describe('the dashboard', () => {
  test('is one that Grafana can import: a version, an identity, and a source to choose', () => {
    expect(dashboard).toMatchObject({ uid: 'berth', title: 'Berth', schemaVersion: expect.any(Number) });
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(36);
    expect(dashboard.templating.list).toMatchObject([{ name: 'datasource', type: 'datasource', query: 'prometheus' }]);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test('no panel lies on another or beyond the edge', () => {
    const taken = new Map<string, string>();
    for (const { title, gridPos } of panels) {
      expect([title, gridPos.x + gridPos.w <= 24]).toEqual([title, true]);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect([title, taken.get(`${x} ${y}`)]).toEqual([title, undefined]);
          taken.set(`${x} ${y}`, title);
        }
      }
    }
  });

  test.each(charts.map((panel) => [panel.title, panel] as const))('%s asks for what there is', (_title, panel) => {
    expect(panel.description?.length).toBeGreaterThan(10);
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: expect.stringMatching(/^\$\{datasource\}$/) });
    const targets = panel.targets ?? [];
    expect(targets.length).toBeGreaterThan(0);
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
    for (const { expr, legendFormat } of targets) {
      expect([expr, promqlComplaints(expr)]).toEqual([expr, []]);
      const labels = labelsOf(readPromql(expr));
      const used = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label]) => label);
      expect(used.filter((label) => !labels.includes(label ?? ''))).toEqual([]);
    }
  });
});

describe('the check can fail', () => {
  test.each([
    ['sum(rate(berth_nudges_total[5m) by', 'cannot be read'],
    ['sum(berth_nudges)', 'asks for berth_nudges, which no process serves'],
    ['rate(berth_nudges_total{engine="x"}[5m])', 'asks berth_nudges_total for engine, which it has not'],
    ['sum by (kind) (rate(berth_nudges_total[5m]))', 'groups by kind, which none of them has'],
    ['berth_nudges_total > 1', 'takes berth_nudges_total as it stands'],
    ['berth_step_duration_seconds > 1', 'asks for berth_step_duration_seconds, which no process serves'],
    ['berth_store_up_count', 'asks for berth_store_up_count, which no process serves'],
    ['histogram_quantile(0.9, sum by (kind) (rate(berth_action_duration_seconds_bucket[5m])))', 'no histogram by le'],
    ['rate(berth_actions_ended_total{code="attic"}[5m])', 'asks for the code attic'],
    ['1 + 1', 'asks for no metric'],
  ])('%s', (expression, complaint) => {
    expect(promqlComplaints(expression).join('\n')).toContain(complaint);
  });

  test('what Grafana puts in itself is no mistake', () => {
    expect(promqlComplaints('rate(berth_nudges_total[$__rate_interval])')).toEqual([]);
  });
});
