// A limit: the result in time, or a rejection that says what hangs.
import { within } from './within';

const never = new Promise<never>(() => {});

test('what answers in time is handed on, a refusal as well', async () => {
  await expect(within(1_000, 'It', Promise.resolve('here'))).resolves.toBe('here');
  await expect(within(1_000, 'It', Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('what hangs is given up, by name', async () => {
  await expect(within(1, 'The queue', never)).rejects.toThrow('The queue did not answer within 1 ms');
});
