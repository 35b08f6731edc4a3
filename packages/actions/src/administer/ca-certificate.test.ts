// What is taken for a server's CA and what is refused, with what to do about it.
import { inspect } from 'node:util';
import { makeTestCa } from '@berth/testing/certificates';
import { readCaCertificate, refuseUnheeded, showCaCertificates } from './ca-certificate';

const NOW = new Date();
const LATER = new Date(NOW.getTime() + 7 * 24 * 60 * 60 * 1000);
const EARLIER = new Date(NOW.getTime() - 7 * 24 * 60 * 60 * 1000);
const ca = makeTestCa('one');
const next = makeTestCa('two');
const server = ca.sign('db.example.org');

test('certificates are kept as they are, without what stands between them', () => {
  const read = readCaCertificate(
    `# of today\r\n${ca.pem.replaceAll('\n', '\r\n')}\n# of next year\n${next.pem}\n`,
    NOW,
  );
  const [one, two, ...none] = showCaCertificates(read);
  expect([one?.subject, two?.subject, none]).toEqual(['CN=one', 'CN=two', []]);
  expect(one?.fingerprint_sha256).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  expect(new Date(one?.expires_at ?? '').getTime()).toBeGreaterThan(NOW.getTime());
  expect(read).not.toContain('today');
  expect(readCaCertificate(read + read, NOW)).toBe(read);
});

test('a certificate is read once, however many servers it is shown of', () => {
  const [first, again] = [showCaCertificates(ca.pem + next.pem), showCaCertificates(`${next.pem}\n${ca.pem}`)];
  expect([again[0], again[1]].map((shown, place) => shown === first[1 - place])).toEqual([true, true]);
});

test('none is shown where none was given', () => {
  expect(showCaCertificates(null)).toEqual([]);
});

test.each<[string, string, Date, RegExp]>([
  ['no PEM', 'MIIB', NOW, /must be PEM/],
  ['nothing', '', NOW, /must be PEM/],
  ['what only looks like one', ca.pem.replace(/MII/, 'AAA'), NOW, /certificate 1 cannot be read/],
  ['half a certificate after a whole one', ca.pem + next.pem.slice(0, 300), NOW, /no certificate, or a part of one/],
  [
    'another thing beside it',
    `${ca.pem}-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n`,
    NOW,
    /no certificate/,
  ],
  ['the certificate of a server', server.cert, NOW, /certificate 1 \(CN=db.example.org\) is of no CA/],
  ['one that has expired', ca.pem + next.pem, LATER, /certificate 1 \(CN=one\) expired at 20\d\d-/],
  ['one that is not valid yet', ca.pem, EARLIER, /certificate 1 \(CN=one\) is not valid before 20\d\d-/],
  ['one among others that has expired', ca.pem + makeTestCa('old', true).pem, NOW, /certificate 2 \(CN=old\) expired/],
])('%s is refused in words of the field', (_, pem, now, words) => {
  const refused = {
    code: 'invalid_request',
    fields: [{ field: 'ca_certificate', message: expect.stringMatching(words) }],
  };
  expect(() => readCaCertificate(pem, now)).toThrow(expect.objectContaining(refused));
});

test('a private key is refused and not repeated', () => {
  let refusal: unknown = null;
  try {
    readCaCertificate(ca.pem + server.key, NOW);
  } catch (error) {
    refusal = error;
  }
  expect(refusal).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(/holds a private key/) });
  expect(inspect(refusal, { depth: 9 })).not.toContain(server.key.split('\n')[1]);
});

test('a CA is taken where a certificate is verified, and nowhere else', () => {
  expect(() => refuseUnheeded('mysql', 'verify-full', ca.pem)).not.toThrow();
  expect(() => refuseUnheeded('mysql', 'require', null)).not.toThrow();
  expect(() => refuseUnheeded('mysql', 'require', ca.pem)).toThrow(/ssl-mode=VERIFY_IDENTITY/);
  expect(() => refuseUnheeded('mongodb', 'disable', ca.pem)).toThrow(expect.objectContaining({ code: 'disagree' }));
});
