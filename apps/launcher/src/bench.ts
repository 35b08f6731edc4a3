// `npm run bench`: what Berth costs, measured in one run on servers of its own, which are gone afterwards. Not a test: it
// fails only when it cannot measure.
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { makeTemporaryHome } from '@berth/embedded';
import { compareWithBare, tellComparisons } from './bench/against-bare';
import { BENCH_USAGE, type BenchOptions, readBenchOptions } from './bench/bench-options';
import { type BenchReport, tellReport } from './bench/bench-report';
import { measureCreates } from './bench/creates';
import { chooseEngines } from './bench/engines-here';
import { measureGrowth, tellGrowth } from './bench/growth';
import { measureMemory, tellMemory } from './bench/memory';
import { openWorkshop, type Workshop } from './bench/workshop';
import { type Berth, openBerth } from './berth';
import { type CommandContext, runCommand } from './command';
import { keepLogs, removeHome, TEMPORARY_FOLDERS } from './remove-home';
import { asksForUsage } from './usage';

const TITLES: Record<BenchOptions['name'], string> = {
  creates: 'Creates through Berth against the bare statements, on one machine, in turns',
  accept: 'Accepted POSTs a second, against a bare Express with one insert and one job, in turns',
  poll: 'Polls a second, against a bare Express with one row, in turns',
  growth: 'A store that has grown against a new one, in turns',
  memory: 'Memory in use after many actions',
};

void runCommand(async (context) => {
  const { args, terminal } = context;
  if (asksForUsage(args)) {
    terminal.say(BENCH_USAGE);
    return 0;
  }
  const options = readBenchOptions(args);
  terminal.heading(TITLES[options.name]);
  const report = await measure(context, options);
  if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
  return 0;
});

function measure(context: CommandContext, options: BenchOptions): Promise<unknown> {
  const { name, rounds } = options;
  switch (name) {
    case 'creates':
      return measureEngines(context, options);
    case 'accept':
    case 'poll':
      return withWorkshop(context, async (workshop) => {
        const reports = await compareWithBare(context.terminal, workshop, name, rounds);
        tellComparisons(context.terminal, reports);
        return reports;
      });
    case 'growth':
      return withWorkshop(context, async (workshop) => {
        const report = await measureGrowth(context.terminal, workshop, options);
        tellGrowth(context.terminal, report);
        return report;
      });
    case 'memory':
      return withHome(context, async (home) => {
        const reports = await measureMemory(context, home, options);
        tellMemory(context.terminal, reports);
        return reports;
      });
    default:
      return name satisfies never;
  }
}

/** One engine after the other, each with a Berth and servers of its own, so that none meets what another has left. */
async function measureEngines(context: CommandContext, options: BenchOptions) {
  const { env, terminal } = context;
  const { engines, leftOut } = chooseEngines(options.engine, env.PATH);
  const reports: BenchReport[] = [];
  for (const here of engines) {
    terminal.heading(here.title);
    const report = await withHome(context, (home) =>
      withBerth(context, home, async (berth) => {
        const facts = await berth.start();
        const { close, ...target } = await here.open(facts, home, env.PATH);
        try {
          return await measureCreates(context, facts, target, options);
        } finally {
          await close();
        }
      }),
    );
    tellReport(terminal, report);
    reports.push(report);
  }
  for (const why of leftOut) terminal.say(`\n${why}.`);
  return { reports, leftOut };
}

/** A home for `work`, gone afterwards but for its logs where it failed. */
async function withHome<T>({ interrupted, terminal }: CommandContext, work: (home: string) => Promise<T>): Promise<T> {
  const home = await makeTemporaryHome([...new Set([tmpdir(), ...TEMPORARY_FOLDERS])]);
  try {
    interrupted.throwIfAborted();
    const found = await work(home);
    await removeHome(home);
    return found;
  } catch (error) {
    await (interrupted.aborted ? removeHome(home) : keepLogs(home, terminal));
    throw error;
  }
}

/** An embedded Berth that `work` starts, stopped whatever happens. */
async function withBerth<T>(context: CommandContext, home: string, work: (berth: Berth) => Promise<T>): Promise<T> {
  const { env, terminal, onInterrupt } = context;
  let berth: Berth | null = null;
  onInterrupt({ stop: async () => berth?.stop(), force: () => forceAway(berth, home) });
  try {
    berth = await openBerth({ home, apiPort: 0, echoLogs: false, logLevel: 'info', env, terminal });
    return await work(berth);
  } finally {
    terminal.live('Stopping everything');
    await berth?.stop();
  }
}

async function forceAway(berth: Berth | null, home: string): Promise<void> {
  await berth?.force();
  await removeHome(home);
}

async function withWorkshop<T>(context: CommandContext, work: (workshop: Workshop) => Promise<T>): Promise<T> {
  return withHome(context, async (home) => {
    const workshop = await openWorkshop(context.terminal, home);
    context.onInterrupt({ stop: workshop.close, force: workshop.close });
    try {
      return await work(workshop);
    } finally {
      context.terminal.live('Stopping everything');
      await workshop.close();
    }
  });
}
