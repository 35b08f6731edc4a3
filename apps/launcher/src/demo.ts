// `npm run demo`: the main job from beginning to end on an embedded Berth of its own, which is gone afterwards.
import { tmpdir } from 'node:os';
import { makeTemporaryHome } from '@berth/embedded';
import { openApiClient } from './api-client';
import { type Berth, openBerth } from './berth';
import { runCommand } from './command';
import type { DemoContext } from './demo-context';
import { CANDIDATES, type DemoServer, openDemoServer } from './demo-servers';
import { tellDemo } from './demo-story';
import { followAction } from './follow-action';
import { keepLogs, removeHome, TEMPORARY_FOLDERS } from './remove-home';
import { formatMs, type Terminal } from './terminal';
import { asksForUsage, DEMO_USAGE, refuseArguments } from './usage';

void runCommand(async ({ args, env, terminal, onInterrupt, interrupted }) => {
  if (asksForUsage(args)) {
    terminal.say(DEMO_USAGE);
    return 0;
  }
  refuseArguments('npm run demo', args);
  terminal.heading(
    'Berth demo: real databases, asked for, used, secured, quarantined, restored and dropped through the API',
  );
  terminal.live('Placing the programs of PostgreSQL');
  const home = await makeTemporaryHome([...new Set([tmpdir(), ...TEMPORARY_FOLDERS])]);
  const running: Running = { berth: null, servers: [] };
  onInterrupt({
    stop: () => stopAll(running),
    force: async () => {
      await Promise.all([running.berth?.force(), ...running.servers.map(({ stop }) => stop())]);
      await removeHome(home);
    },
  });
  try {
    interrupted.throwIfAborted();
    running.berth = await openBerth({ home, apiPort: 0, echoLogs: false, logLevel: 'info', env, terminal });
    terminal.live('Starting an embedded Berth');
    const facts = await running.berth.start();
    const names = Object.keys(facts.pids);
    terminal.done(`Started ${names.length} processes: ${names.join(', ')}`, performance.now());
    const context = { callApi: openApiClient(facts.apiUrl, facts.token), terminal, interrupted };
    const { connectedMs } = await tellDemo({ ...context, engine: 'postgresql' });
    const leftOut: string[] = [];
    for (const candidate of CANDIDATES) {
      terminal.live(`Looking for ${candidate.title}`);
      const server = await openDemoServer(candidate, home, env);
      if ('leftOut' in server) leftOut.push(server.leftOut);
      else await tellServer(context, running, server);
    }
    terminal.live('Stopping everything');
    await stopAll(running);
    await removeHome(home);
    terminal.say();
    terminal.done('Stopped everything and removed its files', null);
    tellEnd(terminal, connectedMs, leftOut);
    return 0;
  } catch (error) {
    await stopAll(running);
    await (interrupted.aborted ? removeHome(home) : keepLogs(home, terminal));
    throw error;
  }
});

interface Running {
  berth: Berth | null;
  servers: DemoServer[];
}

async function stopAll({ berth, servers }: Running): Promise<void> {
  await berth?.stop();
  await Promise.all(servers.map(({ stop }) => stop()));
}

/** Registers a server of another engine, as an operator would, and tells the same story on it. */
async function tellServer(
  context: Omit<DemoContext, 'engine'>,
  { servers }: Running,
  server: DemoServer,
): Promise<void> {
  const { engine, title, adminUrl } = server;
  servers.push(server);
  const asked = { name: `demo-${engine}`, engine, pool: `${engine}-development` };
  context.terminal.heading(`POST /v1/servers ${JSON.stringify(asked)}   ${title}`);
  const answer = await context.callApi('POST', '/v1/servers', { body: { ...asked, admin_url: adminUrl.reveal() } });
  await followAction(context, (answer as { action: { id: string } }).action.id);
  await tellDemo({ ...context, engine });
}

function tellEnd(terminal: Terminal, connectedMs: number, leftOut: string[]): void {
  if (leftOut.length > 0) terminal.say(['\nNot shown:', ...leftOut].join('\n  '));
  terminal.say(`
From the first process to a connected database in ${formatMs(connectedMs)}; the whole demo took ${formatMs(performance.now())}.

Next:  npm start        a Berth with PostgreSQL on port 8080 that goes on running, with data that stay
       Docs             http://127.0.0.1:8080/docs while it runs: every request, to be tried from there
       README.md        a walk-through with curl, and how to run it on servers of your own
       ARCHITECTURE.md  how it is built, on one page
`);
}
