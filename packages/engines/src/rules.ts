// What each engine lets a thing be called, and how its ecosystem writes a connection URL. No driver is imported here: the
// API reads this room and must not be able to open a connection.
import { ENGINES, type EngineName, PlatformError } from '@berth/core';
import type { EngineRules } from './contract';
import { mysqlRules } from './mysql/rules';
import { postgresqlRules } from './postgresql/rules';

const RULES: Partial<Record<EngineName, EngineRules>> = {
  postgresql: postgresqlRules,
  mysql: mysqlRules,
};

/** The rules of an engine. Throws `not_built` for one of the design that is not built yet. */
export function rulesOf(engine: EngineName): EngineRules {
  const rules = RULES[engine];
  if (!rules) throw new PlatformError('not_built', `The engine ${engine} is not built yet`);
  return rules;
}

/** Those with a folder and a door: an engine is asked for by nobody before there is a worker that performs it. */
const WITH_WORKER: readonly EngineName[] = ['postgresql'];

/** The engines that are built, in the order of the design. */
export const BUILT_ENGINES: readonly EngineName[] = ENGINES.filter((engine) => WITH_WORKER.includes(engine));
