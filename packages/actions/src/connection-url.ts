// What a client connects by: a URL of the database's engine, with what its server asks for.
import { isEngineName, PlatformError, type Secret, TLS_MODES } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';
import type { DatabaseView } from '@berth/store';

/** With this login and password in it, however they are spelt. */
export function connectionUrlOf(database: DatabaseView, login: { username: string; password: Secret }): Secret {
  const { engine, engine_name, server } = database;
  const { host, port } = server;
  const tls = TLS_MODES.find((mode) => mode === server.tls);
  if (tls === undefined || !isEngineName(engine))
    throw new PlatformError('internal', 'The store names no such engine.');
  return rulesOf(engine).connectionUrl({ host, port, tls, database: engine_name, ...login });
}
