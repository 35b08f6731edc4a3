// The environment of every test file: Node's, plus a look at what the file left open. A setup file could not do this:
// Jest runs its afterAll before those of the file. A class, because Jest asks for one.
import type { Circus } from '@jest/types';
import { TestEnvironment } from 'jest-environment-node';
import { leftOpen, type OpenBefore, openBefore } from './open-handles';

/** What pg does today and its next version refuses: two queries at once on one connection, above all. */
const REFUSED_SOON = /pg@\d/;

/**
 * Fails a file that leaves a session on its store, a child process, a socket or a server behind, and one in which pg warned
 * of what it will refuse.
 */
export default class GuardedEnvironment extends TestEnvironment {
  #before: OpenBefore | null = null;
  #warnings: string[] = [];
  #note = ({ name, message }: Error) => {
    if (name === 'DeprecationWarning' && REFUSED_SOON.test(message)) this.#warnings.push(message);
  };

  async handleTestEvent(event: Circus.AsyncEvent | Circus.SyncEvent, state: Circus.State): Promise<void> {
    if (event.name === 'run_start') {
      process.on('warning', this.#note);
      this.#before = await openBefore();
    }
    if (event.name !== 'run_finish' || this.#before === null) return;
    const sentences = await leftOpen(this.#before, process.env.BERTH_TEST_STORE_URL ?? null);
    process.off('warning', this.#note);
    failWith(state, 'This file left something open', sentences);
    failWith(state, 'In this file pg warned (NODE_OPTIONS=--trace-deprecation says where)', this.#warnings);
  }
}

function failWith(state: Circus.State, what: string, sentences: string[]): void {
  if (sentences.length === 0) return;
  const error = new Error(`${what}:\n${sentences.map((line) => `  - ${line}`).join('\n')}`);
  error.stack = error.message; // the stack would lead here, not to the cause
  state.unhandledErrors.push(error);
}
