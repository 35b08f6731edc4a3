// `creates`: what Berth costs on top of the statements that it sends, measured in one run on an embedded Berth of its own.
import type { EngineName } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import { type CallApi, openApiClient } from '../api-client';
import type { BerthFacts } from '../berth';
import type { CommandContext } from '../command';
import { PREFIX, type ServerReading } from './bench-engine';
import type { BenchOptions } from './bench-options';
import { type BenchReport, describeMachine, figuresUnder, ratiosUnder } from './bench-report';
import { readBreakdown } from './breakdown';
import { residentMb } from './resident-memory';
import { type Lap, type Load, runRound } from './rounds';
import { type Measured, openSides, type SideName, type Sides } from './sides';

/** No round begins after this long. */
const TOTAL_MS_MAX = 120_000;

/** Measures one engine with what runs, on a server that is registered there, and leaves it running. Throws `bench_failed`
 * for a server that may lose what it said is done. */
export async function measureCreates(
  context: CommandContext,
  facts: BerthFacts,
  { engine, serverUrl }: Pick<Measured, 'engine' | 'serverUrl'>,
  options: BenchOptions,
): Promise<BenchReport> {
  const measured: Measured = { engine, serverUrl, storeUrl: facts.storeUrl };
  const { name, title } = engine;
  const { version, durability } = await readDurable(measured);
  const before = await residentMb(facts.pids);
  const callApi = openApiClient(facts.apiUrl, facts.token);
  await makeRoom(callApi, name);
  const { sides, recording } = await openSides(measured, callApi);
  const laps = await runRounds(context, measured, options, sides);
  const after = await residentMb(facts.pids);
  const breakdownOf = (load: Load) =>
    readBreakdown(
      facts.storeUrl,
      laps.filter((lap) => lap.load === load).flatMap((lap) => lap.asked),
    );
  return {
    engine: { name, title, version, durability },
    machine: describeMachine(),
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

async function readDurable({ engine, serverUrl }: Measured): Promise<ServerReading> {
  const reading = await engine.readServer(serverUrl);
  if (reading.isDurable) return reading;
  throw new LaunchError(
    'bench_failed',
    `${engine.title} does not keep what it commits: ${JSON.stringify(reading.durability)}`,
    'A server that may forget is quicker than any that is used: start it with the settings of a real one.',
  );
}

async function runRounds(
  { terminal, interrupted }: CommandContext,
  { engine, serverUrl }: Measured,
  { rounds, count }: BenchOptions,
  sides: Sides['sides'],
): Promise<Lap[]> {
  let made = 0;
  const nameFor = (side: SideName) => `${PREFIX}${side}_${String(++made).padStart(4, '0')}`;
  terminal.live('Warming up');
  await runRound({ sides, round: 0, count: 4, nameFor, interrupted });
  await engine.dropMade(serverUrl);
  const laps: Lap[] = [];
  const startedMs = performance.now();
  for (let round = 1; round <= rounds && performance.now() - startedMs < TOTAL_MS_MAX; round++) {
    const begunMs = performance.now();
    terminal.live(`Round ${round} of ${rounds}`);
    laps.push(...(await runRound({ sides, round, count, nameFor, interrupted })));
    await engine.dropMade(serverUrl); // not timed
    terminal.done(`Round ${round} of ${rounds}`, performance.now() - begunMs);
  }
  const done = new Set(laps.map(({ round }) => round)).size;
  if (done < rounds) terminal.say(`${done} of ${rounds} rounds: the time is up (${TOTAL_MS_MAX / 1000} s)`);
  return laps;
}

/** Hundreds of databases at once: placement is to find room for them all. */
export async function makeRoom(callApi: CallApi, engine: EngineName): Promise<void> {
  const list = await callApi('GET', `/v1/pools?engine=${engine}&environment=development`);
  const pools = (list as { data: { id: string }[] }).data;
  for (const { id } of pools)
    await callApi('PATCH', `/v1/pools/${id}`, { body: { connections_overcommit: OVERCOMMIT } });
}

const OVERCOMMIT = 1_000;
