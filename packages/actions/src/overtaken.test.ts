// Who is overtaken looks again, and locks first from then on; not for ever.
import { Overtaken } from '@berth/store';
import { untilNotOvertaken } from './overtaken';

/** Overtaken so often, then done; and how each attempt was told to begin. */
async function overtaken(times: number): Promise<{ begun: boolean[]; outcome: unknown }> {
  const begun: boolean[] = [];
  const outcome = await untilNotOvertaken(async (locksFirst) => {
    begun.push(locksFirst);
    if (begun.length <= times) throw new Overtaken('too late');
    return 'done';
  }).catch((error: unknown) => error);
  return { begun, outcome };
}

test('the first attempt only looks, each after it locks first', async () => {
  expect(await overtaken(0)).toEqual({ begun: [false], outcome: 'done' });
  expect(await overtaken(2)).toEqual({ begun: [false, true, true], outcome: 'done' });
});

test('who is overtaken again and again is told to ask once more', async () => {
  const { begun, outcome } = await overtaken(100);
  expect(begun).toHaveLength(5);
  expect(outcome).toMatchObject({ code: 'contradicts', message: expect.stringContaining('Ask once more') });
});

test('another error is thrown as it is, at once', async () => {
  const attempt = jest.fn().mockRejectedValue(new Error('another'));
  await expect(untilNotOvertaken(attempt)).rejects.toThrow('another');
  expect(attempt).toHaveBeenCalledTimes(1);
});
