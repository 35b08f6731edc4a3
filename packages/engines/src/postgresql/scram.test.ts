// Verifiers are the ones of RFC 7677's example, and differ for every salt.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { Secret } from '@berth/core';
import { scramVerifier } from './scram';

// RFC 7677, section 3: user "user", password "pencil", 4096 iterations.
const SALT = 'W22ZaJ0SNY7soEsUEjb6gQ==';
const AUTH_MESSAGE = [
  'n=user,r=rOprNGfwEbeRWgbNEkqO',
  `r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=${SALT},i=4096`,
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
].join(',');
const CLIENT_PROOF = 'dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=';
const SERVER_SIGNATURE = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=';

function partsOf(verifier: string) {
  const found = /^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$/.exec(verifier);
  const [, iterations = '', salt = '', storedKey = '', serverKey = ''] = found ?? [];
  return { iterations, salt, storedKey: Buffer.from(storedKey, 'base64'), serverKey: Buffer.from(serverKey, 'base64') };
}

test("a verifier accepts the client's proof of RFC 7677 and makes the server's signature", async () => {
  const verifier = partsOf(await scramVerifier(new Secret('pencil'), Buffer.from(SALT, 'base64')));
  expect(verifier).toMatchObject({ iterations: '4096', salt: SALT });
  // the server's check (RFC 5802, section 3): ClientKey = proof XOR signature, and H(ClientKey) is StoredKey
  const signature = createHmac('sha256', verifier.storedKey).update(AUTH_MESSAGE).digest();
  const clientKey = Buffer.from(CLIENT_PROOF, 'base64').map((byte, at) => byte ^ (signature[at] ?? 0));
  expect(createHash('sha256').update(clientKey).digest()).toEqual(verifier.storedKey);
  expect(createHmac('sha256', verifier.serverKey).update(AUTH_MESSAGE).digest('base64')).toBe(SERVER_SIGNATURE);
});

test('two verifiers of one password differ, for each has its own salt', async () => {
  const password = new Secret('pencil');
  expect(await scramVerifier(password)).not.toBe(await scramVerifier(password));
});

test.each([
  ['a no-break space is a space', 'pen\u00a0cil', 'pen cil'],
  ['a soft hyphen vanishes', 'pen\u00adcil', 'pencil'],
  ['a ligature is two letters', 'o\ufb03ce', 'office'],
  ['ASCII stays as it is', ' a\t\'"\\ ', ' a\t\'"\\ '],
])('passwords are prepared as clients do: %s', async (_what, password, prepared) => {
  const { salt, storedKey } = partsOf(await scramVerifier(new Secret(password)));
  const salted = pbkdf2Sync(prepared, Buffer.from(salt, 'base64'), 4096, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  expect(createHash('sha256').update(clientKey).digest()).toEqual(storedKey);
});

test.each([[''], ['a\0b'], ['\u00ad']])('a password nobody could log in with is refused: %j', async (password) => {
  await expect(scramVerifier(new Secret(password))).rejects.toMatchObject({ code: 'engine_refused' });
});
