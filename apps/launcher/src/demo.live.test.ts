// `npm run demo` as somebody sees it who tries Berth for the first time: what it tells, and that it leaves nothing behind.
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testServers, whyNoMariadb } from '@berth/testing';
import { CANDIDATES, openDemoServer } from './demo-servers';

const ROOT = join(__dirname, '../../..');
const DEMO_MS_MAX = 120_000; // three test files at once on two cores

let folder: string;

beforeAll(async () => {
  const prepared = spawnSync(process.execPath, ['apps/launcher/prepare.mjs'], { cwd: ROOT, encoding: 'utf8' });
  if (prepared.status !== 0) throw new Error(prepared.stderr);
  folder = await mkdtemp(join(tmpdir(), 'berth-demo-'));
  await chmod(folder, 0o711); // for root: whoever runs PostgreSQL must pass
}, DEMO_MS_MAX);
afterAll(() => rm(folder, { recursive: true, force: true }));

/** In this order, among other lines, for each engine. Each is tried by the demo itself, which ends with 1 where one is not so. */
const TOLD = [
  /^✓ connected as demo with the issued URL/,
  /^✓ the old password is refused/,
  /^✓ database_quarantine succeeded/,
  /^ +shut_out: .*locked demo · revoked demo( |$)/,
  /^ +end_sessions: ended \d+ · .*looks (\d, )*0, 0( |$)/,
  /^ +forget_passwords: .*looks 0, 0 .*passwords_forgotten demo( |$)/,
  /^ +check_refused: refused demo: password$/,
  /^✓ the session that kept writing was ended, after [1-9]\d* notes/,
  /^✓ the login is refused/,
  /^✓ database_restore succeeded/,
  /^✓ the same password opens it, and all [1-9]\d* notes are there/,
  /^✓ database_delete succeeded/,
  /^✓ the login is refused: database and login are gone/,
];
const missingMariadb = whyNoMariadb();
/** The double, where the machine has no MongoDB: what is tried here is the demo. */
const SHOWN = ['postgresql', ...(missingMariadb === null ? ['mysql'] : []), 'mongodb'];
const ENDING = [/^✓ Stopped everything and removed its files/, /^From the first process to a connected database in /];

test(
  'the demo shows on each engine a quarantine under a session that keeps writing, what proves it, the refusal and the restore',
  async () => {
    const env = { PATH: process.env.PATH ?? '', TMPDIR: folder, BERTH_DEMO_MONGODB_URL: testServers().mongodbUrl };
    const running = promisify(execFile)(process.execPath, ['dist/launcher/demo.js'], { cwd: ROOT, env });
    const { stdout } = await running.catch((error: { stdout: string }) => Promise.reject(new Error(error.stdout)));
    const asked = (engine: string) => new RegExp(`^POST /v1/databases .*"engine":"${engine}"`);
    const expected = [...SHOWN.flatMap((engine) => [asked(engine), ...TOLD]), ...ENDING];
    let rest = stdout.split('\n');
    for (const line of expected) {
      const at = rest.findIndex((each) => line.test(each));
      expect([line, at >= 0 ? 'told' : rest.join('\n')]).toEqual([line, 'told']);
      rest = rest.slice(at + 1);
    }
    expect(stdout.includes('Not shown:')).toBe(missingMariadb !== null);
    expect(await readdir(folder)).toEqual([]);
  },
  DEMO_MS_MAX,
);

test('an engine without a program and without a name is left out, with what would show it', async () => {
  const mongodb = CANDIDATES.filter(({ engine }) => engine === 'mongodb');
  const told = await Promise.all(mongodb.map((each) => openDemoServer(each, folder, { PATH: '/nowhere' })));
  const leftOut = 'MongoDB: there is no mongod here; install it, or name a server in BERTH_DEMO_MONGODB_URL';
  expect(told).toEqual([{ leftOut }]);
});
