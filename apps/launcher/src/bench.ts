// `npm run bench`: what Berth costs, measured in one run on servers of its own, which are gone afterwards. Not a test: it
// fails only when it cannot measure.
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { makeTemporaryHome } from '@berth/embedded';
import { compareWithBare, tellComparisons } from './bench/against-bare';
import { BENCH_USAGE, type BenchOptions, readBenchOptions } from './bench/bench-options';
import { tellReport } from './bench/bench-report';
import { measureCreates } from './bench/creates';
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
  const { args, interrupted, terminal } = context;
  if (asksForUsage(args)) {
    terminal.say(BENCH_USAGE);
    return 0;
  }
  const options = readBenchOptions(args);
  terminal.heading(TITLES[options.name]);
  const home = await makeTemporaryHome([...new Set([tmpdir(), ...TEMPORARY_FOLDERS])]);
  try {
    interrupted.throwIfAborted();
    const report = await measure(context, options, home);
    await removeHome(home);
    if (options.jsonFile) await writeFile(options.jsonFile, `${JSON.stringify(report, null, 2)}\n`);
    return 0;
  } catch (error) {
    await (interrupted.aborted ? removeHome(home) : keepLogs(home, terminal));
    throw error;
  }
});

function measure(context: CommandContext, options: BenchOptions, home: string): Promise<unknown> {
  const { name, rounds } = options;
  switch (name) {
    case 'creates':
      return withBerth(context, home, async (berth) => {
        const report = await measureCreates(context, await berth.start(), options);
        tellReport(context.terminal, report);
        return report;
      });
    case 'accept':
    case 'poll':
      return withWorkshop(context, home, async (workshop) => {
        const reports = await compareWithBare(context.terminal, workshop, name, rounds);
        tellComparisons(context.terminal, reports);
        return reports;
      });
    case 'growth':
      return withWorkshop(context, home, async (workshop) => {
        const report = await measureGrowth(context.terminal, workshop, options);
        tellGrowth(context.terminal, report);
        return report;
      });
    case 'memory':
      return measureMemory(context, home, options).then((reports) => {
        tellMemory(context.terminal, reports);
        return reports;
      });
    default:
      return name satisfies never;
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

async function withWorkshop<T>(
  context: CommandContext,
  home: string,
  work: (workshop: Workshop) => Promise<T>,
): Promise<T> {
  const workshop = await openWorkshop(context.terminal, home);
  context.onInterrupt({ stop: workshop.close, force: workshop.close });
  try {
    return await work(workshop);
  } finally {
    context.terminal.live('Stopping everything');
    await workshop.close();
  }
}
