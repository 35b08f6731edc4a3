// README.md's walk-through, pasted as it stands into a shell beside a running `npm start`.
import { execFile, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { makeTemporaryHome } from '@berth/embedded';
import { describeWhere } from './describe-where';
import { eventually } from './eventually';
import { ROOT } from './house/source-files';

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8');
const walkThrough = ['A walk-through', "An operator's walk-through"].map(shellBelow).join('\n');
const hasCurl = (process.env.PATH ?? '').split(':').some((folder) => existsSync(join(folder, 'curl')));
const START_MS_MAX = 60_000;
/** Of what is pasted, a hundred processes beside other test files; what never ends is killed, and fails. */
const PASTED_MS_MAX = 150_000;

/** The first shell block below a heading. */
function shellBelow(heading: string): string {
  const [, block = ''] =
    new RegExp(`^## ${heading}\\n[\\s\\S]*?^\`\`\`sh\\n([\\s\\S]*?)^\`\`\``, 'm').exec(readme) ?? [];
  return block;
}

describeWhere(hasCurl, 'curl is not installed', 'the walk-through of README.md', () => {
  let home: string;
  let launcher: ReturnType<typeof spawn>;

  beforeAll(async () => {
    await promisify(execFile)(process.execPath, [join(ROOT, 'apps/launcher/prepare.mjs')]);
    home = await makeTemporaryHome([tmpdir()]);
    const env = { ...process.env, BERTH_HOME: home, BERTH_PORT: '0' };
    launcher = spawn(process.execPath, ['dist/launcher/start.js'], { cwd: ROOT, env, stdio: 'ignore' });
    await eventually(() => readFile(join(home, 'ready.json')), {
      timeoutMs: START_MS_MAX,
      what: 'npm start to be ready',
    });
  });

  afterAll(async () => {
    const ended = new Promise((resolve) => launcher.once('exit', resolve));
    launcher.kill('SIGINT');
    await ended;
    await promisify(execFile)('rm', ['-rf', home]);
  });

  test(
    'does what it says',
    async () => {
      const env = { ...process.env, BERTH_HOME: home };
      const limits = { cwd: ROOT, env, timeout: PASTED_MS_MAX };
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', walkThrough], limits);
      expect(stderr).toBe('');
      expect(stdout.split('\n')).toEqual([
        'succeeded',
        ...['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'].map(
          (step) => `${step} succeeded`,
        ),
        ...['action.queued', 'action.started', 'action.succeeded'],
        '[]',
        '[ { number: 1 } ]',
        '[ { number: 1 } ]',
        expect.stringMatching(/^refused: permission denied for table orders/),
        'succeeded',
        expect.stringMatching(/^refused: password authentication failed/),
        '[ { number: 1 } ]',
        expect.stringMatching(
          /^shut_out .*"locked":\["orders","orders_\w{5}"\].*"revoked":\["orders","orders_\w{5}"\]/,
        ),
        expect.stringMatching(/^end_sessions .*"looks":\[0,0\]/),
        expect.stringMatching(/^forget_passwords .*"looks":\[0,0\].*"passwords_forgotten":\["orders","orders_\w{5}"\]/),
        expect.stringMatching(
          /^check_refused \{"refused":\["orders: password","orders_\w{5}: password"\],"still_elsewhere":\[\]\}/,
        ),
        expect.stringMatching(/^refused: password authentication failed/),
        'succeeded',
        '[ { number: 1 } ]',
        'succeeded',
        'web',
        'This needs a token with the scope credentials.',
        expect.stringMatching(/^The team shop is in use: 1 database, 1 access\./),
        'succeeded',
        'No valid token',
        ...['team_delete', 'access_revoke'].map((deed) => `operator@localhost ${deed}`),
        ...['database_delete', 'GET /v1/credentials/:id', 'database_create'].map((deed) => `ci@example.org ${deed}`),
        ...['access_create', 'project_create', 'team_create'].map((deed) => `operator@localhost ${deed}`),
        'DELETE /v1/teams/:id',
        '',
      ]);
    },
    PASTED_MS_MAX,
  );

  test(
    'pasted while its database is still there, it says that the name is taken, and ends',
    async () => {
      const env = { ...process.env, BERTH_HOME: home };
      const [beginning] = walkThrough.split('# Or follow it');
      const limits = { cwd: ROOT, env, timeout: PASTED_MS_MAX };
      const { stdout, stderr } = await promisify(execFile)('bash', ['-c', `${beginning}\n${beginning}\ntrue`], limits);
      const steps = ['reserve_names', 'create_database', 'create_login', 'check_login', 'check_isolation'];
      expect(stdout.trim().split('\n')).toEqual(['succeeded', ...steps.map((step) => `${step} succeeded`)]);
      const taken = 'A database named "orders" exists in this environment.';
      expect(stderr.trim().split('\n')).toEqual([
        ...[taken, taken], // for the database, and for the action
        expect.stringMatching(/^The answer has no steps\.map/),
      ]);
    },
    PASTED_MS_MAX,
  );
});
