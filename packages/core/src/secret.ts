// What must not leak is a type. Nothing but `reveal()` gives the value, so a search for `reveal(` is the audit.
import { inspect } from 'node:util';

/** A password, key or token. Prints, logs, concatenates and serialises as `[secret]`. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself. Call it only where it is handed to an engine, a cipher, or its owner. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return '[secret]';
  }

  toJSON(): string {
    return '[secret]';
  }

  [inspect.custom](): string {
    return '[secret]';
  }
}
