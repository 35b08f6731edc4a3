// The test clock: still, then moved.
import { testClock } from './test-clock';

test('stands still, and moves both its faces when it is told to', () => {
  const clock = testClock();
  expect(clock.now().toISOString()).toBe('2026-01-01T00:00:00.000Z');
  expect(clock.now()).toEqual(clock.now());
  clock.advance(1_500);
  expect(clock.now().toISOString()).toBe('2026-01-01T00:00:01.500Z');
  expect(clock.monotonicMs()).toBe(1_500);
  expect(() => clock.advance(-1)).toThrow('does not go back');
});
