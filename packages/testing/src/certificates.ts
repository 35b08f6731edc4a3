// Certificates that a test makes for itself: a CA that nobody trusts unless told, and one certificate that it signed.
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
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

/** Makes both. The CA's file lies in the folder of the run and goes with it. */
export async function makeTestCertificates(host: string): Promise<TestCertificates> {
  const ca = makeKeys();
  const caName = [{ name: 'commonName', value: 'a CA of the tests' }];
  const caCertificate = sign(ca.publicKey, caName, caName, ca.privateKey, [{ name: 'basicConstraints', cA: true }]);
  const server = makeKeys();
  const certificate = sign(server.publicKey, [{ name: 'commonName', value: host }], caName, ca.privateKey, [
    { name: 'subjectAltName', altNames: [{ type: 2, value: host }] },
  ]);
  const caFile = join(testServers().home, `ca-${randomBytes(4).toString('hex')}.pem`);
  await writeFile(caFile, pki.certificateToPem(caCertificate));
  return { caFile, key: pki.privateKeyToPem(server.privateKey), cert: pki.certificateToPem(certificate) };
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
  issuer: pki.CertificateField[],
  privateKey: pki.rsa.PrivateKey,
  extensions: object[],
): pki.Certificate {
  const certificate = pki.createCertificate();
  certificate.publicKey = publicKey;
  certificate.serialNumber = `01${randomBytes(8).toString('hex')}`;
  certificate.validity.notBefore = new Date(Date.now() - DAY_MS);
  certificate.validity.notAfter = new Date(Date.now() + DAY_MS);
  certificate.setSubject(subject);
  certificate.setIssuer(issuer);
  certificate.setExtensions(extensions);
  certificate.sign(privateKey, md.sha256.create());
  return certificate;
}
