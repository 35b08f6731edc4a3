// The engines that creates are measured on: PostgreSQL comes with an embedded Berth, others are started where the machine has
// their programs, and registered as an operator would do it.
import { LaunchError } from '@berth/embedded';
import { type CallApi, openApiClient } from '../api-client';
import type { BerthFacts } from '../berth';
import { ENGINES } from './bench-options';
import { benchMariadb } from './mysql';
import { findMissingProgram, startBenchMariadb } from './mysql/start-server';
import { benchPostgresql } from './postgresql';
import type { Measured } from './sides';

type Target = Pick<Measured, 'engine' | 'serverUrl'>;

/** What measuring an engine needs besides a running Berth. */
interface EngineHere {
  title: string;
  /** The program that this machine lacks; null when it has all. */
  findMissing(path: string | undefined): string | null;
  /** Has a server of it registered in a running Berth. `close` ends what was started for it. */
  open(facts: BerthFacts, home: string, path: string | undefined): Promise<Target & { close(): Promise<void> }>;
}

const HERE: Record<(typeof ENGINES)[number], EngineHere> = {
  postgresql: {
    title: benchPostgresql.title,
    findMissing: () => null,
    open: async ({ serverUrl }) => ({ engine: benchPostgresql, serverUrl, close: async () => undefined }),
  },
  mysql: {
    title: benchMariadb.title,
    findMissing: findMissingProgram,
    async open(facts, home, path) {
      const server = await startBenchMariadb(home, path);
      try {
        await register(openApiClient(facts.apiUrl, facts.token), server.url.reveal());
      } catch (error) {
        await server.kill9();
        throw error;
      }
      return { engine: benchMariadb, serverUrl: server.url, close: server.kill9 };
    },
  },
};

export interface Chosen {
  engines: EngineHere[];
  /** A sentence for each that this machine cannot measure. */
  leftOut: string[];
}

/** All that can be measured here, or the one that was asked for. Throws `bench_failed` when that one cannot be. */
export function chooseEngines(asked: (typeof ENGINES)[number] | null, path: string | undefined): Chosen {
  const chosen: Chosen = { engines: [], leftOut: [] };
  for (const name of asked === null ? ENGINES : [asked]) {
    const here = HERE[name];
    const missing = here.findMissing(path);
    if (missing === null) chosen.engines.push(here);
    else chosen.leftOut.push(`${here.title} is left out: there is no ${missing} on this machine`);
  }
  const [why] = chosen.leftOut;
  if (chosen.engines.length === 0 && why !== undefined)
    throw new LaunchError(
      'bench_failed',
      why,
      'Install it (apt-get install mariadb-server), or measure another engine.',
    );
  return chosen;
}

const PREFLIGHT_WAIT_S = 20;

async function register(callApi: CallApi, adminUrl: string): Promise<void> {
  const body = { name: 'bench-mysql', engine: 'mysql', pool: 'mysql-development', admin_url: adminUrl };
  const answer = await callApi('POST', '/v1/servers', { body, waitS: PREFLIGHT_WAIT_S });
  const { action } = answer as { action: { state: string; error: { message: string } | null } };
  if (action.state === 'succeeded') return;
  const why = `The server did not pass its preflight (${action.state}): ${action.error?.message ?? 'it took too long'}`;
  throw new LaunchError('bench_failed', why, 'The log of the worker says more.');
}
