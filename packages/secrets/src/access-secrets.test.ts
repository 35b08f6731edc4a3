// What sessions, signers and signed requests are opened with: long, of one form, and no two of them tell of each other.
import { newId, Secret } from '@berth/core';
import {
  accessOfToken,
  isTokenOfSigner,
  makeMasterKey,
  makeSessionSecret,
  makeSignerKey,
  signingKeyOf,
  tokenOfSigner,
} from './access-secrets';

test.each([
  ['the secret of a session', makeSessionSecret, /^[0-9a-f]{64}$/],
  ['a key that requests are signed with', makeMasterKey, /^[A-Za-z0-9+/]{86}==$/],
  ['the key of a signer', makeSignerKey, /^[0-9a-f]{64}$/],
])('%s is of its form, never alike, and does not print', (_, make, form) => {
  const made = Array.from({ length: 50 }, make);
  expect(new Set(made.map((each) => each.reveal())).size).toBe(50);
  for (const each of made) {
    expect(each.reveal()).toMatch(form);
    expect(`${each}`).toBe('[secret]');
  }
});

test('a key that requests are signed with is 64 bytes, written as their clients write it', () => {
  const text = makeMasterKey().reveal();
  const bytes = Buffer.from(text, 'base64');
  expect([bytes.length, bytes.toString('base64')]).toEqual([64, text]);
});

describe('the token of a signer', () => {
  const id = newId('access');
  const key = makeSignerKey();
  const token = tokenOfSigner(id, key);
  const isRight = (text: string, asked = id, by = key) => isTokenOfSigner(new Secret(text), asked, by);

  it('names its access, and is right for that one and its key alone', () => {
    expect(token.reveal()).toMatch(/^berth_[0-9a-z]{26}_[0-9a-f]{64}$/);
    expect(accessOfToken(token)).toBe(id);
    expect(isRight(token.reveal())).toBe(true);
    expect(isRight(token.reveal(), newId('access'))).toBe(false);
    expect(isRight(token.reveal(), id, makeSignerKey())).toBe(false);
    expect(tokenOfSigner(id, key).reveal()).toBe(token.reveal());
  });

  it.each([
    ['nothing', ''],
    ['a digit less', token.reveal().slice(0, -1)],
    ['a digit more', `${token.reveal()}0`],
    ['another digit', token.reveal().replace(/.$/, (digit) => (digit === '0' ? '1' : '0'))],
    ['capitals', token.reveal().toUpperCase()],
    ['a line break behind it', `${token.reveal()}\n`],
    ['letters that are longer in UTF-8', token.reveal().replace(/.{4}$/, 'ääää')],
    ['its key', key.reveal()],
  ])('is not %s', (_, text) => {
    expect(isRight(text)).toBe(false);
  });

  it.each([
    ['nothing', ''],
    ['a token of another form', `berth_${'ExampLe2'.repeat(5)}`],
    ['an id with its prefix', token.reveal().replace('berth_', 'berth_acc_')],
    ['an id with a letter that no id has', token.reveal().replace(/^berth_.{26}/, `berth_${'u'.repeat(26)}`)],
    ['an id that is too short', token.reveal().replace(/^berth_./, 'berth_')],
    ['text before it', ` ${token.reveal()}`],
    ['a line break behind it', `${token.reveal()}\n`],
    ['a million characters', `berth_${'0'.repeat(1_000_000)}`],
  ])('that is %s names no access', (_, text) => {
    expect(accessOfToken(new Secret(text))).toBeNull();
  });

  it('shows neither the key nor what the signer signs with, and that does not show the token', () => {
    const signing = signingKeyOf(key);
    expect([signing.length, signing.equals(signingKeyOf(key)), signing.equals(signingKeyOf(makeSignerKey()))]).toEqual([
      32,
      true,
      false,
    ]);
    const derived = token.reveal().slice(-64);
    expect(derived).not.toBe(signing.toString('hex'));
    expect(derived).not.toBe(key.reveal());
    expect(signing.toString('hex')).not.toBe(key.reveal());
    // whoever takes one for the key gets neither of the other
    expect(signingKeyOf(new Secret(derived)).equals(signing)).toBe(false);
    expect(tokenOfSigner(id, new Secret(signing.toString('hex'))).reveal()).not.toBe(token.reveal());
  });
});
