// What the commands that take no options answer to `--help`, and to an option.
import { LaunchError } from '@berth/embedded';

export const START_USAGE = `npm start

Starts an embedded Berth (two PostgreSQL servers and every process) and keeps it running until Ctrl-C. It takes no options;
variables of the environment say what is to be different:

  BERTH_HOME       where all data stay: /var/lib/berth for root, ~/.berth for others
  BERTH_PORT       where the API listens: 8080; 0 takes any free port
  BERTH_LOG        stdout: log lines come to the terminal instead of $BERTH_HOME/log
  BERTH_LOG_LEVEL  silent, fatal, error, warn, info or debug: info

Handed on, with the meaning that .env.example tells: BERTH_ALLOWED_ORIGINS, BERTH_DIALECT_HOSTS, BERTH_HIDDEN_QUARANTINE,
BERTH_KEYS_LOST, BERTH_OPEN_SIGNUP, BERTH_REFUSALS_PER_MINUTE, BERTH_REQUESTS_PER_MINUTE, BERTH_SIGNUP_DEFAULTS,
BERTH_TRUSTED_PROXIES, and those of OpenTelemetry.`;

export const DEMO_USAGE = `npm run demo

Starts an embedded Berth in a temporary folder (TMPDIR), makes, uses, quarantines, restores and drops a database of every engine
that it can find or start, and takes everything away again. It takes about half a minute, and no options; variables of the
environment name servers to use in place of ones that it starts:

  BERTH_DEMO_MYSQL_URL    the admin URL of a MySQL or MariaDB server: mysql://root:…@127.0.0.1:3306
  BERTH_DEMO_MONGODB_URL  of a MongoDB server: mongodb://root:…@127.0.0.1:27017/?authSource=admin`;

/** Whether somebody asks how a command is used. */
export function asksForUsage(args: string[]): boolean {
  return args.includes('--help') || args.includes('-h');
}

/** Throws LaunchError `setting_invalid` for any argument: nobody is to rely on what is not heeded. */
export function refuseArguments(command: string, args: string[]): void {
  if (args.length === 0) return;
  const [first = ''] = args;
  throw new LaunchError(
    'setting_invalid',
    `${command} takes no options: "${first}"`,
    `${command} -- --help says more.`,
  );
}
