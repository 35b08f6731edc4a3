// Helmet's headers, on every answer. They are the same for all, so Helmet is asked once: its fourteen steps for each request
// cost more than most routes do.
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import helmet from 'helmet';
import type { Watch } from './watch';

/** Helmet's, but: the API may be served without TLS inside a network, and no page calls other hosts. */
export function securityHeaders(): Watch {
  const headers = headersOfHelmet();
  return (request, response) => {
    for (const [name, value] of headers) if (request.secure || name !== OF_TLS) response.setHeader(name, value);
    return null;
  };
}

/** Not to be sent without TLS (RFC 6797, 7.2), of which a trusted proxy tells. */
const OF_TLS = 'Strict-Transport-Security';

function headersOfHelmet(): [string, string][] {
  const directives = {
    fontSrc: ["'self'", 'data:'],
    styleSrc: ["'self'", "'unsafe-inline'"],
    upgradeInsecureRequests: null,
  };
  // `same-origin`: under Helmet's `no-referrer` browsers send forms with `Origin: null`, which the sign-in refuses
  const set = helmet({ contentSecurityPolicy: { directives }, referrerPolicy: { policy: 'same-origin' } });
  const headers: [string, string][] = [];
  const request = new IncomingMessage(new Socket());
  const response = new ServerResponse(request);
  response.setHeader = (name, value) => {
    headers.push([name, String(value)]);
    return response;
  };
  set(request, response, (error?: unknown) => {
    if (error) throw error;
  });
  return headers;
}
