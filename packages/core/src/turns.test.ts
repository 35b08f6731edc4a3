// Turns: few at a time, in order; who gives up is passed over, and a deed that fails keeps nobody from theirs.
import { openTurns } from './turns';

/** A deed that ends when it is told to. */
function openDeed(name: string, begun: string[]) {
  let end = (_: 'done' | Error) => {};
  const over = new Promise<string>((resolve, reject) => {
    end = (how) => (how === 'done' ? resolve(name) : reject(how));
  });
  const deed = () => {
    begun.push(name);
    return over;
  };
  return { deed, end };
}

test('two at a time, in the order in which they asked', async () => {
  const begun: string[] = [];
  const turns = openTurns(2);
  const { signal } = new AbortController();
  const deeds = ['first', 'second', 'third', 'fourth'].map((name) => openDeed(name, begun));
  const taken = deeds.map(({ deed }) => turns.take(deed, signal));
  await Promise.resolve();
  expect(begun).toEqual(['first', 'second']);
  deeds[1]?.end('done');
  expect(await taken[1]).toBe('second');
  expect(begun).toEqual(['first', 'second', 'third']);
  for (const { end } of deeds) end('done');
  expect(await Promise.all(taken)).toEqual(['first', 'second', 'third', 'fourth']);
});

test('who gives up while waiting is answered at once and passed over; after a failure the next one begins', async () => {
  const begun: string[] = [];
  const turns = openTurns(1);
  const stays = new AbortController();
  const leaves = new AbortController();
  const [first, second, third] = ['first', 'second', 'third'].map((name) => openDeed(name, begun));
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  const failing = turns.take(first.deed, stays.signal);
  const leaving = turns.take(second.deed, leaves.signal);
  const waiting = turns.take(third.deed, stays.signal);
  leaves.abort();
  expect(await leaving).toBeNull();
  first.end(new Error('no'));
  await expect(failing).rejects.toThrow('no');
  third.end('done');
  expect(await waiting).toBe('third');
  expect(begun).toEqual(['first', 'third']);
  expect(await turns.take(second.deed, leaves.signal)).toBeNull();
});

test('who never gives up stands in the same line, and leaves no listener behind, however many wait', async () => {
  const begun: string[] = [];
  const warned: string[] = [];
  const warn = ({ name }: Error) => void warned.push(name);
  process.on('warning', warn);
  const turns = openTurns(1);
  const deeds = Array.from({ length: 20 }, (_, index) => openDeed(`${index}`, begun));
  const waiting = deeds.map(({ deed }, index) =>
    index === 1 ? turns.take(deed, new AbortController().signal) : turns.wait(deed),
  );
  for (const { end } of deeds) end('done');
  expect(await Promise.all(waiting)).toEqual(deeds.map((_, index) => `${index}`));
  expect(begun).toEqual(deeds.map((_, index) => `${index}`));
  await new Promise((resolve) => setImmediate(resolve)); // Node warns on its next turn
  process.off('warning', warn);
  expect(warned).toEqual([]);
});
