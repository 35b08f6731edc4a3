// The wait itself: it returns what came, asks again after a refusal, and says what it waited for.
import { eventually } from './eventually';

test('returns the first thing that is there', async () => {
  let looks = 0;
  const value = await eventually(
    () => {
      looks += 1;
      if (looks === 1) throw new Error('not yet');
      return looks < 3 ? null : `look ${looks}`;
    },
    { everyMs: 1 },
  );
  expect(value).toBe('look 3');
});

test('zero and the empty text count as there', async () => {
  expect(await eventually(() => 0)).toBe(0);
  expect(await eventually(() => '')).toBe('');
});

test('says what it waited for, and the last refusal', async () => {
  const waiting = eventually(
    () => {
      throw new Error('still queued');
    },
    { timeoutMs: 5, everyMs: 1, what: 'the action to end' },
  );
  await expect(waiting).rejects.toThrow('waited 5 ms for the action to end; the last look failed: still queued');
});

test('says what the last look gave', async () => {
  await expect(eventually(() => false, { timeoutMs: 1, everyMs: 1 })).rejects.toThrow('the last look gave false');
});
