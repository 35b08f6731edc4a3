// Records one create of the product itself: for its time the registered server's address is a tap's.
import type { Secret } from '@berth/core';
import type { CallApi } from '../api-client';
import type { BenchEngine } from './bench-engine';
import { createByBerth, revealPassword } from './create-by-berth';
import { openTap } from './tap';
import type { Tape } from './tape';
import { withClient } from './with-client';

export interface Recording {
  tape: Tape;
  /** The name of the database and of its login, and the login's password. */
  name: string;
  password: Secret;
}

/** Creates `name` through the API and returns what the worker sent to the server for it. */
export async function recordCreate(
  callApi: CallApi,
  engine: BenchEngine,
  { storeUrl, serverUrl }: { storeUrl: Secret; serverUrl: Secret },
  name: string,
): Promise<Recording> {
  const port = Number(new URL(serverUrl.reveal()).port);
  const tap = await openTap(engine, port);
  await moveServer(storeUrl, port, tap.port);
  const { databaseId } = await createByBerth(callApi, engine.name, name);
  await moveServer(storeUrl, tap.port, port);
  const tape = await tap.close();
  return { tape, name, password: await revealPassword(callApi, databaseId) };
}

// A benchmark's liberty with a store that is thrown away: no verb of Berth moves a server under its databases.
async function moveServer(storeUrl: Secret, from: number, to: number): Promise<void> {
  await withClient(storeUrl.reveal(), (client) =>
    client.query('UPDATE servers SET port = $2 WHERE port = $1', [from, to]),
  );
}
