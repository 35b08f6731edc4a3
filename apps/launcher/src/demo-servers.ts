// Servers of the other engines for the demo: one that the environment names, else one that is started with the machine's own
// programs. What is neither is left out, with the reason.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineName, Secret } from '@berth/core';
import {
  findMissing,
  MARIADB_PROGRAMS,
  MONGODB_PROGRAMS,
  makeMariadbData,
  startMariadb,
  startMongodb,
  withServers,
} from '@berth/embedded';
import { makePassword } from '@berth/secrets';
import { readDemoUrls } from './settings';

/** A server that the demo can register. */
export interface DemoServer {
  engine: EngineName;
  /** As people call it, and where it is from. */
  title: string;
  adminUrl: Secret;
  /** Ends it, where the demo had started it. Safe to repeat. */
  stop(): Promise<void>;
}

/** Why an engine is not shown, and what would show it: a sentence. */
export interface LeftOut {
  leftOut: string;
}

interface Started {
  url: Secret;
  kill9(): Promise<void>;
}

/** An engine that the demo shows where it can. */
export interface Candidate {
  engine: EngineName;
  title: string;
  variable: string;
  programs: readonly string[];
  start(folder: string, path: string): Promise<Started>;
}

export const CANDIDATES: Candidate[] = [
  {
    engine: 'mysql',
    title: 'MariaDB',
    variable: 'BERTH_DEMO_MYSQL_URL',
    programs: MARIADB_PROGRAMS,
    async start(folder, path) {
      await makeMariadbData(join(folder, 'data'), path);
      return startMariadb({ folder, path, rootPassword: makePassword() });
    },
  },
  {
    engine: 'mongodb',
    title: 'MongoDB',
    variable: 'BERTH_DEMO_MONGODB_URL',
    programs: MONGODB_PROGRAMS,
    start: (folder, path) =>
      startMongodb({ folder, path, admin: { username: 'root', password: makePassword().reveal() } }),
  },
];

/** The one that is named, or one that is started in a folder of `home`. */
export async function openDemoServer(
  { engine, programs, start, title, variable }: Candidate,
  home: string,
  env: Record<string, string | undefined>,
): Promise<DemoServer | LeftOut> {
  const path = withServers(env.PATH);
  const named = readDemoUrls(env)[engine];
  if (named !== null) return { engine, title: `the server of ${variable}`, adminUrl: named, stop: async () => {} };
  const missing = findMissing(programs, path);
  const instead = `name a server in ${variable}`;
  if (missing !== null) return { leftOut: `${title}: there is no ${missing} here; install it, or ${instead}` };
  const folder = join(home, engine);
  await mkdir(folder, { mode: 0o700 });
  try {
    const { kill9, url } = await start(folder, path);
    return { engine, title: `${title}, started for the demo`, adminUrl: url, stop: kill9 };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { leftOut: `${title}: the one of this machine did not start; ${instead}. ${why}` };
  }
}
