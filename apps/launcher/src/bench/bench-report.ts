// What the benchmark found, as an object for machines and as a table for people.
import { availableParallelism, cpus, totalmem } from 'node:os';
import type { EngineName } from '@berth/core';
import type { Terminal } from '../terminal';
import type { ServerReading } from './bench-engine';
import type { Part } from './breakdown';
import { type Figures, percentile } from './figures';
import { figuresFor, type Lap, LOADS, type Load, TOGETHER } from './rounds';
import type { SideName } from './sides';

export interface BenchReport {
  engine: { name: EngineName; title: string; version: string; durability: ServerReading['durability'] };
  machine: { processors: number; model: string; memoryMb: number; platform: string; node: string };
  rounds: number;
  statements: { connections: number; sent: number };
  figures: Record<Load, Record<SideName, Figures>>;
  /** Berth to the bare statements: over all rounds, and the least and the greatest of single rounds. */
  ratios: Record<Load, { p50: Ratio; perSecond: Ratio }>;
  /** Medians of Berth's parts, in milliseconds. */
  breakdown: Record<Load, Part[]>;
  residentMb: { before: Record<string, number | null>; after: Record<string, number | null> };
}

export interface Ratio {
  all: number;
  min: number;
  max: number;
}

const MB = 1024 * 1024;

/** This machine, without its name. */
export function describeMachine(): BenchReport['machine'] {
  return {
    processors: availableParallelism(),
    model: cpus()[0]?.model ?? '',
    memoryMb: Math.round(totalmem() / MB),
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
  };
}

/** Figures of every side under one load. */
export function figuresUnder(laps: Lap[], load: Load): Record<SideName, Figures> {
  return {
    statements: figuresFor(laps, 'statements', load),
    verbs: figuresFor(laps, 'verbs', load),
    berth: figuresFor(laps, 'berth', load),
  };
}

/** Berth to the bare statements under one load. */
export function ratiosUnder(laps: Lap[], load: Load): { p50: Ratio; perSecond: Ratio } {
  const rounds = [...new Set(laps.map((lap) => lap.round))];
  const ratio = (key: 'p50Ms' | 'perSecond'): Ratio => {
    const of = (some: Lap[]) => figuresFor(some, 'berth', load)[key] / figuresFor(some, 'statements', load)[key];
    const single = rounds.map((round) => of(laps.filter((lap) => lap.round === round)));
    return { all: of(laps), min: percentile(single, 0), max: percentile(single, 1) };
  };
  return { p50: ratio('p50Ms'), perSecond: ratio('perSecond') };
}

const AIMS = { p50: 'aim: 1.5 or less', perSecond: 'aim: 0.8 or more' };
const AIMED_MB: Record<string, number> = { api: 150, 'worker-postgresql': 120, 'worker-mysql': 120 };
const LOAD_TITLES: Record<Load, string> = { alone: 'Alone', together: `${TOGETHER} at once` };
const SIDE_TITLES: [SideName, string][] = [
  ['statements', 'the bare statements, by the driver'],
  ['verbs', "the engine's verbs alone"],
  ['berth', 'Berth, from POST to succeeded'],
];

/** The whole report as text. */
export function tellReport(terminal: Terminal, report: BenchReport): void {
  const { engine, machine, statements } = report;
  for (const load of LOADS) tellLoad(terminal, report, load);
  terminal.heading('Where the time of Berth goes (medians)');
  tellBreakdown(terminal, report);
  terminal.heading('Memory in use (resident)');
  for (const [name, mb] of Object.entries(report.residentMb.after)) {
    const aim = AIMED_MB[name] === undefined ? '' : `   aim: ${AIMED_MB[name]}`;
    terminal.say(`  ${name.padEnd(38)}${left(report.residentMb.before[name])} → ${left(mb)} MB${aim}`);
  }
  terminal.say(`
One create sends ${statements.sent} statements over ${statements.connections} connections to the tenants' server.
${machine.processors} × ${machine.model}, ${machine.memoryMb} MB, ${machine.platform}, Node ${machine.node}, ${engine.title} ${engine.version} (${tellSettings(engine.durability)}); ${report.rounds} rounds.`);
}

function tellLoad(terminal: Terminal, { figures, ratios }: BenchReport, load: Load): void {
  terminal.heading(`${LOAD_TITLES[load].padEnd(38)}    count      p50      p95   per second`);
  for (const [side, title] of SIDE_TITLES) {
    const { count, p50Ms, p95Ms, perSecond } = figures[load][side];
    terminal.say(
      `  ${title.padEnd(38)}${left(count, 7)}${left(ms(p50Ms), 9)}${left(ms(p95Ms), 9)}${left(perSecond.toFixed(2), 13)}`,
    );
  }
  const { p50, perSecond } = ratios[load];
  terminal.say(`  Berth to the statements, p50          ${tellRatio(p50)}   ${AIMS.p50}`);
  terminal.say(`  Berth to the statements, per second   ${tellRatio(perSecond)}   ${AIMS.perSecond}`);
}

function tellBreakdown(terminal: Terminal, { breakdown }: BenchReport): void {
  terminal.say(`  ${''.padEnd(38)}${LOADS.map((load) => left(LOAD_TITLES[load].toLowerCase(), 12)).join('')}`);
  for (const { name } of breakdown.alone) {
    const cells = LOADS.map((load) => {
      const part = breakdown[load].find((each) => each.name === name);
      return left(part ? ms(part.medianMs) : '', 12);
    });
    terminal.say(`  ${name.padEnd(38)}${cells.join('')}`);
  }
}

function tellSettings(settings: Record<string, string>): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');
}

function tellRatio({ all, min, max }: Ratio): string {
  return `${all.toFixed(2)}  (rounds ${min.toFixed(2)} to ${max.toFixed(2)})`;
}

function ms(value: number): string {
  return `${value.toFixed(value < 10 ? 1 : 0)} ms`;
}

function left(value: string | number | null | undefined, width = 4): string {
  return String(value ?? '?').padStart(width);
}
