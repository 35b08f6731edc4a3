// docs/errors.md and the table of errors in core say the same, both ways.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ERRORS } from '@berth/core';
import { ROOT } from './house/source-files';

const ROW = /^\| `(\w+)` \| (\d+) \| (.+) \| (\w+) \|$/gm;

test('the page lists every error, in the order of the table, and no other', () => {
  const page = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');
  const told = [...page.matchAll(ROW)].map(([, code, status, title, retry]) => [code, Number(status), title, retry]);
  const known = Object.entries(ERRORS).map(([code, { status, title, retry }]) => [code, status, title, retry]);
  expect(told).toEqual(known);
});
