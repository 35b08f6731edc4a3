// What may be said on the command line of the benchmark.
import { parseArgs } from 'node:util';
import { LaunchError } from '@berth/embedded';

/** Engines that creates are measured on, in this order. */
export const ENGINES = ['postgresql', 'mysql'] as const;

const NAMES = ['creates', 'accept', 'poll', 'growth', 'memory'] as const;

export interface BenchOptions {
  /** What is measured. */
  name: (typeof NAMES)[number];
  /** `creates`: the one engine that is measured; null for every one that this machine has. */
  engine: (typeof ENGINES)[number] | null;
  rounds: number;
  /** `creates`: creates of each side in each round, alone; twice as many four at once. */
  count: number;
  /** `growth`: ended actions of the large store; a tenth as many databases. `memory`: actions until the last look. */
  actions: number | null;
  /** Where the figures go as JSON. */
  jsonFile: string | null;
}

const ROUNDS = 6;
const COUNT = 8;
const ROUNDS_MAX = 100;
const COUNT_MAX = 100;
const ACTIONS_MAX = 10_000_000;

export const BENCH_USAGE = `npm run bench -- [what] [options]

Measures on servers of its own, which are gone afterwards. docs/benchmark.md says what is compared, and with what. On two cores:

  creates  a create, against the bare statements that it sends; about 2 minutes for each engine (what is measured when nothing is named)
  accept   POSTs accepted a second, against a bare Express; about 3 minutes
  poll     polls of an action a second, against a bare Express; about 3 minutes
  growth   a store with 1,000,000 ended actions, against a new one; 5 to 15 minutes, most of it filling the store
  memory   memory in use after 2,000 and 10,000 actions; up to an hour for each queue backend

  --engine E   creates: postgresql or mysql (MariaDB) alone; otherwise both, the second where there is a mariadbd
  --rounds N   creates, accept, poll, growth: how often it is repeated (${ROUNDS})
  --count N    creates: of each side in each round, alone; twice as many four at once (${COUNT})
  --actions N  growth, memory: as many actions
  --json FILE  writes every figure there`;

/** Reads `name --engine E --rounds N --count N --actions N --json FILE`. Throws LaunchError that says which is wrong. */
export function readBenchOptions(args: string[]): BenchOptions {
  const { values, positionals } = parse(args);
  const [asked = 'creates', ...more] = positionals;
  const name = NAMES.find((each) => each === asked);
  if (name === undefined || more.length > 0) {
    throw invalid(`"${positionals.join(' ')}" is not one of ${NAMES.join(', ')}`);
  }
  return {
    name,
    engine: readEngine(values.engine),
    rounds: readNumber('--rounds', values.rounds, ROUNDS, ROUNDS_MAX),
    count: readNumber('--count', values.count, COUNT, COUNT_MAX),
    actions: values.actions === undefined ? null : readNumber('--actions', values.actions, 1, ACTIONS_MAX),
    jsonFile: values.json ?? null,
  };
}

function parse(args: string[]) {
  const text = { type: 'string' } as const;
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: { engine: text, rounds: text, count: text, actions: text, json: text },
    });
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
}

function readEngine(text: string | undefined): BenchOptions['engine'] {
  if (text === undefined) return null;
  const name = ENGINES.find((each) => each === text);
  if (name !== undefined) return name;
  throw invalid(`--engine is "${text}", which is not one of ${ENGINES.join(', ')}`);
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
    `npm run bench -- creates --rounds ${ROUNDS} --count ${COUNT} --json figures.json`,
  );
}
