// What each engine lets a thing be called, and how its ecosystem writes a connection URL. No driver is imported here: the
// API reads this room and must not be able to open a connection.
import type { EngineName } from '@berth/core';
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
