// How much of one caller's refusals is let through, and that nothing of the rest is lost or told twice.
import type { Access } from '@berth/store';
import { openTestStore, type TestStore, testClock } from '@berth/testing';
import { makeAccess, openTestApi, type TestApi } from '../api.fixture';
import { openFlood, type Refused } from './flood';

let testStore: TestStore;
let api: TestApi;
let one: Access;
let other: Access;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  one = (await makeAccess(api, { scopes: ['public'] })).access;
  other = (await makeAccess(api, { scopes: ['public'] })).access;
});
afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

const of = (
  access: Access | null,
  errorCode: Refused['errorCode'] = 'not_found',
  address = '203.0.113.9',
): Refused => ({
  access,
  address,
  errorCode,
});

function opened() {
  const clock = testClock();
  const flood = openFlood({ clock });
  const admitted = (times: number, refused: (index: number) => Refused) =>
    Array.from({ length: times }, (_, index) => flood.admits(refused(index))).filter(Boolean).length;
  return { clock, flood, admitted };
}

test('each access has sixty a minute for itself, of which ten may be 429; the next minute has as many again', () => {
  const { clock, admitted } = opened();
  expect(admitted(100, () => of(one))).toBe(60);
  expect(admitted(100, () => of(other, 'too_many_requests'))).toBe(10);
  expect(admitted(100, () => of(other))).toBe(50);
  clock.advance(59_999);
  expect(admitted(1, () => of(one))).toBe(0);
  clock.advance(1);
  expect(admitted(100, () => of(one))).toBe(60);
});

test('an address has ten a minute, all of them three hundred, and no access loses anything by that', () => {
  const { admitted } = opened();
  expect(admitted(20, () => of(null, 'unauthenticated'))).toBe(10);
  expect(admitted(1_000, (index) => of(null, 'unauthenticated', `198.51.100.${index}`))).toBe(290);
  expect(admitted(60, () => of(one))).toBe(60);
});

test('what is left out is told once, by access and for strangers together, with its codes and its time', () => {
  const { clock, flood, admitted } = opened();
  admitted(60, () => of(one));
  const from = clock.now();
  admitted(3, () => of(one, 'missing_scope'));
  clock.advance(20_000);
  admitted(2, () => of(one));
  admitted(12, () => of(null, 'unauthenticated', '203.0.113.9'));
  admitted(13, () => of(null, 'unauthenticated', '203.0.113.10'));
  expect(flood.take('over')).toEqual([]);
  const until = clock.now();
  clock.advance(40_000);
  expect(flood.take('over')).toEqual([
    { access: one, count: 5, codes: { missing_scope: 3, not_found: 2 }, from, until },
    { access: null, count: 5, codes: { unauthenticated: 5 }, from: until, until },
  ]);
  expect(flood.take('all')).toEqual([]);
});

test('a process that stops tells what it has so far', () => {
  const { flood, admitted } = opened();
  admitted(61, () => of(one));
  expect(flood.take('all')).toMatchObject([{ count: 1 }]);
  expect(flood.take('all')).toEqual([]);
});
