// `npm start`: an embedded Berth, kept running until Ctrl-C. All data stay in BERTH_HOME.
import { once } from 'node:events';
import { type BerthFacts, openBerth } from './berth';
import { runCommand } from './command';
import { readSettings, type Settings } from './settings';
import type { Terminal } from './terminal';
import { asksForUsage, refuseArguments, START_USAGE } from './usage';

void runCommand(async ({ args, env, terminal, onInterrupt, interrupted }) => {
  if (asksForUsage(args)) {
    terminal.say(START_USAGE);
    return 0;
  }
  refuseArguments('npm start', args);
  const settings = readSettings(env);
  terminal.say(`Starting PostgreSQL and the processes of Berth in ${settings.home} …`);
  const berth = await openBerth({ ...settings, env, terminal });
  let stopped: Promise<void> | null = null;
  onInterrupt({
    stop: () => {
      stopped = berth.stop();
      return stopped;
    },
    force: berth.force,
  });
  interrupted.throwIfAborted();
  terminal.live('Waiting until all of them serve');
  const facts = await berth.start();
  describe(terminal, settings, facts);
  if (!interrupted.aborted) await once(interrupted, 'abort');
  await stopped;
  terminal.say('Stopped.');
  return 0;
});

function describe(terminal: Terminal, settings: Settings, facts: BerthFacts): void {
  const { apiUrl, token, tokenFile } = facts;
  terminal.done(`Berth is running (process ${process.pid})`, performance.now());
  terminal.say(`
  API    ${apiUrl}
  Docs   ${apiUrl}/docs  (every request, to be tried from there)
  Board  ${apiUrl}/admin/queues  (sign in with the token)
  Token  ${token.reveal()}  (kept in ${tokenFile})
  Logs   ${settings.echoLogs ? 'here' : `${settings.home}/log`}

  Make a first database:

    curl -sS ${apiUrl}/v1/databases \\
      -H "Authorization: Bearer $(cat '${tokenFile}')" \\
      -H 'Content-Type: application/json' -H 'Prefer: wait=20' \\
      -d '{"name":"first","engine":"postgresql","plan":"small","environment":"development","project":"default"}'

  Ctrl-C stops it; all data stay in ${settings.home}.
`);
}
