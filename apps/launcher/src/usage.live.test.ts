// `--help` of each command, and what is said to options that there are not: nothing is started for either.
import { execFile, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { readBenchOptions } from './bench/bench-options';

const ROOT = join(__dirname, '../../..');
const BUNDLE_MS_MAX = 60_000;

beforeAll(() => {
  const prepared = spawnSync(process.execPath, ['apps/launcher/prepare.mjs'], { cwd: ROOT, encoding: 'utf8' });
  if (prepared.status !== 0) throw new Error(prepared.stderr);
}, BUNDLE_MS_MAX);

/** Nothing can be started in such a home. */
function runCommand(command: string, arg: string): Promise<{ code: number; said: string }> {
  const env = { PATH: process.env.PATH ?? '', BERTH_HOME: '/proc/berth', TMPDIR: '/proc/berth' };
  return new Promise((resolve) => {
    execFile(process.execPath, [`dist/launcher/${command}.js`, arg], { cwd: ROOT, env }, (error, stdout) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : 0, said: stdout }),
    );
  });
}

test.each([
  ['start', /^npm start\n[\s\S]*BERTH_HOME[\s\S]*BERTH_PORT/],
  ['demo', /^npm run demo\n/],
  [
    'bench',
    /^npm run bench -- [\s\S]*creates [\s\S]*accept [\s\S]*poll [\s\S]*growth [\s\S]*memory [\s\S]*--engine E[\s\S]*--rounds N[\s\S]*--json FILE/,
  ],
])('%s says how it is used', async (command, usage) => {
  const answer = await runCommand(command, '--help');
  expect(answer).toEqual({ code: 0, said: expect.stringMatching(usage) });
  expect(answer.said).not.toMatch(/Starting|✗/);
  expect(await runCommand(command, '-h')).toEqual(answer);
});

test.each(['start', 'demo', 'bench'])('%s refuses an option that it does not have', async (command) => {
  const answer = await runCommand(command, '--fast');
  expect(answer).toEqual({ code: 1, said: expect.stringMatching(/^✗ .*--fast[\s\S]*What to do: /) });
});

test('the benchmark takes what its usage names', () => {
  expect(
    readBenchOptions(['growth', '--engine', 'mysql', '--rounds', '2', '--count', '3', '--actions', '4', '--json', 'x']),
  ).toEqual({
    name: 'growth',
    engine: 'mysql',
    rounds: 2,
    count: 3,
    actions: 4,
    jsonFile: 'x',
  });
});
