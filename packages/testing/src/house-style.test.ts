// The rules of the house that neither the compiler nor the linter knows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesBelow, ROOT, sourceFiles } from './house/source-files';
import { styleComplaints } from './house/style-complaints';

const sources = [
  ...sourceFiles(),
  ...filesBelow(ROOT, 'packages/testing/fixtures', new Set()),
  'jest.config.ts',
  'prisma.config.ts',
];

test('every source file keeps the style of the house', () => {
  const complaints = sources.flatMap((file) => styleComplaints(file, readFileSync(join(ROOT, file), 'utf8')));
  expect(complaints).toEqual([]);
});

interface Locked {
  resolved?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
const packages: Record<string, Locked> = JSON.parse(lock).packages;

/** What locked packages ask for and the lock does not hold. npm leaves out other platforms' when node_modules is there. */
function unlocked(locked: Record<string, Locked>): string[] {
  const names = new Set(Object.keys(locked).map((path) => path.split('node_modules/').at(-1)));
  return Object.entries(locked).flatMap(([path, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter((name) => !names.has(name))
      .map((name) => `${path} asks for ${name}, which is not in the lock file: npm ci refuses it`),
  );
}

test('the lock file holds what its packages ask for on every platform, as npm ci wants', () => {
  expect(unlocked(packages)).toEqual([]);
});

test('the lock file and .npmrc name no registry, so that any mirror will do', () => {
  const resolved = Object.values(packages).flatMap((each) => each.resolved ?? []);
  expect(resolved.filter((target) => !/^(packages|apps)\//.test(target))).toEqual([]);
  expect(lock).not.toMatch(/registry/i);
  const npmrc = readFileSync(join(ROOT, '.npmrc'), 'utf8');
  expect(npmrc).toContain('omit-lockfile-registry-resolved=true');
  expect(npmrc).not.toMatch(/^registry/m);
});

describe('the check can fail', () => {
  const header = '// What this is for.\n';
  const lines = (count: number) => header + 'export {};\n'.repeat(count - 1);
  test.each([
    ['packages/core/src/utils.ts', header, 'utils says nothing'],
    ['packages/core/src/string-helpers.ts', header, 'helpers says nothing'],
    ['packages/core/src/common/a.ts', header, 'common says nothing'],
    ['packages/core/src/newId.ts', header, 'is not in kebab-case'],
    ['packages/core/src/a.ts', 'export {};\n', 'does not open with a comment'],
    ['packages/core/src/a.ts', lines(301), 'has 301 lines, more than 300'],
    ['packages/core/src/a.test.ts', lines(401), 'has 401 lines, more than 400'],
    ['packages/core/src/a.test.ts', `${header}test.only('a', f);\n`, 'runs only some of its tests'],
    ['packages/core/src/a.test.ts', `${header}describe.skip('a', f);\n`, 'leaves tests out'],
    ['packages/core/src/a.test.ts', `${header}xtest('a', f);\n`, 'leaves tests out'],
    ['packages/core/src/a.ts', `${header}// TODO: later\n`, 'has a note to do something later'],
    ['packages/actions/src/a.ts', `${header}if (engine === 'mysql') f();\n`, "asks an engine's name"],
    ['apps/api/src/a.ts', `${header}switch (engine) { case 'mongodb': f(); }\n`, "asks an engine's name"],
    ['apps/maintenance/src/a.ts', `${header}const f = engine !== "postgresql";\n`, "asks an engine's name"],
  ])('%s', (file, text, complaint) => {
    expect(styleComplaints(file, text)).toEqual([expect.stringContaining(`${file} ${complaint}`)]);
  });

  test('a lock file that forgot a platform', () => {
    expect(unlocked({ 'node_modules/a': { optionalDependencies: { '@a/darwin': '1' } } })).toEqual([
      expect.stringContaining('node_modules/a asks for @a/darwin'),
    ]);
  });

  test('and is silent about a file in order', () => {
    expect(styleComplaints('packages/core/src/a.live.test.ts', lines(400))).toEqual([]);
  });
});
