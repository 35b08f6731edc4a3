// Where the condition holds the tests run; that the others print their reason is seen in a Jest of their own.
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describeWhere, testWhere } from './describe-where';
import { ROOT } from './house/source-files';

let ran = 0;

describeWhere(true, 'never', 'a group that can run', () => {
  test('runs', () => {
    ran += 1;
  });
});

testWhere(true, 'never', 'a test that can run runs', async () => {
  expect(ran).toBe(1);
});

test('what cannot run is skipped, and says why', async () => {
  const config = {
    rootDir: join(ROOT, 'packages/testing/fixtures'),
    testMatch: ['**/left-out.fixture.ts'],
    transform: { '^.+\\.ts$': '@swc/jest' },
  };
  const args = [join(ROOT, 'node_modules/jest/bin/jest.js'), '--config', JSON.stringify(config)];
  const { stderr } = await promisify(execFile)(process.execPath, args);
  expect(stderr).toContain('skipped: a group (no such server)');
  expect(stderr).toContain('skipped: a test (no such program)');
  expect(stderr).toContain('2 skipped, 1 passed, 3 total');
});
