// The guard must be able to fail: files that leak, run by a Jest of their own, each with one passing test.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ROOT } from './house/source-files';

interface Report {
  testResults: { name: string; status: string; message: string; assertionResults: { status: string }[] }[];
}

const report = new Map<string, Report['testResults'][number]>();

beforeAll(async () => {
  const outputFile = join(tmpdir(), `berth-guard-${process.pid}.json`);
  const config = {
    rootDir: join(ROOT, 'packages/testing/fixtures/leaks'),
    testMatch: ['**/*.fixture.ts'],
    testEnvironment: join(ROOT, 'packages/testing/src/guarded-environment.ts'),
    runtime: join(ROOT, 'packages/testing/src/module-loader.cjs'),
    transform: { '^.+\\.ts$': '@swc/jest' },
  };
  const args = [
    '--config',
    JSON.stringify(config),
    '--json',
    '--outputFile',
    outputFile,
    '--maxWorkers=6',
    '--forceExit',
  ];
  await new Promise((resolve) =>
    execFile(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], resolve),
  );
  const { testResults }: Report = JSON.parse(await readFile(outputFile, 'utf8'));
  await rm(outputFile);
  for (const result of testResults) report.set(basename(result.name, '.fixture.ts'), result);
});

test('a file that closes what it opened passes', () => {
  expect(report.get('clean')).toMatchObject({ status: 'passed' });
});

test.each([
  ['leaves-session', /the store berth_test_\w+ was not closed; sessions: forgotten \(idle\)/],
  ['leaves-store', /the store berth_test_\w+ was not closed$/m],
  ['leaves-process', /the process \d+ is still alive: sleep 61/],
  ['leaves-server', /1 more TCPServerWrap than before the file/],
  ['asks-at-once', /pg warned .*\n.*already executing a query is deprecated/],
])('%s fails, though its only test passed', (name, sentence) => {
  const result = report.get(name);
  expect(result?.assertionResults).toEqual([expect.objectContaining({ status: 'passed' })]);
  expect(result?.status).toBe('failed');
  expect(result?.message).toMatch(sentence);
});
