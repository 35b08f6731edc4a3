// What a log line holds of an error: enough to find it, and nothing that a driver hung on it.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The lines that a process of its own writes while it runs `script`, in which `log` is open at `level`. */
function linesOf(level: string, script: string): { [field: string]: unknown }[] {
  const code = `const { openLog } = require('./log'); const log = openLog('tester', '${level}'); ${script}`;
  const args = ['--require', 'esbuild-register', '--eval', code];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: join(__dirname), encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

test('a line is one JSON object with its process, its fields and its message', () => {
  const [line] = linesOf(
    'info',
    `log.info({ actionId: 'act_1', durationMs: 5 }, 'Done'); log.debug({}, 'not written')`,
  );
  expect(line).toMatchObject({ process: 'tester', actionId: 'act_1', durationMs: 5, msg: 'Done' });
});

test('an error is its name, code, message, stack and causes, without what else hangs on it', () => {
  const [line] = linesOf(
    'info',
    `const cause = Object.assign(new Error('why'), { query: 'hidden', parameters: ['hidden'] });
     log.error({ error: Object.assign(new Error('what', { cause }), { config: 'hidden' }) }, 'Broke');
     log.error({ error: 'hidden' }, 'Not even an error');`,
  );
  expect(line?.error).toMatchObject({ name: 'Error', code: 'internal', message: 'what', cause: { message: 'why' } });
  expect(JSON.stringify(line)).not.toContain('hidden');
});

test('what was thrown and is no error is not shown, and causes that go round end', () => {
  const lines = linesOf(
    'info',
    `log.error({ error: 'hidden' }, 'Thrown');
     const round = new Error('round'); round.cause = round; log.error({ error: round }, 'Round');`,
  );
  expect(lines.map((line) => line.msg)).toEqual(['Thrown', 'Round']);
  expect(JSON.stringify(lines)).not.toContain('hidden');
});

test('silent writes nothing', () => {
  expect(linesOf('silent', `log.error({}, 'unheard')`)).toEqual([]);
});
