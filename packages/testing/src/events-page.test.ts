// docs/events.md and the catalogue of events in core say the same, both ways.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { EVENTS } from '@berth/core';
import { ROOT } from './house/source-files';

const ROW = /^\| (`\w+\.\w+`) \| (.*) \| (.*) \| (.+) \|$/gm;
const words = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ');

test('the page lists every event, in the order of the catalogue, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/events.md'), 'utf8');
  const told = [...page.matchAll(ROW)].map(([, ...cells]) => cells);
  const known = Object.entries(EVENTS).map(([type, { about, data, when }]) => {
    const fields = Object.keys(data.shape).filter((name) => name !== 'hidden'); // told below the table
    return [words([type]), words(about), words(fields), when];
  });
  expect(told).toEqual(known);
});
