// The door for those who look after a process: /metrics, /healthz, /readyz, on an address of its own, without a token and
// so never where tenants come.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { codeOf, PlatformError } from '@berth/core';
import { type Health, isWell, type Report } from './health';
import type { Log } from './log';
import { METRICS_CONTENT_TYPE, type Metrics } from './metrics';

export interface WatchDoorOptions {
  host: string;
  /** 0 takes any free one. */
  port: number;
  health: Health;
  log: Log;
  metrics: Metrics;
}

export interface WatchDoor {
  /** `http://127.0.0.1:9464`. */
  url: string;
  close(): Promise<void>;
}

/** An answer here is small and quick; who has not sent a request by then is nobody. */
const REQUEST_MS_MAX = 5_000;

/** Listens. Throws `invalid_request` when the address cannot be had. */
export async function openWatchDoor({ host, port, health, log, metrics }: WatchDoorOptions): Promise<WatchDoor> {
  const server = createServer(
    { requestTimeout: REQUEST_MS_MAX, headersTimeout: REQUEST_MS_MAX },
    (request, response) => {
      answer({ health, metrics }, request, response).catch((error: unknown) => {
        log.error({ error, code: codeOf(error) }, 'A question about this process could not be answered');
        response.destroy();
      });
    },
  );
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(addressTaken(host, port, error)));
    server.listen(port, host, resolve);
  });
  const address = server.address();
  const taken = typeof address === 'object' && address !== null ? address.port : port;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections(); // nobody's work is lost with them
      }),
  };
}

async function answer(
  { health, metrics }: Pick<WatchDoorOptions, 'health' | 'metrics'>,
  { method, url }: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.setHeader('Cache-Control', 'no-store').setHeader('X-Content-Type-Options', 'nosniff');
  const path = (url ?? '').split('?')[0];
  if (!['/metrics', '/healthz', '/readyz'].includes(path ?? '')) {
    return send(response, 404, 'text/plain', 'Here are /metrics, /healthz and /readyz.\n');
  }
  if (method !== 'GET' && method !== 'HEAD') {
    response.setHeader('Allow', 'GET, HEAD');
    return send(response, 405, 'text/plain', 'This address knows GET and HEAD.\n');
  }
  if (path === '/metrics') return send(response, 200, METRICS_CONTENT_TYPE, await metrics.text());
  sendReport(response, path === '/healthz' ? health.living() : await health.serving());
}

function sendReport(response: ServerResponse, report: Report): void {
  send(response, isWell(report) ? 200 : 503, 'application/json', `${JSON.stringify(report)}\n`);
}

/** Node leaves the body out of an answer to HEAD. */
function send(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.statusCode = status;
  response.setHeader('Content-Type', contentType).setHeader('Content-Length', Buffer.byteLength(body)).end(body);
}

/** What the system says of an address that cannot be had. */
const WHY: Record<string, string> = {
  EADDRINUSE: 'something listens there already',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES: 'this process may not take that port',
  ENOTFOUND: 'no such host is known',
};

function addressTaken(host: string, port: number, cause: NodeJS.ErrnoException): PlatformError {
  const { code = 'unknown' } = cause;
  const why = WHY[code] === undefined ? code : `${WHY[code]} (${code})`;
  const message =
    `${host}:${port} (BERTH_METRICS_HOST, BERTH_METRICS_PORT) cannot be listened on: ${why}. Each process on a machine needs a ` +
    'port of its own; 0 takes any free one, and without BERTH_METRICS_PORT nothing listens.';
  return new PlatformError('invalid_request', message, {
    fields: [{ field: 'BERTH_METRICS_PORT', message: `cannot be listened on: ${why}` }],
    cause,
  });
}
