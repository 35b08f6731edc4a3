// The environment of every test file: Node's, plus a look at what the file left open. A setup file could not do this:
// Jest runs its afterAll before those of the file. A class, because Jest asks for one.
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { leftOpen, type OpenBefore, openBefore } from './open-handles';

/** Fails a file that leaves a session on its store, a child process, a socket or a server behind. */
export default class GuardedEnvironment extends TestEnvironment {
  #before: OpenBefore | null = null;

  async handleTestEvent(event: Circus.AsyncEvent | Circus.SyncEvent, state: Circus.State): Promise<void> {
    if (event.name === 'run_start') this.#before = await openBefore();
    if (event.name !== 'run_finish' || this.#before === null) return;
    const sentences = await leftOpen(this.#before, process.env.BERTH_TEST_STORE_URL ?? null);
    if (sentences.length === 0) return;
    const error = new Error(`This file left something open:\n${sentences.map((line) => `  - ${line}`).join('\n')}`);
    error.stack = error.message; // the stack would lead here, not to the leak
    state.unhandledErrors.push(error);
  }
}
