// Every AsyncLocalStorage that was ever entered is carried on by every promise of its process (Node 20), also when nobody holds
// it any more. Modules that run anew for each file make new ones each time: after 70 files a third of the CPU went there.
import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';

const made = new Set<{ disable(): void }>();

/** A package that is loaded once makes its own in the first file that asks; it is entered anew as it is used. */
class Noted<Store> extends AsyncLocalStorage<Store> {
  constructor(...args: ConstructorParameters<typeof AsyncLocalStorage<Store>>) {
    super(...args);
    made.add(this);
  }
}

/** From now on, whoever makes one in this process is noted. */
export function noteAsyncStorages(): void {
  asyncHooks.AsyncLocalStorage = Noted;
}

/** Ends those that were made since the last time; how many there were. */
export function endAsyncStorages(): number {
  const count = made.size;
  for (const storage of made) storage.disable();
  made.clear();
  return count;
}
