// What is entered in one file is carried by no promise of the next, also when it is entered again.
import asyncHooks from 'node:async_hooks';
import { endAsyncStorages, noteAsyncStorages } from './async-storages';

const { AsyncLocalStorage } = asyncHooks;

afterAll(() => {
  asyncHooks.AsyncLocalStorage = AsyncLocalStorage;
});

test('a storage is carried from where it is entered until they are ended, each time', () => {
  const before = carried();
  const unnoted = new AsyncLocalStorage<number>();
  noteAsyncStorages();
  const noted = new asyncHooks.AsyncLocalStorage<number>();
  for (const round of [1, 2]) {
    expect(noted.run(round, () => noted.getStore())).toBe(round);
    expect(carried()).toBe(before + 1);
    endAsyncStorages();
    expect(carried()).toBe(before);
  }
  unnoted.run(1, () => {});
  endAsyncStorages();
  expect(carried()).toBe(before + 1);
});

/** How many Node 20 puts on each promise; what makes it dear. */
function carried(): number {
  const symbols = Object.getOwnPropertySymbols(Promise.resolve());
  return symbols.filter(({ description }) => description === 'kResourceStore').length;
}
