// docs/metrics.md and the table of metrics in runtime say the same, both ways.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS, type MetricSpec } from '@berth/runtime';
import { ROOT } from './house/source-files';

const ROW = /^\| `(berth_\w+)` \| (\w+) \| (.*) \| ([\w, ]+) \| (.+) \|$/gm;

test('the page lists every metric, in the order of the table, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/metrics.md'), 'utf8');
  const told = [...page.matchAll(ROW)].map(([, ...cells]) => cells);
  const specs: [string, MetricSpec][] = Object.entries(METRICS);
  const known = specs.map(([name, { type, labels, by, help }]) => [
    name,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    by.join(', '),
    help,
  ]);
  expect(told).toEqual(known);
});
