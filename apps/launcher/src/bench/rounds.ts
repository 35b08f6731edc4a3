// The timing: the sides take turns, alone one create at a time and in bursts, so that a noisy machine hurts all alike.
import type { Asked } from './create-by-berth';
import { type Figures, figuresOf } from './figures';
import type { Side, SideName } from './sides';

export type Load = 'alone' | 'together';
export const LOADS: Load[] = ['alone', 'together'];

/** How many creates are under way at once under the load "together": as many as a worker performs by default. */
export const TOGETHER = 4;

/** All times of one side under one load, with what Berth said of each. */
export interface Lap {
  side: SideName;
  load: Load;
  round: number;
  timesMs: number[];
  wallMs: number;
  asked: Asked[];
}

export interface RoundOptions {
  sides: Side[];
  round: number;
  /** Creates of each side alone; twice as many together. */
  count: number;
  /** A name that nothing has. */
  nameFor(side: SideName): string;
  interrupted: AbortSignal;
}

/** One round: every side under both loads. Another side begins in each round. */
export async function runRound(options: RoundOptions): Promise<Lap[]> {
  const { sides, round, count } = options;
  const turned = sides.map((_, index) => sides[(index + round) % sides.length]).filter((side) => side !== undefined);
  const alone = turned.map((side) => newLap(side, 'alone', round));
  for (let index = 0; index < count; index++) {
    for (const [at, side] of turned.entries()) await runLap(options, side, alone[at], 1, 1);
  }
  const together = turned.map((side) => newLap(side, 'together', round));
  for (let part = 0; part < 2; part++) {
    for (const [at, side] of turned.entries()) await runLap(options, side, together[at], count, TOGETHER);
  }
  return [...alone, ...together];
}

function newLap({ name }: Side, load: Load, round: number): Lap {
  return { side: name, load, round, timesMs: [], wallMs: 0, asked: [] };
}

async function runLap(options: RoundOptions, side: Side, lap: Lap | undefined, count: number, atOnce: number) {
  if (lap === undefined) return;
  const startedMs = performance.now();
  let left = count;
  const oneAfterAnother = async () => {
    while (left-- > 0) {
      options.interrupted.throwIfAborted();
      const begunMs = performance.now();
      const asked = await side.create(options.nameFor(side.name));
      lap.timesMs.push(performance.now() - begunMs);
      if (asked) lap.asked.push(asked);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneAfterAnother));
  lap.wallMs += performance.now() - startedMs;
}

/** What all laps of one side under one load come to. */
export function figuresFor(laps: Lap[], side: SideName, load: Load): Figures {
  const own = laps.filter((lap) => lap.side === side && lap.load === load);
  return figuresOf(
    own.flatMap((lap) => lap.timesMs),
    own.reduce((sum, lap) => sum + lap.wallMs, 0),
  );
}
