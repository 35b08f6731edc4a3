// Hashes of passwords that cost next to nothing, for tests that are not about what guessing costs.
import { randomBytes, scryptSync } from 'node:crypto';

/** As the store keeps one, never twice alike: a quarter of a millisecond, where the usual one takes a quarter of a second. */
export function cheapHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password.normalize('NFC'), salt, 32, { N: 1_024, r: 1, p: 1 });
  return `$scrypt$ln=10,r=1,p=1$${base64(salt)}$${base64(hash)}`;
}

const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
