// Somebody from outside who opens a database by its URL and sees what works. Uses nothing of Berth.
import type { EngineName, Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';
import { visitMongodb } from './visit-mongodb';
import { visitMysql } from './visit-mysql';
import { visitPostgresql } from './visit-postgresql';
import type { Visitor, Visits } from './visits';

const VISITS: Record<EngineName, Visits> = { postgresql: visitPostgresql, mysql: visitMysql, mongodb: visitMongodb };

/** Opens a session. Throws LaunchError when the server does not let us in. */
export async function openVisitor(engine: EngineName, url: Secret): Promise<Visitor> {
  try {
    return await VISITS[engine].open(url);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const advice = 'This is a defect of Berth: please report it with this output.';
    throw new LaunchError('demo_failed', `The issued URL does not open the database: ${why}`, advice, error);
  }
}

/** Whether the session can still read. */
export function isAlive(visitor: Visitor): Promise<boolean> {
  return visitor.read().then(
    () => true,
    () => false,
  );
}

/** Whether the server refuses this login. An unreachable server refuses nobody: that throws. */
export async function isRefused(engine: EngineName, url: Secret): Promise<boolean> {
  const { isRefusal, open } = VISITS[engine];
  try {
    await (await open(url)).close();
    return false;
  } catch (error) {
    if (isRefusal(error)) return true;
    throw error;
  }
}
