// Certificates that a test makes for itself: a CA that nobody trusts unless told, and what it signed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { md, pki } from 'node-forge';
import { testServers } from './stack';

export interface TestCertificates {
  /** For NODE_EXTRA_CA_CERTS. */
  caFile: string;
  /** Of the server, signed by the CA, valid for the host that was asked for and for no other. */
  key: string;
  cert: string;
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** A CA that signs as many certificates as are asked of it. */
export interface TestCa {
  pem: string;
  /** For a name, or an IP address, and for no other. */
  sign(host: string, isExpired?: boolean): { key: string; cert: string };
}

/** Makes one that nobody knows, by default of a name that no other has. */
export function makeTestCa(commonName = `tests ${randomBytes(4).toString('hex')}`, isExpired = false): TestCa {
  const keys = makeKeys();
  const name = [{ name: 'commonName', value: commonName }];
  const issuer = { name, privateKey: keys.privateKey };
  const certificate = sign(keys.publicKey, name, issuer, [{ name: 'basicConstraints', cA: true }], isExpired);
  return {
    pem: pemOf(certificate),
    sign: (host, isHostExpired = false) => {
      const { publicKey, privateKey } = makeKeys();
      const altNames = [isIP(host) === 0 ? { type: 2, value: host } : { type: 7, ip: host }];
      const own = [{ name: 'commonName', value: host }];
      const signed = sign(publicKey, own, issuer, [{ name: 'subjectAltName', altNames }], isHostExpired);
      return { key: pki.privateKeyToPem(privateKey), cert: pemOf(signed) };
    },
  };
}

/** Makes both. The CA's file lies in the folder of the run and goes with it. */
export async function makeTestCertificates(host: string): Promise<TestCertificates> {
  const ca = makeTestCa();
  const caFile = join(testServers().home, `ca-${randomBytes(4).toString('hex')}.pem`);
  await writeFile(caFile, ca.pem);
  return { caFile, ...ca.sign(host) };
}

/** With the line ends of all other tools. */
function pemOf(certificate: pki.Certificate): string {
  return pki.certificateToPem(certificate).replaceAll('\r\n', '\n');
}

/** By Node, which takes a moment for what node-forge computes for seconds. */
function makeKeys() {
  const pem = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey: pki.publicKeyFromPem(pem.publicKey), privateKey: pki.privateKeyFromPem(pem.privateKey) };
}

function sign(
  publicKey: pki.rsa.PublicKey,
  subject: pki.CertificateField[],
  issuer: { name: pki.CertificateField[]; privateKey: pki.rsa.PrivateKey },
  extensions: object[],
  isExpired: boolean,
): pki.Certificate {
  const certificate = pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - 2 * DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + (isExpired ? -DAY_MS : DAY_MS));
  certificate.setSubject(subject);
  certificate.setIssuer(issuer.name);
  certificate.setExtensions(extensions);
  certificate.sign(issuer.privateKey, md.sha256.create());
  return certificate;
}
