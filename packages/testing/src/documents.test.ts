// The pages of the repository claim nothing that is not there: paths, links, npm scripts.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { npmScriptsIn, pathsIn } from './house/documents';
import { readManifest } from './house/read-house';
import { filesBelow, ROOT } from './house/source-files';

/** Written by the embedded stack and by builds: named in pages, not kept in the repository. */
const MADE_LATER = ['ready.json', 'token'];

const pages = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', ...filesBelow(ROOT, 'docs')].filter(
  (page) => page.endsWith('.md'),
);
const scripts = Object.keys(readManifest('').scripts ?? {});

function read(page: string): string {
  return readFileSync(join(ROOT, page), 'utf8');
}

test.each(pages)('%s names only paths that exist', (page) => {
  const missing = pathsIn(page, read(page)).filter(
    (path) => !existsSync(join(ROOT, path)) && !MADE_LATER.includes(path),
  );
  expect(missing).toEqual([]);
});

test.each(pages)('%s names only npm scripts that exist', (page) => {
  expect(npmScriptsIn(read(page)).filter((script) => !scripts.includes(script))).toEqual([]);
});

test('every decision has its number once and says context, choice and what was refused, within 40 lines', () => {
  const decisions = pages.filter((page) => page.startsWith('docs/decisions/'));
  expect(decisions.length).toBeGreaterThan(0);
  const numbers = decisions.map((page) => page.slice('docs/decisions/'.length).split('-')[0]);
  expect(new Set(numbers).size).toBe(numbers.length);
  for (const page of decisions) {
    const text = read(page);
    expect([page, text.split('\n').length]).toEqual([page, expect.any(Number)]);
    expect(text.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
    expect([page, ...[...text.matchAll(/^## (.*)$/gm)].map(([, title]) => title)]).toEqual([
      page,
      'Context',
      'Choice',
      'Refused',
    ]);
  }
});

describe('the check can fail', () => {
  test('finds paths in backticks, code blocks and links, and stops at placeholders', () => {
    const markdown = [
      'See `packages/core/src/attic.ts:12`, `docs/<page>.md`, `packages/engines/src/<name>/`, `attic.json` and `a/b`.',
      '[a decision](decisions/9999.md#x) and [the web](https://example.org/apps/x)',
      '```',
      'node apps/launcher/attic.mjs --home=/tmp',
      '```',
      '`apps/dashboard` (to come)',
    ].join('\n');
    expect(pathsIn('docs/page.md', markdown).sort()).toEqual([
      'apps/launcher/attic.mjs',
      'attic.json',
      'docs',
      'docs/decisions/9999.md',
      'packages/core/src/attic.ts',
      'packages/engines/src',
    ]);
  });

  test('finds scripts', () => {
    expect(npmScriptsIn('`npm run attic`, npm test, `npm start`, npm ci')).toEqual(['attic', 'test', 'start']);
  });
});
