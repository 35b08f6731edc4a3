// Making passwords and tokens. Letters and digits only, so that none needs escaping in a URL, a shell or a config file.
import { hash, randomInt } from 'node:crypto';
import { Secret } from '@berth/core';

const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789'; // without 0 O 1 l I
const PASSWORD_LENGTH = 32; // 57^32 is more than 186 bits
const TOKEN_LENGTH = 40;

/** A new password for a login. */
export function makePassword(): Secret {
  return new Secret(randomText(PASSWORD_LENGTH));
}

/** A new bearer token: `berth_` and 40 characters. Shown once; the store keeps `hashToken` of it. */
export function makeToken(): Secret {
  return new Secret(`berth_${randomText(TOKEN_LENGTH)}`);
}

/** SHA-256 in hex. Enough for a token of 233 random bits, which needs no slow hash. */
export function hashToken(token: Secret): string {
  return hash('sha256', token.reveal(), 'hex');
}

function randomText(length: number): string {
  return Array.from({ length }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('');
}
