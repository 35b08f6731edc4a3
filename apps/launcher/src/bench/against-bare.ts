// `accept` and `poll`: what the api answers in a second against what a bare server does that has the same client, the same
// connections, the same PostgreSQL and a process of its own. In turns, so that a busy machine hurts both.
import type { Terminal } from '../terminal';
import { percentile } from './figures';
import { type GrownStore, growStore } from './grown-store';
import { type Load, perSecond } from './http-load';
import { ask, type Backend, type Workshop } from './workshop';

export type Comparison = 'accept' | 'poll';

export interface ComparisonReport {
  comparison: Comparison;
  backend: Backend;
  aim: number;
  rounds: { bare: number; berth: number; ratio: number }[];
}

const AIMS: Record<Comparison, number> = { accept: 0.6, poll: 0.7 };
/**
 * Before they are timed both have answered as often: Node compiles what is often run, and the side that answers more slowly
 * comes to it later. (After 4 s each, Berth's polls a second went on rising by a third.) Not for ever, where each takes long.
 */
const WARM_UP = { answers: 10_000, msMax: 12_000 };
const TURN_MS = 3_000;
/** A store that is in use, and not a large one: `growth` is about those. */
const SIZE = { databases: 500, endedActions: 2_000, queuedActions: 20 };

/** Measures on every backend that the machine can run. */
export async function compareWithBare(
  terminal: Terminal,
  workshop: Workshop,
  comparison: Comparison,
  rounds: number,
): Promise<ComparisonReport[]> {
  const reports: ComparisonReport[] = [];
  for (const backend of workshop.backends) {
    terminal.live(`Starting the sides (queue on ${backend})`);
    const sides = await openSides(workshop, comparison, backend);
    await perSecond(sides.bare, WARM_UP.msMax, WARM_UP.answers);
    await perSecond(sides.berth, WARM_UP.msMax, WARM_UP.answers);
    const report: ComparisonReport = { comparison, backend, aim: AIMS[comparison], rounds: [] };
    for (let round = 1; round <= rounds; round += 1) {
      terminal.live(`Round ${round} of ${rounds} (queue on ${backend})`);
      const order = round % 2 === 0 ? (['bare', 'berth'] as const) : (['berth', 'bare'] as const);
      const lap = { bare: 0, berth: 0 };
      for (const side of order) lap[side] = await perSecond(sides[side], TURN_MS);
      report.rounds.push({ ...lap, ratio: lap.berth / lap.bare });
    }
    reports.push(report);
  }
  return reports;
}

async function openSides(
  workshop: Workshop,
  comparison: Comparison,
  backend: Backend,
): Promise<Record<'bare' | 'berth', Load>> {
  const name = `${comparison}_${backend}`;
  const url = await workshop.makeStore(name);
  await ask(
    url,
    `CREATE TABLE bare_actions (id text PRIMARY KEY, name text NOT NULL, state text NOT NULL DEFAULT 'queued',
    body jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now())`,
  );
  await ask(
    url,
    `INSERT INTO bare_actions (id, name, body) SELECT 'bare-' || n, 'bare', '{}' FROM generate_series(1, 2000) n`,
  );
  const api = await workshop.startApi(`api_${name}`, url, backend);
  const bare = await workshop.startBare(`bare_${name}`, url, backend);
  const grown = await growStore(url, SIZE);
  const berth = comparison === 'accept' ? accepting(grown) : await polling(grown);
  const bareNext = comparison === 'accept' ? bareAccepting() : barePolling();
  const status = comparison === 'accept' ? 202 : 200;
  return {
    berth: { url: api.url ?? '', next: berth, status },
    bare: { url: bare.url ?? '', next: bareNext, status },
  };
}

function accepting({ tenant, projectId }: GrownStore): Load['next'] {
  const headers = { Authorization: `Bearer ${tenant.reveal()}`, 'Content-Type': 'application/json' };
  let count = 0;
  return () => {
    count += 1;
    const place = { engine: 'postgresql', plan: 'grown-1', environment: 'grown-1', project: projectId };
    return {
      method: 'POST',
      path: '/v1/databases',
      headers,
      body: JSON.stringify({ name: `bench-${count}`, ...place }),
    };
  };
}

function bareAccepting(): Load['next'] {
  let count = 0;
  return () => {
    count += 1;
    const place = { engine: 'postgresql', plan: 'grown-1', environment: 'grown-1', project: 'bare' };
    const body = JSON.stringify({ name: `bench-${count}`, ...place });
    return { method: 'POST', path: '/databases', headers: { 'Content-Type': 'application/json' }, body };
  };
}

/** Actions of the tenant's databases that ended, as clients meet them that wait for the end. */
async function polling({ url, tenant }: GrownStore): Promise<Load['next']> {
  const rows = await ask(
    url,
    `SELECT actions.id FROM actions JOIN accesses ON accesses.team_id = actions.team_id
    WHERE accesses.name = 'tenant' AND actions.state = 'succeeded' AND database_id IS NOT NULL`,
  );
  const headers = { Authorization: `Bearer ${tenant.reveal()}` };
  let count = 0;
  return () => {
    count += 1;
    return { method: 'GET', path: `/v1/actions/${rows[count % rows.length]?.id}`, headers };
  };
}

function barePolling(): Load['next'] {
  let count = 0;
  return () => {
    count += 1;
    return { method: 'GET', path: `/actions/bare-${1 + (count % 2_000)}`, headers: {} };
  };
}

/** The reports as a table. */
export function tellComparisons(terminal: Terminal, reports: ComparisonReport[]): void {
  for (const { comparison, backend, aim, rounds } of reports) {
    const what = comparison === 'accept' ? 'Accepting POST /v1/databases' : 'Polling GET /v1/actions/:id';
    terminal.heading(`${what}, queue on ${backend}`);
    const median = (key: 'bare' | 'berth' | 'ratio') =>
      percentile(
        rounds.map((round) => round[key]),
        0.5,
      );
    const ratios = rounds.map(({ ratio }) => ratio);
    terminal.say(`  bare    ${median('bare').toFixed(0).padStart(6)} per second (median of ${rounds.length} rounds)`);
    terminal.say(`  Berth   ${median('berth').toFixed(0).padStart(6)} per second`);
    const spread = `rounds ${percentile(ratios, 0).toFixed(2)} to ${percentile(ratios, 1).toFixed(2)}`;
    const verdict = median('ratio') >= aim ? 'met' : 'missed';
    terminal.say(`  ratio   ${median('ratio').toFixed(2).padStart(6)} (${spread})   aim: ${aim} or more, ${verdict}`);
  }
}
