// A Jest of its own, with the environment and the loader of this one, over files that no run of ours would take for tests.
import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './house/source-files';

export interface FileResult {
  name: string;
  status: string;
  message: string;
  assertionResults: { status: string; title: string }[];
}

/** Runs the fixtures of a folder below packages/testing/fixtures; what became of each file, in no order. */
export async function runFixtures(folder: string, ...flags: string[]): Promise<FileResult[]> {
  const outputFile = join(tmpdir(), `berth-${folder}-${process.pid}.json`);
  const config = {
    rootDir: join(ROOT, 'packages/testing/fixtures', folder),
    testMatch: ['**/*.fixture.ts'],
    testEnvironment: join(ROOT, 'packages/testing/src/guarded-environment.ts'),
    runtime: join(ROOT, 'packages/testing/src/module-loader.cjs'),
    transform: { '^.+\\.ts$': '@swc/jest' },
  };
  const args = ['--config', JSON.stringify(config), '--json', '--outputFile', outputFile, ...flags];
  await new Promise((resolve) =>
    execFile(process.execPath, [join(ROOT, 'node_modules/jest/bin/jest.js'), ...args], resolve),
  );
  const report: { testResults: FileResult[] } = JSON.parse(await readFile(outputFile, 'utf8'));
  await rm(outputFile);
  return report.testResults;
}
