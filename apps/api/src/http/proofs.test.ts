// What was proven is remembered for a while, by that password alone; the rest stands in a line that has an end.
import { codeOf, Secret } from '@berth/core';
import { testClock } from '@berth/testing';
import { cheapHash } from './cheap-hash.fixture';
import { type Guess, openProofs } from './proofs';

const HASH = cheapHash('right');
const guess = (password: string, change: Partial<Guess> = {}): Guess => ({
  login: 'admin',
  secretHash: HASH,
  password: new Secret(password),
  ...change,
});

test('what was proven is known again; a wrong one never is, nor the same of another login or another hash', async () => {
  const proofs = openProofs(testClock());
  expect(await proofs.isProven(guess('right'))).toBe(false);
  expect([await proofs.prove(guess('wrong')), await proofs.prove(guess('right'))]).toEqual([false, true]);
  expect(await proofs.isProven(guess('right'))).toBe(true);
  const others = [
    guess('wrong'),
    guess('right '),
    guess('right', { login: 'Admin' }),
    guess('right', { secretHash: cheapHash('next') }),
    guess('right', { secretHash: null }),
  ];
  for (const other of others) expect(await proofs.isProven(other)).toBe(false);
});

test('no password is right for a login that does not exist', async () => {
  const proofs = openProofs(testClock());
  expect(await proofs.prove(guess('right', { secretHash: null }))).toBe(false);
  expect(await proofs.isProven(guess('right', { secretHash: null }))).toBe(false);
});

test('a proof is forgotten an hour after its last use', async () => {
  const clock = testClock();
  const proofs = openProofs(clock);
  await proofs.prove(guess('right'));
  for (const _ of [1, 2, 3]) {
    clock.advance(3_599_999);
    expect(await proofs.isProven(guess('right'))).toBe(true);
  }
  clock.advance(3_600_000);
  expect(await proofs.isProven(guess('right'))).toBe(false);
});

test('of more than a thousand the one that was used least lately is forgotten', async () => {
  const proofs = openProofs(testClock());
  const of = (index: number) => guess('right', { login: `login${index}` });
  for (let index = 0; index < 1_000; index += 1) await proofs.prove(of(index));
  expect(await proofs.isProven(of(0))).toBe(true);
  await proofs.prove(of(1_000));
  expect([await proofs.isProven(of(0)), await proofs.isProven(of(1)), await proofs.isProven(of(2))]).toEqual([
    true,
    false,
    true,
  ]);
});

test('who comes while the same password is being proven waits for that, and learns how it ended', async () => {
  const proofs = openProofs(testClock());
  const first = proofs.prove(guess('right'));
  const [joined, wrongs] = [
    proofs.isProven(guess('right')),
    [proofs.prove(guess('bad')), proofs.isProven(guess('bad'))],
  ];
  expect([await first, await joined, ...(await Promise.all(wrongs))]).toEqual([true, true, false, false]);
});

test('a full line refuses at once, saying when to come again; when it is served others are let in', async () => {
  const proofs = openProofs(testClock());
  const asked = Array.from({ length: 40 }, (_, index) => proofs.prove(guess(`wrong ${index}`)).catch(codeOf));
  const ended = await Promise.all(asked);
  expect(ended.slice(0, 32)).toEqual(Array.from({ length: 32 }, () => false));
  expect(ended.slice(32)).toEqual(Array.from({ length: 8 }, () => 'too_many_requests'));
  expect(await proofs.prove(guess('right'))).toBe(true);
});

test('a new password is hashed in the same line, and is right afterwards', async () => {
  const proofs = openProofs(testClock());
  const standing = Array.from({ length: 32 }, (_, index) => proofs.prove(guess(`wrong ${index}`)));
  expect(await proofs.hash(new Secret('new')).catch(codeOf)).toBe('too_many_requests');
  await Promise.all(standing);
  const secretHash = await proofs.hash(new Secret('new'));
  expect(await proofs.prove(guess('new', { secretHash }))).toBe(true);
});

test('a hash that is none is our fault, and takes no place in the line', async () => {
  const proofs = openProofs(testClock());
  for (let index = 0; index < 40; index += 1) {
    const broken = proofs.prove(guess(`any ${index}`, { secretHash: 'no hash' }));
    expect(await broken.catch(codeOf)).toBe('internal');
  }
  expect(await proofs.prove(guess('right'))).toBe(true);
});
