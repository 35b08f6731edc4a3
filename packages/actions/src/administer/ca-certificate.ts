// The CAs of a server's own: given as PEM, looked at when they are given, kept as they are. They are no secret; a key beside them is.
import { X509Certificate } from 'node:crypto';
import { type EngineName, fieldError, PlatformError, type TlsMode } from '@berth/core';
import { rulesOf } from '@berth/engines/rules';

const FIELD = 'ca_certificate';
/** RFC 7468; what stands between certificates is a comment. */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]*-----END CERTIFICATE-----/g;

/** What is shown of one certificate. */
export type ShownCertificate = Readonly<{ subject: string; fingerprint_sha256: string; expires_at: string }>;

/**
 * What was shown of a certificate, by its text, which says the same for ever. To read one takes 0.3 ms: a list of 100 servers, each
 * with a bundle of eight, kept the whole api waiting for 0.28 s. The oldest go first; a certificate has 1 or 2 KB.
 */
const SHOWN = new Map<string, ShownCertificate>();
const SHOWN_MAX = 2_000;

/**
 * Reads one certificate or several of CAs that are all valid at `now`; comments and repetitions are left out. Throws `invalid_request` on the
 * field `ca_certificate`, never repeating what else was given: it may be a private key.
 */
export function readCaCertificate(pem: string, now: Date): string {
  if (pem.includes('PRIVATE KEY-----')) {
    throw invalid(
      'holds a private key, which is no business of Berth: give certificates alone, and have that key replaced',
    );
  }
  const blocks = pem.match(CERTIFICATE) ?? [];
  if (blocks.length === 0)
    throw invalid('must be PEM: -----BEGIN CERTIFICATE-----, the certificate, -----END CERTIFICATE-----');
  if (pem.replace(CERTIFICATE, '').includes('-----'))
    throw invalid('holds something that is no certificate, or a part of one');
  return [...new Set(blocks.map((block, index) => readOne(block, index + 1, now)))].join('');
}

function readOne(block: string, place: number, now: Date): string {
  const certificate = parse(block);
  if (certificate === null) throw invalid(`certificate ${place} cannot be read`);
  const named = `certificate ${place} (${subjectOf(certificate)})`;
  if (!certificate.ca && !isSelfSigned(certificate)) {
    throw invalid(`${named} is of no CA: give the one of the CA that signed it`);
  }
  const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)];
  if (to <= now) throw invalid(`${named} expired at ${to.toISOString()}`);
  if (from > now) throw invalid(`${named} is not valid before ${from.toISOString()}`);
  return certificate.toString();
}

function parse(block: string): X509Certificate | null {
  try {
    const certificate = new X509Certificate(block);
    return certificate.publicKey.type === 'public' ? certificate : null; // a key that Node does not know throws
  } catch {
    return null; // it has no form that does not throw
  }
}

/** One that stands for itself: a server that nobody else signed for. */
function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.checkIssued(certificate) && certificate.verify(certificate.publicKey);
}

/** `CN=db-ca, O=Example`: Node has a line for each part. */
function subjectOf({ subject }: X509Certificate): string {
  return (subject ?? '').split('\n').join(', ');
}

/** What was given, certificate by certificate; none where nothing was. Each text is read once. */
export function showCaCertificates(pem: string | null): ShownCertificate[] {
  return (pem?.match(CERTIFICATE) ?? []).map((block) => {
    const shown = SHOWN.get(block) ?? showOne(block);
    SHOWN.set(block, shown);
    const [oldest] = SHOWN.size > SHOWN_MAX ? SHOWN.keys() : [];
    if (oldest !== undefined) SHOWN.delete(oldest);
    return shown;
  });
}

function showOne(block: string): ShownCertificate {
  const certificate = new X509Certificate(block);
  return {
    subject: subjectOf(certificate),
    fingerprint_sha256: certificate.fingerprint256,
    expires_at: new Date(certificate.validTo).toISOString(),
  };
}

/** Throws `disagree` for a CA that nothing would be verified by: who gave it would rely on it. */
export function refuseUnheeded(engine: EngineName, tls: TlsMode, caCertificate: string | null): void {
  if (caCertificate === null || tls === 'verify-full') return;
  const setting = rulesOf(engine).tlsSettings['verify-full'];
  const message = `a CA is heeded where admin_url asks for ${setting} alone; without it, ${FIELD} is null`;
  const fields = ['admin_url', FIELD].map((field) => ({ field, message }));
  throw new PlatformError('disagree', `admin_url and ${FIELD} do not fit each other: ${message}.`, { fields });
}

function invalid(message: string): PlatformError {
  return fieldError('invalid_request', FIELD, message);
}
