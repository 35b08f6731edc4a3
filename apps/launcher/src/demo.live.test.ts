// `npm run demo` as somebody sees it who tries Berth for the first time: what it tells, and that it leaves nothing behind.
import { execFile, spawnSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

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

/** In this order, among other lines. Each is tried by the demo itself, which ends with 1 where one is not so. */
const TOLD = [
  /^✓ connected as demo with the issued URL/,
  /^✓ the old password is refused/,
  /^✓ database_quarantine succeeded/,
  /^ +shut_out: shut true · locked demo · revoked demo/,
  /^ +end_sessions: ended 1 · looks (\d, )*0, 0$/,
  /^ +forget_passwords: .*looks 0, 0 · passwords_forgotten demo$/,
  /^ +check_refused: refused demo: password$/,
  /^✓ the session that kept writing was ended, after [1-9]\d* rows/,
  /^✓ the login is refused/,
  /^✓ database_restore succeeded/,
  /^✓ the same password opens it, and all [1-9]\d* rows are there/,
  /^✓ database_delete succeeded/,
  /^✓ the login is refused: database and login are gone/,
  /^✓ Stopped everything and removed its files/,
];

test(
  'the demo shows a quarantine under a session that keeps writing, what proves it, the refusal and the restore',
  async () => {
    const env = { PATH: process.env.PATH ?? '', TMPDIR: folder };
    const { stdout } = await promisify(execFile)(process.execPath, ['dist/launcher/demo.js'], { cwd: ROOT, env });
    let rest = stdout.split('\n');
    for (const line of TOLD) {
      const at = rest.findIndex((each) => line.test(each));
      expect([line, at >= 0 ? 'told' : rest.join('\n')]).toEqual([line, 'told']);
      rest = rest.slice(at + 1);
    }
    expect(await readdir(folder)).toEqual([]);
  },
  DEMO_MS_MAX,
);
