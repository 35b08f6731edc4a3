// Engines: what there is to ask a database of, and what each can do. The same for everybody, and for as long as this version runs.
import { ENGINES, type EngineName } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import { z } from 'zod';
import type { ApiContext } from '../dialect';
import { READ } from './authenticate';
import { type Asked, type Endpoint, endpoint } from './endpoint';
import { engineShape } from './shapes/engine';
import { listOf } from './shapes/parts';

const nothing = z.strictObject({});

export const engineEndpoints: Endpoint[] = [
  endpoint({
    tag: 'Engines',
    noun: 'server',
    method: 'get',
    path: '/engines',
    id: 'listEngines',
    summary: 'List engines and what they can do',
    scopes: READ,
    query: nothing,
    answers: { 200: { what: 'All of them.', schema: listOf(engineShape) } },
    handle: listEngines,
  }),
];

async function listEngines(_api: ApiContext, { response }: Asked<typeof nothing>): Promise<void> {
  response.json({ data: ENGINES.map(showEngine), next_cursor: null });
}

function showEngine(name: EngineName): z.infer<typeof engineShape> {
  const { capabilities, charsets, databaseNameBytesMax, defaultPort, loginNameBytesMax, openableDatabases } =
    rulesOf(name);
  return {
    name,
    default_port: defaultPort,
    database_name_bytes_max: databaseNameBytesMax,
    login_name_bytes_max: loginNameBytesMax,
    openable_databases: openableDatabases,
    charsets: charsets?.charsets ?? [],
    capabilities: {
      empty_databases: capabilities.emptyDatabases,
      charset: capabilities.charset,
      database_connection_limit: capabilities.databaseConnectionLimit,
      login_connection_limit: capabilities.loginConnectionLimit,
      sessions_keep_rights: capabilities.sessionsKeepRights,
      sessions_in_database: capabilities.sessionsInDatabase,
      sessions_reach_others: capabilities.sessionsReachOthers,
      writers_make_tables: capabilities.writersMakeTables,
    },
  };
}
