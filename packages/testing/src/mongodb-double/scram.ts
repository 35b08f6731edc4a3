// The server's side of SCRAM-SHA-256 (RFC 5802, RFC 7677), with its own salt for each password and its own nonce for each
// conversation. Only a right proof is answered, and the answer proves that the server knew the password too.
import { createHash, createHmac, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { saslprep } from '@mongodb-js/saslprep';
import { CommandError } from './command-error';

/** As MongoDB's scramSHA256IterationCount comes. */
const ITERATIONS = 15_000;
const SALT_BYTES = 28;
const KEY_BYTES = 32;
const derive = promisify(pbkdf2);

/** What is kept of a password. */
export interface Verifier {
  salt: Buffer;
  storedKey: Buffer;
  serverKey: Buffer;
}

/** Throws `BadValue` for a password that SASLprep refuses, as the server does. */
export async function makeVerifier(password: string): Promise<Verifier> {
  if (password === '') throw new CommandError('BadValue', 'User passwords must not be empty');
  const salt = randomBytes(SALT_BYTES);
  const salted = await derive(prepare(password), salt, ITERATIONS, KEY_BYTES, 'sha256');
  return { salt, storedKey: hash(hmac(salted, 'Client Key')), serverKey: hmac(salted, 'Server Key') };
}

function prepare(password: string): string {
  try {
    return saslprep(password);
  } catch {
    throw new CommandError('BadValue', 'Error preflighting normalization: U_STRINGPREP_PROHIBITED_ERROR');
  }
}

/** One login that is under way: the server has spoken its nonce and waits for the proof. */
export interface Conversation {
  user: string;
  first: string;
  /** The server's last word. Throws `AuthenticationFailed` for a proof of another password. */
  answer(clientFinal: string): string;
}

/** Reads `n,,n=<user>,r=<nonce>` and finds what is kept of that user's password. Throws `AuthenticationFailed`. */
export function openConversation(clientFirst: string, find: (user: string) => Verifier | null): Conversation {
  const [, bare = '', name = '', nonce = ''] = /^n,,(n=([^,]*),r=([!-+\--~]+))$/.exec(clientFirst) ?? [];
  const user = name.replace(/=2C/g, ',').replace(/=3D/g, '=');
  const verifier = nonce === '' || /=(?!2C|3D)/.test(name) ? null : find(user);
  if (verifier === null) throw failed();
  const both = `${nonce}${randomBytes(24).toString('base64')}`;
  const first = `r=${both},s=${verifier.salt.toString('base64')},i=${ITERATIONS}`;
  return { user, first, answer: (clientFinal) => answer(clientFinal, both, `${bare},${first}`, verifier) };
}

function answer(clientFinal: string, nonce: string, before: string, { storedKey, serverKey }: Verifier): string {
  const [, unproven = '', proof = ''] = /^(c=biws,r=[^,]+),p=([A-Za-z0-9+/=]+)$/.exec(clientFinal) ?? [];
  const proven = Buffer.from(proof, 'base64');
  if (unproven !== `c=biws,r=${nonce}` || proven.length !== KEY_BYTES) throw failed();
  const message = `${before},${unproven}`;
  const signature = hmac(storedKey, message);
  const clientKey = Buffer.from(proven.map((byte, at) => byte ^ (signature[at] ?? 0)));
  if (!timingSafeEqual(hash(clientKey), storedKey)) throw failed();
  return `v=${hmac(serverKey, message).toString('base64')}`;
}

/** One message for a wrong password, a wrong name and a broken proof: a stranger learns nothing from it. */
function failed(): CommandError {
  return new CommandError('AuthenticationFailed', 'Authentication failed.');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function hash(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
