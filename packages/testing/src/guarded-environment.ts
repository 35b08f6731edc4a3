// The environment of every test file: Node's own realm, put back as it was after the file, and a look at what the file left
// open. A setup file could not do this: Jest runs its afterAll before those of the file. A class, because Jest asks for one.
import type { Circus } from '@jest/types';
import { ModuleMocker } from 'jest-mock';
import { endAsyncStorages, noteAsyncStorages } from './async-storages';
import { leftOpen, type OpenBefore, openBefore } from './open-handles';

/** What pg does today and its next version refuses: two queries at once on one connection, above all. Said once per process: of several such files the first fails. */
const REFUSED_SOON = /pg@\d/;

noteAsyncStorages();

/**
 * Fails a file that leaves a session on its store, a child process, a socket or a server behind, and one in which pg warned
 * of what it will refuse. What a file puts on the global object or into the environment is gone with it.
 */
export default class GuardedEnvironment {
  /** For Jest. A realm per file would compile every package again for each: see `module-loader.cjs`. */
  readonly global = globalThis;
  readonly moduleMocker = new ModuleMocker(globalThis);
  readonly fakeTimers = null;
  readonly fakeTimersModern = null;
  #globals = Object.getOwnPropertyDescriptors(globalThis);
  #exit = process.exit;
  #variables = { ...process.env };
  #before: OpenBefore | null = null;
  #warnings: string[] = [];
  #note = ({ name, message }: Error) => {
    if (name === 'DeprecationWarning' && REFUSED_SOON.test(message)) this.#warnings.push(message);
  };

  async setup(): Promise<void> {}

  async teardown(): Promise<void> {
    process.exit = this.#exit;
    restore(process.env, Object.getOwnPropertyDescriptors(this.#variables));
    restore(globalThis, this.#globals);
    endAsyncStorages();
  }

  /** For `module-loader.cjs`: what a package put on the global object as it loaded, once, is there for good. */
  keepGlobals(known: Set<PropertyKey>): void {
    for (const key of Reflect.ownKeys(globalThis)) {
      const made = known.has(key) ? undefined : Object.getOwnPropertyDescriptor(globalThis, key);
      if (made !== undefined) Object.defineProperty(this.#globals, key, { value: made, enumerable: true });
    }
  }

  /** As Node resolves. */
  exportConditions(): string[] {
    return ['node', 'node-addons'];
  }

  /** None: `module-loader.cjs` compiles for this realm. */
  getVmContext(): null {
    return null;
  }

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

/** Takes what was added away, and gives what was changed or removed its value of before. What Node makes on demand stays. */
function restore(target: object, before: Record<PropertyKey, PropertyDescriptor>): void {
  for (const key of Reflect.ownKeys(target)) if (!Object.hasOwn(before, key)) Reflect.deleteProperty(target, key);
  for (const key of Reflect.ownKeys(before)) {
    const was = before[key];
    if (was === undefined || isAsItWas(target, key, was)) continue;
    if ('value' in was) Reflect.set(target, key, was.value);
    else Reflect.defineProperty(target, key, was);
  }
}

/** Node turns some of its getters into what they got. */
function isAsItWas(target: object, key: PropertyKey, was: PropertyDescriptor): boolean {
  const is = Object.getOwnPropertyDescriptor(target, key);
  if ('value' in was) return Reflect.get(target, key) === was.value;
  return is?.get === was.get || (is !== undefined && 'value' in is && is.value === was.get?.call(target));
}

function failWith(state: Circus.State, what: string, sentences: string[]): void {
  if (sentences.length === 0) return;
  const error = new Error(`${what}:\n${sentences.map((line) => `  - ${line}`).join('\n')}`);
  error.stack = error.message; // the stack would lead here, not to the cause
  state.unhandledErrors.push(error);
}
