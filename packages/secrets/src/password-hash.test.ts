// A password is known again by its hash, and by nothing else; what is no hash is our fault and never "wrong password".
import { codeOf, Secret } from '@berth/core';
import { hashPassword, isPassword, makeDecoyHash } from './password-hash';

const secret = (text: string) => new Secret(text);
/** Of "pleaseletmein" and the salt "SodiumChloride", the third of RFC 7914 (12): N = 16384, r = 8, p = 1. */
const SODIUM_CHLORIDE =
  '$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw';

test('a password is known again by its hash, which is made anew each time and shows nothing of it', async () => {
  const [one, other] = [await hashPassword(secret('admin:123456')), await hashPassword(secret('admin:123456'))];
  expect(one).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(one).not.toBe(other);
  expect(one).not.toContain('123456');
  expect(await isPassword(secret('admin:123456'), one)).toBe(true);
  for (const wrong of ['', '123456', 'admin:12345', 'Admin:123456', 'admin:123456 ', 'admin:123456\0']) {
    expect([wrong, await isPassword(secret(wrong), one)]).toEqual([wrong, false]);
  }
});

test('it is scrypt as others compute it, at the cost that the hash names', async () => {
  expect(await isPassword(secret('pleaseletmein'), SODIUM_CHLORIDE)).toBe(true);
  expect(await isPassword(secret('pleaseletmein '), SODIUM_CHLORIDE)).toBe(false);
});

test('one character is one, however it is written', async () => {
  const hash = await hashPassword(secret('pässwörd'.normalize('NFD')));
  expect(await isPassword(secret('pässwörd'.normalize('NFC')), hash)).toBe(true);
  expect(await isPassword(secret('password'), hash)).toBe(false);
});

test('a decoy looks like any hash and is opened by nothing', async () => {
  expect(makeDecoyHash()).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(makeDecoyHash()).not.toBe(makeDecoyHash());
  expect(await isPassword(secret(''), makeDecoyHash())).toBe(false);
});

const salt = 'A'.repeat(22);
const hash = 'A'.repeat(43);
test.each([
  '',
  'plain text',
  '5e884898da28047151d0e56f8dc6292773603d0d6aabbd62a11ef721d1542d8',
  `$scrypt$ln=14,r=8,p=5$${salt}$`,
  `$scrypt$ln=14,r=8,p=5$${salt}$${hash}=`,
  `$scrypt$ln=14,r=8,p=5$${salt}$short`,
  `$scrypt$ln=14,r=8,p=5$$${hash}`,
  `$scrypt$ln=9,r=8,p=5$${salt}$${hash}`,
  `$scrypt$ln=18,r=8,p=5$${salt}$${hash}`,
  `$scrypt$ln=14,r=17,p=5$${salt}$${hash}`,
  `$scrypt$ln=14,r=0,p=5$${salt}$${hash}`,
  `$scrypt$ln=14,r=8,p=17$${salt}$${hash}`,
  `$argon2id$v=19$m=19456,t=2,p=1$${salt}$${hash}`,
  `x$scrypt$ln=14,r=8,p=5$${salt}$${hash}`,
  `$scrypt$ln=14,r=8,p=5$${salt}$${hash}\n`,
])('refuses a hash that is none: %j', async (text) => {
  const thrown = await isPassword(secret('password'), text).then(() => 'nothing', codeOf);
  expect(thrown).toBe('internal');
});

test('the most that a hash may ask for is computed', async () => {
  expect(await isPassword(secret('x'), `$scrypt$ln=17,r=16,p=1$${salt}$${hash}`)).toBe(false);
});
