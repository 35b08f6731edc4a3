// What is traced is a part of what runs where it is called, whatever runs beside it; and work is never changed by it.
import { PlatformError } from './errors';
import { currentSpan, inSpan, type Span, traced, untraced } from './span';

/** A span that writes down what becomes of it. */
function spanOf(name: string, told: string[]): Span {
  return {
    traceId: 'trace',
    traceparent: '',
    set: () => {},
    rename: () => {},
    fail: (type) => void told.push(`${name} failed: ${type}`),
    begin: (child) => {
      told.push(`${name} > ${child}`);
      return spanOf(child, told);
    },
    end: () => void told.push(`${name} ended`),
  };
}

test('parts of two that run at once are told apart, and end before what they are parts of', async () => {
  const told: string[] = [];
  const work = (name: string) =>
    inSpan(spanOf(name, told), async () => {
      await Promise.resolve();
      await traced(`part of ${name}`, {}, async () => {});
    });
  await Promise.all([work('a'), work('b')]);
  expect(told.filter((line) => line.includes('a'))).toEqual(
    expect.arrayContaining(['a > part of a', 'part of a ended', 'a ended']),
  );
  expect(told).toContain('b > part of b');
  expect(told.indexOf('part of b ended')).toBeLessThan(told.indexOf('b ended'));
});

test('what is thrown is thrown on; the span has its code and not its message', async () => {
  const told: string[] = [];
  const thrown = new PlatformError('server_busy', 'the shop is full');
  const work = inSpan(spanOf('a', told), () => traced('b', {}, () => Promise.reject(thrown)));
  await expect(work).rejects.toBe(thrown);
  expect(told).toEqual(['a > b', 'b failed: server_busy', 'b ended', 'a failed: server_busy', 'a ended']);
});

test('where nothing is traced, work is just run', async () => {
  expect(currentSpan()).toBeNull();
  expect(await traced('a', {}, async () => currentSpan())).toBeNull();
  await expect(traced('a', {}, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
});

test('apart from what runs, nothing runs', async () => {
  const told: string[] = [];
  await inSpan(spanOf('a', told), async () => {
    expect(currentSpan()).not.toBeNull();
    expect(untraced(currentSpan)).toBeNull();
  });
});
