// What a server keeps of a password, held against what others have published.
import { codeOf, Secret } from '@berth/core';
import { shaCrypt } from './sha-crypt';
import { identifiedBy, nativeVerifier, sha2Verifier } from './verifier';

test("mysql_native_password keeps what the servers' own PASSWORD() made of it", () => {
  // dev.mysql.com, "Password Hashing in MySQL": SELECT PASSWORD('mypass')
  expect(nativeVerifier(Buffer.from('mypass'))).toBe('*6C8989366EAF75BB670AD8EA7A7FC1176A95CEF4');
});

test.each([
  // the vectors that Drepper gives with his description of SHA-crypt; glibc's crypt() says the same
  ['Hello world!', 'saltstring', 5_000, '5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5'],
  ['Hello world!', 'saltstringsaltst', 10_000, '3xv.VbSHBb41AL9AvLeujZkZRBAwqFMz2.opqey6IcA'],
  [
    'we have a short salt string but not a short password',
    'short',
    77_777,
    'JiO1O3ZpDAxGJeaDIuqCoEFysAe1mZNJRs3pw0KQRd/',
  ],
])('SHA-crypt of %j with %j, %i rounds', (password, salt, rounds, digest) => {
  expect(shaCrypt(Buffer.from(password), Buffer.from(salt), rounds)).toBe(digest);
});

test('caching_sha2_password keeps what hashcat gives as its example of mode 7401', () => {
  const salt = Buffer.from('F9CC98CE08892924F50A213B6BC571A2C11778C5', 'hex');
  const digest = Buffer.from(
    '625479393559393965414D45316477456B484F41316E64484742577A2E3162785353526B7554584647562F',
    'hex',
  );
  expect(sha2Verifier(Buffer.from('hashcat'), salt)).toBe(
    `$A$005$${salt.toString('latin1')}${digest.toString('latin1')}`,
  );
});

test('a password has another salt each time, and none of its own letters', () => {
  const password = new Secret('hunter2');
  const clauses = [1, 2].map(() => identifiedBy('caching_sha2_password', password));
  expect(new Set(clauses).size).toBe(2);
  for (const clause of clauses)
    expect(clause).toMatch(/^IDENTIFIED WITH caching_sha2_password AS '\$A\$005\$[0-9A-Za-z]{20}[./0-9A-Za-z]{43}'$/);
  expect(identifiedBy('mysql_native_password', password)).toMatch(
    /^IDENTIFIED WITH mysql_native_password AS '\*[0-9A-F]{40}'$/,
  );
});

test.each(['', 'a\0b'])('a password nobody could use is refused: %j', (text) => {
  expect(refusalOf(() => identifiedBy('mysql_native_password', new Secret(text)))).toBe('engine_refused');
});

test('a password longer than MySQL reads is refused there, not cut', () => {
  const long = new Secret('x'.repeat(257));
  expect(refusalOf(() => identifiedBy('caching_sha2_password', long))).toBe('engine_refused');
  expect(identifiedBy('mysql_native_password', long)).toContain('*');
});

function refusalOf(deed: () => unknown): string {
  try {
    deed();
  } catch (error) {
    return codeOf(error);
  }
  return 'done';
}
