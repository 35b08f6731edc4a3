// `growth`: what is asked all day, on a store with years of use and on a new one, in turns: the api over HTTP, and what workers
// and maintenance ask of the store.
import { Agent } from 'node:http';
import { systemClock } from '@berth/core';
import { openStore, type Store } from '@berth/store';
import type { Terminal } from '../terminal';
import type { BenchOptions } from './bench-options';
import { percentile } from './figures';
import { type GrownSize, type GrownStore, growStore } from './grown-store';
import { answerOf } from './http-load';
import { ask, type Workshop } from './workshop';

/** What is measured of one store: each call does it once and says how long it took. */
type Deed = () => Promise<number>;
type Place = 'small' | 'large';

export interface GrowthReport {
  sizes: Record<Place, GrownSize>;
  fillMs: number;
  /** Medians in milliseconds. `isAimed`: at most 1.3 times the new store's. */
  lines: { name: string; isAimed: boolean; smallMs: number; largeMs: number; ratio: number }[];
}

const ACTIONS = 1_000_000;
const DATABASES_PER_ACTION = 0.1;
/** A new store has full pages too, and as much under way. */
const SMALL: GrownSize = { databases: 700, endedActions: 1_400, queuedActions: 300 };
const TIMES = 40;
const WARM_UP = 10;
export const RATIO_MAX = 1.3;
const AIMED = /^(list|poll|claim)/;

/** Fills both stores and measures, `rounds` times `TIMES` of everything. */
export async function measureGrowth(
  terminal: Terminal,
  workshop: Workshop,
  options: BenchOptions,
): Promise<GrowthReport> {
  const endedActions = options.actions ?? ACTIONS;
  const large: GrownSize = {
    databases: Math.round(endedActions * DATABASES_PER_ACTION),
    endedActions,
    queuedActions: 300,
  };
  const small = await openPlace(workshop, 'small', SMALL);
  terminal.live(`Filling a store with ${large.databases} databases and ${endedActions} actions`);
  const startedMs = performance.now();
  const grown = await openPlace(workshop, 'large', large);
  const fillMs = performance.now() - startedMs;
  terminal.done(`Filled a store with ${large.databases} databases and ${endedActions} actions`, fillMs);
  try {
    const times = await takeTurns(terminal, { small: small.deeds, large: grown.deeds }, options.rounds);
    const lines = Object.keys(small.deeds).map((name) => {
      const median = (place: Place) => percentile(times[place][name] ?? [], 0.5);
      const [smallMs, largeMs] = [median('small'), median('large')];
      return { name, isAimed: AIMED.test(name), smallMs, largeMs, ratio: largeMs / smallMs };
    });
    return { sizes: { small: SMALL, large }, fillMs, lines };
  } finally {
    await small.close();
    await grown.close();
  }
}

async function takeTurns(terminal: Terminal, deeds: Record<Place, Record<string, Deed>>, rounds: number) {
  const times: Record<Place, Record<string, number[]>> = { small: {}, large: {} };
  for (let round = 0; round <= rounds; round += 1) {
    terminal.live(round === 0 ? 'Warming up' : `Round ${round} of ${rounds}`);
    for (const name of Object.keys(deeds.small)) {
      for (let time = 0; time < (round === 0 ? WARM_UP : TIMES); time += 1) {
        for (const place of ['small', 'large'] as const) {
          const ms = (await deeds[place][name]?.()) ?? Number.NaN;
          if (round > 0) times[place][name] = [...(times[place][name] ?? []), ms];
        }
      }
    }
  }
  return times;
}

async function openPlace(workshop: Workshop, name: Place, size: GrownSize) {
  const url = await workshop.makeStore(name);
  const api = await workshop.startApi(`api_${name}`, url, 'postgresql');
  const grown = await growStore(url, size);
  const store = openStore({ url, connectionsMax: 2, process: 'bench' });
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const deeds = { ...(await askingDeeds(agent, api.url ?? '', grown)), ...(await storeDeeds(store, grown)) };
  return {
    deeds,
    async close() {
      agent.destroy();
      await store.close();
    },
  };
}

/** What people and clients ask of the api. */
async function askingDeeds(agent: Agent, url: string, grown: GrownStore): Promise<Record<string, Deed>> {
  const get = (path: string, token = grown.tenant) => {
    const asked = { method: 'GET' as const, path, headers: { Authorization: `Bearer ${token.reveal()}` } };
    return timed(() => answerOf(agent, url, asked, 200));
  };
  const [mine] = await ask(
    grown.url,
    `SELECT databases.id, databases.name, actions.id AS action_id FROM databases
    JOIN actions ON actions.database_id = databases.id WHERE project_id = '${grown.projectId}'
    AND databases.state = 'available' AND actions.state = 'succeeded' ORDER BY databases.number LIMIT 1`,
  );
  const [waiting] = await ask(grown.url, `SELECT id FROM actions WHERE state = 'queued' ORDER BY number LIMIT 1`);
  const deep = Buffer.from('n600').toString('base64url'); // as packages/store/src/page.ts writes cursors
  return {
    'list databases': get('/v1/databases?limit=10'),
    'list databases, deep page': get(`/v1/databases?limit=10&cursor=${deep}`, grown.operator),
    'list databases, all teams': get('/v1/databases?limit=50', grown.operator),
    'list databases by state': get('/v1/databases?state=deleted&limit=10', grown.operator),
    'list databases by name': get(`/v1/databases?name=${mine?.name}`),
    'list databases by project': get(`/v1/databases?project=${grown.projectId}&limit=5`),
    'list databases by environment': get('/v1/databases?environment=grown-1&limit=10', grown.operator),
    'list actions': get('/v1/actions?limit=10'),
    'list actions, all teams': get('/v1/actions?limit=50', grown.operator),
    'list actions by state': get('/v1/actions?state=failed&limit=20', grown.operator),
    'list actions of a database': get(`/v1/actions?database_id=${mine?.id}&limit=2`),
    'poll an action that ended': get(`/v1/actions/${mine?.action_id}`),
    'poll an action that waits': get(`/v1/actions/${waiting?.id}`, grown.operator),
    'one database': get(`/v1/databases/${mine?.id}`),
    'audit, a page': get('/v1/audit?limit=50', grown.operator),
    'a create, dry run': dryRun(agent, url, grown),
  };
}

function dryRun(agent: Agent, url: string, { projectId, tenant }: GrownStore): Deed {
  const headers = { Authorization: `Bearer ${tenant.reveal()}`, 'Content-Type': 'application/json' };
  const place = { engine: 'postgresql', plan: 'grown-1', environment: 'grown-1', project: projectId };
  const body = JSON.stringify({ name: 'bench', ...place });
  return timed(() => answerOf(agent, url, { method: 'POST', path: '/v1/databases?dry_run=true', headers, body }, 200));
}

/** What workers and maintenance ask of the store. */
async function storeDeeds(store: Store, { url }: GrownStore): Promise<Record<string, Deed>> {
  const queued = await ask(url, `SELECT id FROM actions WHERE state = 'queued' ORDER BY number`);
  let count = 0;
  return {
    'claim an action': async () => {
      count += 1;
      const id = String(queued[count % queued.length]?.id);
      const startedMs = performance.now();
      const claimed = await store.actions.claim(id, 'bench');
      const ms = performance.now() - startedMs;
      if (claimed !== null) await store.actions.release(claimed);
      return claimed === null ? Number.NaN : ms;
    },
    sweep: timed(() =>
      store.exclusively('berth sweep', async (tx) => {
        await tx.actions.listExpired(500);
        await tx.actions.letStaleCredentialsGo();
        await tx.actions.nudgeOverdue(500);
      }),
    ),
    'what is to be purged': timed(() => store.databases.listToPurge(systemClock.now(), new Date(0), 50)),
    'what was never made': timed(() => store.actions.listNeverMade(systemClock.now(), 100)),
    'what waits, for metrics': timed(() => store.figures.listOpenActions()),
    'a bite of old actions': timed(() => store.briefly((tx) => tx.actions.removeEnded('others', new Date(0), 0))),
  };
}

function timed(work: () => Promise<unknown>): Deed {
  return async () => {
    const startedMs = performance.now();
    await work();
    return performance.now() - startedMs;
  };
}

/** The report as a table. */
export function tellGrowth(terminal: Terminal, { lines, sizes }: GrowthReport): void {
  const { large, small } = sizes;
  terminal.heading(`${'Medians'.padEnd(36)}   new store   grown store   ratio`);
  for (const { name, isAimed, largeMs, ratio, smallMs } of lines) {
    const aim = isAimed ? `   aim: ${RATIO_MAX}, ${ratio <= RATIO_MAX ? 'met' : 'missed'}` : '';
    const cells = [
      `${smallMs.toFixed(2)} ms`.padStart(12),
      `${largeMs.toFixed(2)} ms`.padStart(14),
      ratio.toFixed(2).padStart(8),
    ];
    terminal.say(`  ${name.padEnd(34)}${cells.join('')}${aim}`);
  }
  terminal.say(`
New: ${small.databases} databases, ${small.endedActions} ended actions. Grown: ${large.databases} databases, ${large.endedActions} ended actions,
twice as many steps and events. ${large.queuedActions} actions wait in both.`);
}
