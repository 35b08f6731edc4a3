// `npm run demo`: the main job from beginning to end on an embedded Berth of its own, which is gone afterwards.
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LOG_FOLDER, makeTemporaryHome } from '@berth/embedded';
import { openApiClient } from './api-client';
import { type Berth, openBerth } from './berth';
import { runCommand } from './command';
import { tellDemo } from './demo-story';
import { formatMs } from './terminal';

const FOLDERS = ['/tmp', '/var/tmp', '/var/lib'];

void runCommand(async ({ env, terminal, onInterrupt, interrupted }) => {
  let berth: Berth | null = null;
  terminal.heading('Berth demo: a real PostgreSQL database, asked for, used, secured and dropped through the API');
  terminal.live('Placing the programs of PostgreSQL');
  const home = await makeTemporaryHome([...new Set([tmpdir(), ...FOLDERS])]);
  onInterrupt({
    stop: async () => berth?.stop(),
    force: async () => {
      await berth?.force();
      await removeAllBut(home, []);
    },
  });
  try {
    interrupted.throwIfAborted();
    berth = await openBerth({ home, apiPort: 0, echoLogs: false, logLevel: 'info', env, terminal });
    terminal.live('Starting an embedded Berth');
    const facts = await berth.start();
    terminal.done(
      `Started ${Object.keys(facts.pids).length} processes: ${Object.keys(facts.pids).join(', ')}`,
      performance.now(),
    );
    const callApi = openApiClient(facts.apiUrl, facts.token);
    const { connectedMs } = await tellDemo({ callApi, terminal, interrupted });
    terminal.live('Stopping everything');
    await berth.stop();
    await removeAllBut(home, []);
    terminal.say();
    terminal.done('Stopped everything and removed its files', null);
    terminal.say(`
From nothing to a connected database in ${formatMs(connectedMs)}; the whole demo took ${formatMs(performance.now())}.

Next:  npm start        the same, kept running on port 8080, with data that stay
       README.md        a walk-through with curl, and how to run it on servers of your own
       ARCHITECTURE.md  how it is built, on one page
`);
    return 0;
  } catch (error) {
    await berth?.stop();
    await removeAllBut(home, interrupted.aborted ? [] : [LOG_FOLDER]); // whoever looks for the reason needs the logs
    throw error;
  }
});

async function removeAllBut(home: string, kept: string[]): Promise<void> {
  const names = (await readdir(home)).filter((name) => !kept.includes(name));
  const how = { recursive: true, force: true, maxRetries: 5 }; // what was ended at once may still be writing
  await Promise.all(names.map((name) => rm(join(home, name), how)));
  if (kept.length === 0) await rm(home, how);
}
