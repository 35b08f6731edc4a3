// docs/evidence.md says what a step tells: every deed with every field as engines return them, and every step of every kind.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVIDENCE } from '@berth/engines/evidence';
import { ROOT } from './house/source-files';

const page = readFileSync(join(ROOT, 'docs/evidence.md'), 'utf8');
const KINDS = join(ROOT, 'packages/actions/src/kinds');

test('the page has each deed with its fields and their words, and no other', () => {
  const [, told] = page.split('## What each deed tells');
  const known = Object.entries(EVIDENCE).map(([deed, { shape }]) => {
    const rows = Object.entries(shape).map(([field, { description }]) => `| \`${field}\` | ${description} |`);
    return [`### ${deed}`, '', '| field | what it says |', '|---|---|', ...rows].join('\n');
  });
  expect(told?.slice(told.indexOf('###'))).toBe(`${known.join('\n\n')}\n`);
});

test('the page has each step of each kind, and no other', () => {
  const told = [...page.matchAll(/^\| `(\w+)` \| `(\w+)` \| .+ \|$/gm)].map(([, kind, step]) => `${kind} ${step}`);
  const files = readdirSync(KINDS).filter((file) => !file.includes('.test.'));
  const known = files.flatMap((file) => {
    const text = readFileSync(join(KINDS, file), 'utf8');
    return [...text.matchAll(/\bstep\('(\w+)'/g)].map(([, step]) => `${file.slice(0, -3).replace('-', '_')} ${step}`);
  });
  expect(known.length).toBeGreaterThan(40);
  expect([...told].sort()).toEqual(known.sort());
});
