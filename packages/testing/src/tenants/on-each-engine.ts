// The engines that a journey is tried on, and the places of its queue. What an engine does with a deed does not depend on where
// the nudge came from: so each engine is tried with one queue, and each queue with one engine, not each with each.
import type { EngineName } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { describeWhere } from '../describe-where';
import { onEachQueue, type QueueKind } from '../test-queue';
import { onMongodb } from './mongodb';
import { onMariadb } from './mysql';
import { onPostgresql } from './postgresql';
import type { TestEngine } from './tenants';

const ENGINES: Record<EngineName, TestEngine> = { postgresql: onPostgresql, mysql: onMariadb, mongodb: onMongodb };

/** The engine of an action or a server, by the name in its row. */
export function engineNamed(name: string): TestEngine {
  const engine = Object.values(ENGINES).find((each) => each.name === name);
  if (engine === undefined) throw new Error(`There is no engine ${name}.`);
  return engine;
}

/** The engine whose clients are given such a URL. */
export function engineOfUri(uri: string): TestEngine {
  const engine = Object.values(ENGINES).find(({ name }) => rulesOf(name).urlProtocols.includes(new URL(uri).protocol));
  if (engine === undefined) throw new Error('No engine has such a URL.');
  return engine;
}

/** Describes the same tests on each engine, the queue in the store; says so where this run has no server of one. */
export function onEachEngine(tests: (engine: TestEngine) => void): void {
  for (const engine of Object.values(ENGINES)) describeOn(engine, () => tests(engine));
}

/** What goes through a queue: on each engine with the queue in the store, and with it on Redis on one engine. */
export function onEachEngineAndQueue(tests: (engine: TestEngine, queue: QueueKind) => void): void {
  onEachQueue((queue) => {
    const engines = queue === 'PostgreSQL' ? Object.values(ENGINES) : [onPostgresql];
    for (const engine of engines) describeOn(engine, () => tests(engine, queue));
  });
}

/** The engines of which `has` is so, and why the others are left out. */
export function onEachEngineThat(has: (engine: TestEngine) => boolean, tests: (engine: TestEngine) => void): void {
  for (const engine of Object.values(ENGINES).filter(has)) describeOn(engine, () => tests(engine));
}

function describeOn({ title, whyMissing }: TestEngine, tests: () => void): void {
  const missing = whyMissing();
  describeWhere(missing === null, missing ?? '', `on ${title}`, tests);
}
