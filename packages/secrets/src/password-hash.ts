// What is kept of a password that somebody chose: scrypt (RFC 7914), slow on purpose, as the text that other programs
// write as well (PHC string format). Passwords that Berth must read again are in the key ring's envelopes instead.
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { PlatformError, type Secret } from '@berth/core';

/** OWASP, Password Storage Cheat Sheet: N = 2^14 (16 MiB), r = 8, p = 5. A quarter of a second on a small machine. */
const COST: Cost = { ln: 14, r: 8, p: 5 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What a stored hash may ask of this machine: no less than protects, no more than 256 MiB. */
const BOUNDS = { ln: [10, 17], r: [1, 16], p: [1, 16] } as const;
const PHC = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,2}),p=(\d{1,2})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

interface Cost {
  /** The binary logarithm of N. */
  ln: number;
  r: number;
  p: number;
}

/** Of a password without NUL: `$scrypt$ln=14,r=8,p=5$<salt>$<hash>`, never twice alike. Takes a thread of libuv's four: few at a time. */
export async function hashPassword(password: Secret): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  return phcOf(COST, salt, await derive(password, salt, COST, HASH_BYTES));
}

/**
 * Whether the hash was made of this password, told in the same time for every wrong one. Its cost is read from the hash,
 * so that it can be raised without making the older ones worthless. Throws `internal` for a text that is no such hash.
 */
export async function isPassword(password: Secret, hash: string): Promise<boolean> {
  const { cost, salt, wanted } = readPhc(hash);
  const isSame = timingSafeEqual(await derive(password, salt, cost, wanted.length), wanted);
  return isSame && !password.reveal().includes('\0'); // HMAC fills a key up with NULs (RFC 2104, 2), so that one more is none
}

/** A hash of no password, for logins that do not exist: asking it costs what asking a real one does. */
export function makeDecoyHash(): string {
  return phcOf(COST, randomBytes(SALT_BYTES), randomBytes(HASH_BYTES));
}

/** One writing of each character (NFC, RFC 8265 4.2.2): `ä` of one keyboard may be `a` and a mark of another. */
function derive(password: Secret, salt: Buffer, { ln, r, p }: Cost, bytes: number): Promise<Buffer> {
  const N = 2 ** ln;
  const maxmem = 128 * r * (N + p + 2); // RFC 7914, 2: V, B and the two blocks that are worked on
  return new Promise((resolve, reject) => {
    scrypt(password.reveal().normalize('NFC'), salt, bytes, { N, r, p, maxmem }, (error, key) => {
      if (error === null) resolve(key);
      else reject(error);
    });
  });
}

function phcOf({ ln, r, p }: Cost, salt: Buffer, hash: Buffer): string {
  return `$scrypt$ln=${ln},r=${r},p=${p}$${unpadded(salt)}$${unpadded(hash)}`;
}

function readPhc(text: string): { cost: Cost; salt: Buffer; wanted: Buffer } {
  const [, ln, r, p, salt = '', hash = ''] = PHC.exec(text) ?? [];
  const cost = { ln: Number(ln), r: Number(r), p: Number(p) };
  const isSane = ([min, max]: readonly [number, number], value: number) => value >= min && value <= max;
  if (isSane(BOUNDS.ln, cost.ln) && isSane(BOUNDS.r, cost.r) && isSane(BOUNDS.p, cost.p)) {
    return { cost, salt: Buffer.from(salt, 'base64'), wanted: Buffer.from(hash, 'base64') };
  }
  throw new PlatformError('internal', 'The hash of a password has not the form it was stored in.');
}

const unpadded = (bytes: Buffer) => bytes.toString('base64').replace(/=+$/, '');
