// Connections in the middle of their handshake. One whose password was looked up before it changed is let in whenever it
// answers, past a lock and a new password (seen on MariaDB 10.11). MariaDB names its login already, so that it ends like a
// session; MySQL calls it nobody's until it is in.
import { setTimeout as pause } from 'node:timers/promises';
import type { Admin } from './admin';
import { kill } from './kill';

/** How long a handshake may take before it is ended; slow lines need three round trips. */
const HANDSHAKE_MS_MAX = 1_000;
const LOOK_MS = 50;

/** Connections that are nobody's yet. */
export async function listHandshakes({ main }: Admin): Promise<number[]> {
  const rows = await main.query<{ id: number }>(
    `SELECT id FROM information_schema.processlist WHERE user = 'unauthenticated user'`,
  );
  return rows.map(({ id }) => Number(id));
}

/** Waits for these to be over, then ends them: they are sessions by then, or gone. Returns how many were ended. */
export async function endHandshakes(admin: Admin, handshakes: number[]): Promise<number> {
  for (let waitedMs = 0; waitedMs < HANDSHAKE_MS_MAX; waitedMs += LOOK_MS) {
    const left = await listHandshakes(admin);
    if (!handshakes.some((id) => left.includes(id))) return 0;
    await pause(LOOK_MS);
  }
  const left = (await listHandshakes(admin)).filter((id) => handshakes.includes(id));
  for (const id of left) await kill(admin, id);
  return left.length;
}
