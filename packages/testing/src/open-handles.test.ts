// The guard must be able to fail: files that leak, run by a Jest of their own, each with one passing test.
import { basename } from 'node:path';
import { type FileResult, runFixtures } from './run-fixtures';

const report = new Map<string, FileResult>();

beforeAll(async () => {
  const results = await runFixtures('leaks', '--maxWorkers=6', '--forceExit');
  for (const result of results) report.set(basename(result.name, '.fixture.ts'), result);
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
