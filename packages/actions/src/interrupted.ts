// Leaving an action between two steps, for a reason that is no failure.

export type Interruption = 'cancel' | 'release';

/** `cancel`: somebody asked for it. `release`: this worker stops, another one is to go on. */
export class Interrupted extends Error {
  readonly interruption: Interruption;

  constructor(interruption: Interruption) {
    super(`Interrupted: ${interruption}`);
    this.name = 'Interrupted';
    this.interruption = interruption;
  }
}

/** Null for everything that is no interruption. */
export function interruptionOf(error: unknown): Interruption | null {
  return error instanceof Interrupted ? error.interruption : null;
}
