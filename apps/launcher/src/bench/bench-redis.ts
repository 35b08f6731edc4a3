// A Redis of the benchmark's own, where the machine has one: on a free port of this machine alone, written down every second
// as a team would run it for a queue.
import { spawnSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { findFreePort, LaunchError, PLAIN_PATH, spawnTied } from '@berth/embedded';

export interface BenchRedis {
  url: string;
  close(): Promise<void>;
}

const LOOKS_MAX = 100;
const LOOK_MS = 50;

/** Null where there is no redis-server. Throws LaunchError when it does not start. */
export async function openBenchRedis(home: string): Promise<BenchRedis | null> {
  if (spawnSync('redis-server', ['--version'], { stdio: 'ignore' }).status !== 0) return null;
  const folder = join(home, 'redis');
  await mkdir(folder, { recursive: true });
  const port = await findFreePort();
  const settings = [
    '--port',
    String(port),
    '--bind',
    '127.0.0.1',
    '--dir',
    folder,
    '--save',
    '',
    '--appendonly',
    'yes',
  ];
  const child = spawnTied({
    program: 'redis-server',
    args: [...settings, '--maxmemory-policy', 'noeviction'],
    env: { PATH: PLAIN_PATH },
    cwd: folder,
    stdio: 'ignore',
    user: null,
    onOurDeath: 'KILL',
  });
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  for (let looks = 0; !(await takesConnections(port)); looks += 1) {
    if (looks === LOOKS_MAX) {
      child.kill('SIGKILL');
      throw new LaunchError('app_failed', 'redis-server did not start', 'Start it by hand, and look at what it says.');
    }
    await pause(LOOK_MS);
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const say = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', () => say(true));
    socket.once('error', () => say(false));
  });
}
