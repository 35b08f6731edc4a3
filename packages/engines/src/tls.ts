// What all engines do alike about TLS: what a connection verifies, and what an operator is told where a handshake failed.
import type { ServerAddress } from './contract';

/** As Node.js takes it. `ca` counts in place of the CAs that Node.js knows. */
export interface Verification {
  rejectUnauthorized: boolean;
  ca?: string;
}

/** What is verified of a server's certificate; null where no TLS is spoken. The host's name is verified with the CA, or neither. */
export function verificationOf({ tls, caCertificate }: ServerAddress): Verification | null {
  switch (tls) {
    case 'disable':
      return null;
    case 'require':
      return { rejectUnauthorized: false };
    case 'verify-full':
      return { rejectUnauthorized: true, ...(caCertificate != null && { ca: caCertificate }) };
    default:
      return tls satisfies never;
  }
}

/** Whether Node.js or OpenSSL says by this code that a handshake failed: a certificate, or no TLS at all on the other side. */
export function isTlsCode(code: string | null): boolean {
  return code !== null && /^(ERR_TLS|ERR_SSL|UNABLE_TO_|EPROTO$)|CERT|HOSTNAME_MISMATCH|INVALID_CA/.test(code);
}

export const NO_TLS = 'TLS with the server failed: it offers none. Set it up there, or ask for none in admin_url';
export const TLS_DEMANDED = 'The server takes this login with TLS alone, or not at all, and admin_url asks for none';

/** By Node's codes, which are OpenSSL's, and its messages, for some drivers hand on these alone. */
const REMEDIES: [RegExp, string][] = [
  [/CERT_HAS_EXPIRED|certificate has expired/, 'its certificate, or one of its CA, has expired: renew it there'],
  [/CERT_NOT_YET_VALID|certificate is not yet valid/, 'its certificate is not valid yet: look at the clocks'],
  [
    /ALTNAME_INVALID|altnames/,
    'its certificate is for other names than the host in admin_url: name one of those, or make it another',
  ],
  [
    /SELF_SIGNED|UNABLE_TO_|self.signed|unable to (get|verify)/,
    "its certificate is signed by no CA that is known: give that CA's as ca_certificate",
  ],
  [
    /SIGNATURE_FAILURE|signature failure/,
    'its certificate is not signed by the CA of that name in ca_certificate: give the one that did',
  ],
  [/WRONG_VERSION_NUMBER|wrong version number/, 'what answers there speaks no TLS'],
];
const WORDS_MAX = 200;

/** What is told of a failed handshake, and what to do. Neither a name of a login nor a password is in what Node.js says. */
export function tlsMessage(code: string | null, message: string): string {
  const [, remedy] = REMEDIES.find(([pattern]) => pattern.test(code ?? message)) ?? [];
  const words = code ?? message.slice(0, WORDS_MAX);
  return `TLS with the server failed: ${remedy === undefined ? words : `${remedy} (${words})`}`;
}
