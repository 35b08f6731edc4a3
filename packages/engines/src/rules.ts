// What each engine lets a thing be called, and how its ecosystem writes a connection URL. No driver is imported here: the
// API reads this room and must not be able to open a connection.
import { ENGINES, type EngineName } from '@berth/core';
import type { EngineRules } from './contract';
import { mongodbRules } from './mongodb/rules';
import { mysqlRules } from './mysql/rules';
import { postgresqlRules } from './postgresql/rules';

const RULES: Record<EngineName, EngineRules> = {
  postgresql: postgresqlRules,
  mysql: mysqlRules,
  mongodb: mongodbRules,
};

/** The rules of an engine. */
export function rulesOf(engine: EngineName): EngineRules {
  return RULES[engine];
}

/** Those with a folder and a door: an engine is asked for by nobody before there is a worker that performs it. */
const WITH_WORKER: readonly EngineName[] = ['postgresql', 'mysql'];

/** The engines that are built, in the order of the design. */
export const BUILT_ENGINES: readonly EngineName[] = ENGINES.filter((engine) => WITH_WORKER.includes(engine));
