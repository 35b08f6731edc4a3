// What may be said on the command line of the benchmark.
import { parseArgs } from 'node:util';
import { LaunchError } from '@berth/embedded';

export interface BenchOptions {
  rounds: number;
  /** Creates of each side in each round, alone; twice as many four at once. */
  count: number;
  /** Where the figures go as JSON. */
  jsonFile: string | null;
}

const ROUNDS = 6;
const COUNT = 8;
const ROUNDS_MAX = 100;
const COUNT_MAX = 100;

/** Reads `--rounds N --count N --json FILE`. Throws LaunchError that says which is wrong. */
export function readBenchOptions(args: string[]): BenchOptions {
  const { rounds, count, json } = parse(args);
  return {
    rounds: readNumber('--rounds', rounds, ROUNDS, ROUNDS_MAX),
    count: readNumber('--count', count, COUNT, COUNT_MAX),
    jsonFile: json ?? null,
  };
}

function parse(args: string[]) {
  try {
    return parseArgs({
      args,
      options: { rounds: { type: 'string' }, count: { type: 'string' }, json: { type: 'string' } },
    }).values;
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function readNumber(name: string, text: string | undefined, otherwise: number, max: number): number {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= max) return number;
  throw invalid(`${name} is "${text}", which is not a number from 1 to ${max}`);
}

function invalid(message: string): LaunchError {
  return new LaunchError(
    'setting_invalid',
    message,
    `npm run bench -- --rounds ${ROUNDS} --count ${COUNT} --json figures.json`,
  );
}
