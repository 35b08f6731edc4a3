// What one file leaves, the next must not see, though both run in one realm and share their third parties: two files, run
// by a Jest of their own, in one process.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './house/source-files';

interface Report {
  testResults: { message: string; assertionResults: { status: string; title: string }[] }[];
}

async function runTraces(): Promise<Report> {
  const outputFile = join(tmpdir(), `berth-traces-${process.pid}.json`);
  const config = {
    rootDir: join(ROOT, 'packages/testing/fixtures/traces'),
    testMatch: ['**/*.fixture.ts'],
    testEnvironment: join(ROOT, 'packages/testing/src/guarded-environment.ts'),
    runtime: join(ROOT, 'packages/testing/src/module-loader.cjs'),
    transform: { '^.+\\.ts$': '@swc/jest' },
  };
  const args = ['--config', JSON.stringify(config), '--json', '--outputFile', outputFile, '--runInBand'];
  await new Promise((resolve) =>
    execFile(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], resolve),
  );
  const report: Report = JSON.parse(await readFile(outputFile, 'utf8'));
  await rm(outputFile);
  return report;
}

test('what a file leaves in our modules, on the global object and in the environment is gone before the next', async () => {
  const { testResults } = await runTraces();
  expect(testResults.map(({ message }) => message)).toEqual(['', '']);
  expect(testResults.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status))).toEqual(
    Array.from({ length: 8 }, () => 'passed'),
  );
});
