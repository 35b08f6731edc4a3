// `memory`: how much memory the processes of a whole Berth have in use after 2,000 actions and after 10,000, on each backend. The
// actions go the whole way: request, queue, worker, engine, steps, events. They are what costs an engine little: databases get
// another plan, and after every few of these a login another password, in turns on forty databases.
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Secret } from '@berth/core';
import { type CallApi, openApiClient } from '../api-client';
import { type BerthFacts, openBerth } from '../berth';
import type { CommandContext } from '../command';
import type { BenchOptions } from './bench-options';
import { openBenchRedis } from './bench-redis';
import { makeRoom } from './creates';
import { percentile } from './figures';
import { residentMb } from './resident-memory';
import type { Backend } from './workshop';

export interface MemoryReport {
  backend: Backend;
  /** Ended actions at each look, and megabytes by process. */
  looks: { actions: number; residentMb: Record<string, number> }[];
  minutes: number;
}

const ACTIONS = 10_000;
/** The first look is when this part of them has ended. */
const FIRST_PART = 0.2;
const GROWTH_MAX = 1.15;
const DATABASES = 40;
const AT_ONCE = 8;
/** Of 300 actions, busy: 96 and 69 s on the two backends with every second one a reset, 53 and 46 s so. */
const RESET_EVERY = 6;
const WAIT_S = 30;
/** A look is the median of as many, so far apart: memory moves while it is collected. */
const SAMPLES = 5;
const SAMPLE_MS = 1_000;

/** Runs a Berth of its own for each backend, one after the other. */
export async function measureMemory(
  context: CommandContext,
  home: string,
  options: BenchOptions,
): Promise<MemoryReport[]> {
  const reports: MemoryReport[] = [];
  for (const backend of ['postgresql', 'redis'] as const) {
    const report = await measureOn(context, join(home, backend), backend, options.actions ?? ACTIONS);
    if (report !== null) reports.push(report);
  }
  return reports;
}

async function measureOn(
  context: CommandContext,
  home: string,
  backend: Backend,
  actions: number,
): Promise<MemoryReport | null> {
  const { env, terminal, onInterrupt, interrupted } = context;
  const redis = backend === 'redis' ? await openBenchRedis(home) : null;
  if (backend === 'redis' && redis === null) {
    terminal.say('Redis is left out: there is no redis-server on this machine (apt-get install redis-server).');
    return null;
  }
  const queue = redis === null ? {} : { queueUrl: new Secret(redis.url) };
  const berth = await openBerth({ home, apiPort: 0, echoLogs: false, logLevel: 'warn', env, terminal, ...queue });
  onInterrupt({ stop: berth.stop, force: berth.force });
  try {
    terminal.live(`Starting an embedded Berth (queue on ${backend})`);
    const facts = await berth.start();
    const startedMs = performance.now();
    const things = await makeThings(openApiClient(facts.apiUrl, facts.token));
    const looks: MemoryReport['looks'] = [];
    let ended = 0;
    for (const until of [Math.round(actions * FIRST_PART), actions]) {
      await runUntil(context, facts, things, { from: ended, until });
      ended = until;
      interrupted.throwIfAborted();
      looks.push({ actions: until, residentMb: await look(facts) });
    }
    const tookMs = performance.now() - startedMs;
    terminal.done(`${actions} actions (queue on ${backend})`, tookMs);
    return { backend, looks, minutes: tookMs / 60_000 };
  } finally {
    await berth.stop();
    await redis?.close();
  }
}

interface Thing {
  databaseId: string;
  credentialId: string;
}

async function makeThings(callApi: CallApi): Promise<Thing[]> {
  await makeRoom(callApi, 'postgresql');
  const things: Thing[] = [];
  for (let index = 1; index <= DATABASES; index += 1) {
    const answer = await callApi('POST', '/v1/databases', { body: { name: `memory-${index}` }, waitS: WAIT_S });
    const { action } = answer as { action: { database_id: string; credential_id: string } };
    things.push({ databaseId: action.database_id, credentialId: action.credential_id });
  }
  return things;
}

/** Each of the clients asks, waits for the end, and asks again; no two of them about one database. */
async function runUntil(
  context: CommandContext,
  facts: BerthFacts,
  things: Thing[],
  { from, until }: { from: number; until: number },
) {
  const { interrupted, terminal } = context;
  const callApi = openApiClient(facts.apiUrl, facts.token);
  let asked = from;
  const client = async (first: number) => {
    for (let turn = 0; asked < until && !interrupted.aborted; turn += 1) {
      asked += 1;
      if (asked % 100 === 0) terminal.live(`${asked} of ${until} actions`);
      const mine = things[(first + AT_ONCE * turn) % things.length];
      if (mine === undefined) return;
      const answer = turn % RESET_EVERY === 0 ? await resetPassword(callApi, mine) : await changePlan(callApi, mine);
      const { state, error } = (answer as { action: { state: string; error: unknown } }).action;
      if (state !== 'succeeded') throw new Error(`An action is ${state}: ${JSON.stringify(error)}`);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, first) => client(first)));
}

function resetPassword(callApi: CallApi, { credentialId }: Thing): Promise<unknown> {
  return callApi('POST', `/v1/credentials/${credentialId}/reset`, { body: {}, waitS: WAIT_S });
}

/** To the other of the two plans that a new Berth has. */
async function changePlan(callApi: CallApi, { databaseId }: Thing): Promise<unknown> {
  const { plan } = (await callApi('GET', `/v1/databases/${databaseId}`)) as { plan: string };
  const body = { plan: plan === 'small' ? 'large' : 'small' };
  return callApi('PATCH', `/v1/databases/${databaseId}`, { body, waitS: WAIT_S });
}

async function look({ pids }: BerthFacts): Promise<Record<string, number>> {
  const samples: Record<string, number[]> = {};
  for (let sample = 0; sample < SAMPLES; sample += 1) {
    await pause(SAMPLE_MS);
    for (const [name, mb] of Object.entries(await residentMb(pids)))
      samples[name] = [...(samples[name] ?? []), mb ?? Number.NaN];
  }
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, percentile(values, 0.5)]));
}

/** The reports as tables. PostgreSQL's main process says little of it and is left out. */
export function tellMemory(terminal: CommandContext['terminal'], reports: MemoryReport[]): void {
  for (const { backend, looks, minutes } of reports) {
    const [first, last] = looks;
    if (first === undefined || last === undefined) continue;
    terminal.heading(
      `Memory in use (resident, MB), queue on ${backend}: ${last.actions} actions in ${minutes.toFixed(1)} minutes`,
    );
    terminal.say(
      `  ${''.padEnd(24)}${`after ${first.actions}`.padStart(14)}${`after ${last.actions}`.padStart(14)}   ratio`,
    );
    for (const [name, mb] of Object.entries(last.residentMb).filter(([each]) => !['store', 'server'].includes(each))) {
      const before = first.residentMb[name] ?? Number.NaN;
      const ratio = mb / before;
      const verdict = `aim: ${GROWTH_MAX} or less, ${ratio <= GROWTH_MAX ? 'met' : 'missed'}`;
      terminal.say(
        `  ${name.padEnd(24)}${String(before).padStart(14)}${String(mb).padStart(14)}   ${ratio.toFixed(2)}   ${verdict}`,
      );
    }
  }
}
