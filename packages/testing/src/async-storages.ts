// Every AsyncLocalStorage that was ever entered is carried on by every promise of its process (Node 20), also when nobody holds
// it any more. Modules that run anew for each file make new ones each time: after 70 files a quarter of the CPU went there.
import asyncHooks, { AsyncLocalStorage } from 'node:async_hooks';

/** Of ours they are a few words each; a package that is loaded once makes its own once, and enters it in later files too. */
const made = new Set<{ disable(): void }>();

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

/** Ends those that were entered so far; whoever enters one again begins it anew. Nobody may be inside one. */
export function endAsyncStorages(): void {
  for (const storage of made) storage.disable();
}
