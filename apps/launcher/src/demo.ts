// `npm run demo`: the main job from beginning to end on an embedded Berth of its own, which is gone afterwards.
import { tmpdir } from 'node:os';
import { makeTemporaryHome } from '@berth/embedded';
import { openApiClient } from './api-client';
import { type Berth, openBerth } from './berth';
import { runCommand } from './command';
import { tellDemo } from './demo-story';
import { keepLogs, removeHome, TEMPORARY_FOLDERS } from './remove-home';
import { formatMs } from './terminal';
import { asksForUsage, DEMO_USAGE, refuseArguments } from './usage';

void runCommand(async ({ args, env, terminal, onInterrupt, interrupted }) => {
  if (asksForUsage(args)) {
    terminal.say(DEMO_USAGE);
    return 0;
  }
  refuseArguments('npm run demo', args);
  let berth: Berth | null = null;
  terminal.heading(
    'Berth demo: a real PostgreSQL database, asked for, used, secured, quarantined, restored and dropped through the API',
  );
  terminal.live('Placing the programs of PostgreSQL');
  const home = await makeTemporaryHome([...new Set([tmpdir(), ...TEMPORARY_FOLDERS])]);
  onInterrupt({
    stop: async () => berth?.stop(),
    force: async () => {
      await berth?.force();
      await removeHome(home);
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
    await removeHome(home);
    terminal.say();
    terminal.done('Stopped everything and removed its files', null);
    terminal.say(`
From nothing to a connected database in ${formatMs(connectedMs)}; the whole demo took ${formatMs(performance.now())}.

Next:  npm start        the same, kept running on port 8080, with data that stay
       Docs             http://127.0.0.1:8080/docs while it runs: every request, to be tried from there
       README.md        a walk-through with curl, and how to run it on servers of your own
       ARCHITECTURE.md  how it is built, on one page
`);
    return 0;
  } catch (error) {
    await berth?.stop();
    await (interrupted.aborted ? removeHome(home) : keepLogs(home, terminal));
    throw error;
  }
});
