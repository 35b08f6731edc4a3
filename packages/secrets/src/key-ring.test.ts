// The envelope opens for its own row, with its own key, and for nothing else.
import { inspect } from 'node:util';
import { codeOf, Secret } from '@berth/core';
import { makeKey, readKeyRing } from './key-ring';

const oldKey = makeKey('k1').reveal();
const newKey = makeKey('k2').reveal();
const ring = readKeyRing(new Secret(oldKey));
const password = new Secret('korrekt: horse');

function codeThrown(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return codeOf(error);
  }
  return 'nothing was thrown';
}

describe('key ring', () => {
  it('opens what it sealed, and never seals twice alike', () => {
    const sealed = ring.seal(password, 'credential/cred_1');
    expect(sealed).not.toContain(password.reveal());
    expect(ring.open(sealed, 'credential/cred_1').reveal()).toBe(password.reveal());
    expect(ring.seal(password, 'credential/cred_1')).not.toBe(sealed);
  });

  it('seals with the newest key and opens with an older one', () => {
    const sealed = ring.seal(password, 'x');
    const both = readKeyRing(new Secret(`${newKey},${oldKey}`));
    expect(both.open(sealed, 'x').reveal()).toBe(password.reveal());
    expect(both.keyIdOf(both.seal(password, 'x'))).toBe('k2');
  });

  it('tells texts apart by a hash of each key, the newest first, that no other key makes', () => {
    const [kept, ...rest] = ring.fingerprintsOf(password);
    expect([kept?.startsWith('k1.'), rest]).toEqual([true, []]);
    expect(ring.fingerprintsOf(password)).toEqual([kept]);
    expect(ring.fingerprintsOf(new Secret('another'))).not.toContain(kept);
    const [newest, older] = readKeyRing(new Secret(`${newKey},${oldKey}`)).fingerprintsOf(password);
    expect([newest?.startsWith('k2.'), older]).toEqual([true, kept]);
    const sameName = readKeyRing(new Secret(makeKey('k1').reveal()));
    expect(sameName.fingerprintsOf(password)).not.toContain(kept);
  });

  it('names the missing key', () => {
    const sealed = ring.seal(password, 'x');
    expect(() => readKeyRing(new Secret(newKey)).open(sealed, 'x')).toThrow(/"k1"/);
    expect(codeThrown(() => readKeyRing(new Secret(newKey)).open(sealed, 'x'))).toBe('key_missing');
  });

  it('refuses an envelope of another row, or a changed one', () => {
    const sealed = ring.seal(password, 'credential/cred_1');
    expect(codeThrown(() => ring.open(sealed, 'credential/cred_2'))).toBe('internal');
    const flipped = sealed.slice(0, -2) + (sealed.endsWith('AA') ? 'BB' : 'AA');
    expect(codeThrown(() => ring.open(flipped, 'credential/cred_1'))).toBe('internal');
    expect(codeThrown(() => ring.open('plain text', 'credential/cred_1'))).toBe('internal');
  });

  it.each(['', 'a', 'aa'])(
    'refuses an envelope with any other last letter, spare bits of base64 included: "%s"',
    (text) => {
      const sealed = ring.seal(new Secret(text), 'x');
      const others = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'].filter(
        (letter) => !sealed.endsWith(letter),
      );
      for (const letter of others)
        expect(codeThrown(() => ring.open(sealed.slice(0, -1) + letter, 'x'))).toBe('internal');
      expect(codeThrown(() => ring.open(`${sealed}=`, 'x'))).toBe('internal');
    },
  );

  it.each(['', 'k1', 'k1:c2hvcnQ=', `${oldKey},${oldKey}`, `bad id:${oldKey.slice(3)}`])(
    'refuses a ring that is not one, without printing it: %#',
    (text) => {
      let message = '';
      try {
        readKeyRing(new Secret(text));
      } catch (error) {
        message = inspect(error);
      }
      expect(message).toContain('BERTH_KEYS');
      expect(message).not.toContain(oldKey.slice(3));
    },
  );
});
