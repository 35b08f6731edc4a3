// Ports of 127.0.0.1: is one free, and which one to take. Nobody but the holder of the listening socket can be sure, so
// whoever uses a port from here must cope with losing it.
import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

// Below 32768, where Linux starts to pick ports for outgoing connections: a port kept over a restart must not be taken
// in between by a stranger's connection to somewhere else.
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const TRIES_MAX = 50;

/** A port that was free a moment ago. */
export async function findFreePort(): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (await isPortFree(port)) return port;
  }
  throw new Error(`None of ${TRIES_MAX} ports tried between ${PORT_MIN} and ${PORT_MAX} is free`);
}

/** Whether nobody listens on this port of 127.0.0.1 now. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen({ port, host: '127.0.0.1', exclusive: true }, () => probe.close(() => resolve(true)));
  });
}
