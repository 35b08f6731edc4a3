// `_rid` is four bytes of base64 without `/` and `+`, one for each number, and nothing else is one.
import { numberOfResourceId, resourceIdOf } from './resource-id';

const NUMBERS = [1, 2, 61, 62, 63, 3_843, 3_844, 916_132_831, 916_132_832, 1_832_265_664, 2_147_483_646, 2_147_483_647];

test('each number has its own, of the form of the product, and comes back from it', () => {
  for (const number of NUMBERS) {
    const rid = resourceIdOf(number);
    expect(rid).toMatch(/^[A-Za-z0-9]{6}==$/);
    const bytes = Buffer.from(rid, 'base64');
    expect([bytes.length, bytes.toString('base64')]).toEqual([4, rid]);
    expect(numberOfResourceId(rid)).toBe(number);
  }
  expect(new Set(NUMBERS.map(resourceIdOf)).size).toBe(NUMBERS.length);
});

test.each(['', 'AAAAAA==', 'BAAAAB==', 'BAAAAA=', 'BAAA/A==', 'BAAA+A==', '99999w==', 'BAAAAA==x', 'dbs', '1', 'é'])(
  '%j is the _rid of nothing',
  (text) => {
    expect(numberOfResourceId(text)).toBeNull();
  },
);
