// A log line holds what the list of fields names and nothing else, whatever is passed or thrown.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { bundle, stopBundling } from '@berth/testing/bundle';

let file = '';

beforeAll(async () => {
  file = await bundle('packages/runtime/src/log.fixture.ts');
});
afterAll(() => stopBundling());

interface Line {
  [field: string]: unknown;
  error?: { cause?: Line['error']; message?: string; code?: string };
}

/** The lines that a process writes which logs this case, and all of its output. */
async function logged(name: string, level = 'info'): Promise<{ lines: Line[]; output: string }> {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, name, level]);
  const lines =
    stdout.trim() === ''
      ? []
      : stdout
          .trim()
          .split('\n')
          .map((line): Line => JSON.parse(line));
  return { lines, output: stdout + stderr };
}

test('one JSON line per fact, with the process, the fields and the message', async () => {
  const { lines } = await logged('list');
  expect(lines.map((line) => line.msg)).toEqual(['info line', 'warn line', 'error line']);
  const fields = { actionId: 'act_1', attempt: 2, code: 'internal', durationMs: 3, kind: 'database_create' };
  expect(lines[0]).toMatchObject({ process: 'test', ...fields });
});

test.each([
  ['debug', 4],
  ['error', 1],
  ['silent', 0],
])('level %s writes %i of the four', async (level, count) => {
  expect((await logged('list', level)).lines).toHaveLength(count);
});

test('lines that may wait come in their order, the last at the end of the process', async () => {
  const { lines } = await logged('soon');
  expect(lines.map((line) => line.count)).toEqual([1, 2, 3, 4, 5]);
  expect((await logged('soon', 'warn')).lines).toEqual([]);
});

test('a line that may wait is written while the process lives, with nothing after it', async () => {
  const child = spawn(process.execPath, [file, 'stay'], { stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const [written] = await once(child.stdout, 'data');
    expect(String(written)).toContain('soon line');
    expect(child.exitCode).toBeNull();
  } finally {
    const gone = once(child, 'close');
    child.kill('SIGKILL');
    await gone;
  }
});

test.each(['driver', 'cause', 'reason', 'deep', 'text', 'object', 'secret', 'row'])(
  'what %s carries beside the list does not get out',
  async (name) => {
    const { lines, output } = await logged(name, 'debug');
    expect(lines).toHaveLength(4);
    expect(output).not.toContain('logged-secret');
  },
);

test('of a reason: name, message and the code of the system, without a stack', async () => {
  const { lines } = await logged('reason');
  expect(lines[0]?.reason).toEqual({
    name: 'AggregateError',
    code: 'internal',
    message: 'connect ECONNREFUSED; permission denied',
    cause: { name: 'Error', code: 'ECONNREFUSED', message: 'connect ECONNREFUSED' },
  });
});

test('of an error: name, code, message and stack, and those of its causes, so deep and no deeper, also round and round', async () => {
  const { lines } = await logged('cause');
  const { error } = lines[0] ?? {};
  expect(error).toMatchObject({ name: 'PlatformError', code: 'engine_refused', message: 'The server refused' });
  expect(Object.keys(error?.cause ?? {}).sort()).toEqual(['code', 'message', 'name', 'stack']);
  expect(error?.cause).toMatchObject({ message: 'permission denied', code: 'internal' });
  for (const name of ['deep', 'round']) {
    let depth = 0;
    for (let cause = (await logged(name)).lines[0]?.error; cause !== undefined; cause = cause.cause) depth += 1;
    expect(depth).toBe(5);
  }
});
