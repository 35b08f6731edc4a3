// What a person may say about an embedded Berth, by environment variables. Everything else it decides for itself.
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { type EngineName, Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';

export interface Settings {
  /** BERTH_HOME: /var/lib/berth for root, ~/.berth for others. Absolute. */
  home: string;
  /** BERTH_PORT: where the API listens, 0 for any free port. Default 8080. */
  apiPort: number;
  /** BERTH_LOG=stdout: the apps' log lines come to the terminal instead of `<home>/log`. */
  echoLogs: boolean;
  /** BERTH_LOG_LEVEL, handed on to the apps. */
  logLevel: string;
}

const API_PORT = 8080;
const PORT_MAX = 65_535;
const ROOT_HOME = '/var/lib/berth';

/** Admin URLs of servers that the demo is to use in place of ones of its own; null where none is named. */
export function readDemoUrls(env: Record<string, string | undefined>): Record<EngineName, Secret | null> {
  const read = (text: string | undefined) => (text ? new Secret(text) : null);
  return { postgresql: null, mysql: read(env.BERTH_DEMO_MYSQL_URL), mongodb: read(env.BERTH_DEMO_MONGODB_URL) };
}

/** Reads the environment. Throws LaunchError that names the variable which is wrong. */
export function readSettings(env: Record<string, string | undefined>): Settings {
  return {
    home: resolve(env.BERTH_HOME || defaultHome()),
    apiPort: readPort(env.BERTH_PORT),
    echoLogs: env.BERTH_LOG === 'stdout',
    logLevel: env.BERTH_LOG_LEVEL || 'info',
  };
}

function defaultHome(): string {
  if (process.getuid?.() === 0) return ROOT_HOME; // PostgreSQL's user could not enter /root
  return join(homedir() || userInfo().homedir, '.berth'); // HOME may be set to nothing
}

function readPort(text: string | undefined): number {
  if (!text) return API_PORT;
  const port = Number(text);
  if (Number.isInteger(port) && port >= 0 && port <= PORT_MAX) return port;
  throw new LaunchError(
    'setting_invalid',
    `BERTH_PORT is "${text}", which is no port`,
    `Set it to a number from 1 to ${PORT_MAX}, or to 0 for any free port.`,
  );
}
