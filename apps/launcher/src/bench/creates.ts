// `creates`: what Berth costs on top of the statements that it sends, measured in one run on an embedded Berth of its own.
import { type CallApi, openApiClient } from '../api-client';
import type { BerthFacts } from '../berth';
import type { CommandContext } from '../command';
import type { BenchOptions } from './bench-options';
import { type BenchReport, describeMachine, figuresUnder, ratiosUnder } from './bench-report';
import { readBreakdown } from './breakdown';
import { dropMade, PREFIX, withClient } from './made-objects';
import { residentMb } from './resident-memory';
import { type Lap, type Load, runRound } from './rounds';
import { openSides, type SideName, type Sides } from './sides';

/** No round begins after this long. */
const TOTAL_MS_MAX = 120_000;

/** Measures with what runs, and leaves it running. */
export async function measureCreates(
  context: CommandContext,
  facts: BerthFacts,
  options: BenchOptions,
): Promise<BenchReport> {
  const before = await residentMb(facts.pids);
  const callApi = openApiClient(facts.apiUrl, facts.token);
  await makeRoom(callApi);
  const { sides, recording } = await openSides(facts, callApi);
  const laps = await runRounds(context, facts, options, sides);
  const after = await residentMb(facts.pids);
  const { rows } = await withClient(facts.serverUrl.reveal(), (client) => client.query('SHOW server_version'));
  const breakdownOf = (load: Load) =>
    readBreakdown(
      facts.storeUrl,
      laps.filter((lap) => lap.load === load).flatMap((lap) => lap.asked),
    );
  return {
    machine: describeMachine(String(rows[0]?.server_version)),
    rounds: new Set(laps.map((lap) => lap.round)).size,
    statements: {
      connections: recording.tape.filter((move) => move.kind === 'open').length,
      sent: recording.tape.filter((move) => move.kind === 'query').length,
    },
    figures: { alone: figuresUnder(laps, 'alone'), together: figuresUnder(laps, 'together') },
    ratios: { alone: ratiosUnder(laps, 'alone'), together: ratiosUnder(laps, 'together') },
    breakdown: { alone: await breakdownOf('alone'), together: await breakdownOf('together') },
    residentMb: { before, after },
  };
}

async function runRounds(
  { terminal, interrupted }: CommandContext,
  { serverUrl }: BerthFacts,
  { rounds, count }: BenchOptions,
  sides: Sides['sides'],
): Promise<Lap[]> {
  let made = 0;
  const nameFor = (side: SideName) => `${PREFIX}${side}_${String(++made).padStart(4, '0')}`;
  terminal.live('Warming up');
  await runRound({ sides, round: 0, count: 4, nameFor, interrupted });
  await dropMade(serverUrl.reveal());
  const laps: Lap[] = [];
  const startedMs = performance.now();
  for (let round = 1; round <= rounds && performance.now() - startedMs < TOTAL_MS_MAX; round++) {
    const begunMs = performance.now();
    terminal.live(`Round ${round} of ${rounds}`);
    laps.push(...(await runRound({ sides, round, count, nameFor, interrupted })));
    await dropMade(serverUrl.reveal()); // not timed
    terminal.done(`Round ${round} of ${rounds}`, performance.now() - begunMs);
  }
  const done = new Set(laps.map(({ round }) => round)).size;
  if (done < rounds) terminal.say(`${done} of ${rounds} rounds: the time is up (${TOTAL_MS_MAX / 1000} s)`);
  return laps;
}

/** Hundreds of databases at once: placement is to find room for them all. */
export async function makeRoom(callApi: CallApi): Promise<void> {
  const list = await callApi('GET', '/v1/pools?engine=postgresql&environment=development');
  const pools = (list as { data: { id: string }[] }).data;
  for (const { id } of pools)
    await callApi('PATCH', `/v1/pools/${id}`, { body: { connections_overcommit: OVERCOMMIT } });
}

const OVERCOMMIT = 1_000;
