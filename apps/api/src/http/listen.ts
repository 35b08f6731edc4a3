// Opening and closing the door. Who asks on before the answer is out is shown out; closing lets what is being answered end, and
// keeps no idle connection waiting.
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Door {
  /** `http://127.0.0.1:8080`. */
  url: string;
  /** Takes no more connections; ends those that are still open after ten seconds. */
  close(): Promise<void>;
}

const CLOSE_MS_MAX = 10_000;

/** Listens; port 0 takes any free one. Throws when the address cannot be had. */
export async function listen(listener: RequestListener, host: string, port: number): Promise<Door> {
  const server = createServer((request, response) => {
    // Node begins on all requests that came in one piece, holds all their answers, and never closes those that nobody fetches
    if (response.socket === null) request.socket.destroy();
    else listener(request, response);
  });
  let closing = false;
  server.on('request', (_request, response) => {
    response.once('finish', () => closing && setImmediate(() => server.closeIdleConnections()));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  return {
    url: urlOf(host, server.address()),
    async close() {
      closing = true;
      const force = setTimeout(() => server.closeAllConnections(), CLOSE_MS_MAX);
      await new Promise((resolve) => server.close(resolve)); // closes idle connections as well
      clearTimeout(force);
    },
  };
}

function urlOf(host: string, address: AddressInfo | string | null): string {
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
