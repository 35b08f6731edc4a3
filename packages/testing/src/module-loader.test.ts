// What one file leaves, the next must not see, though both run in one realm and share their third parties: two files, run
// by a Jest of their own, in one process.
import { runFixtures } from './run-fixtures';

test('what a file leaves in our modules, on the global object and in the environment is gone before the next', async () => {
  const results = await runFixtures('traces', '--runInBand');
  expect(results.map(({ message }) => message)).toEqual(['', '']);
  expect(results.flatMap(({ assertionResults }) => assertionResults.map(({ status }) => status))).toEqual(
    Array.from({ length: 8 }, () => 'passed'),
  );
});
