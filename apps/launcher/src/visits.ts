// What a visit to a database is, whatever its engine; visit-<engine>.ts make it.
import type { Secret } from '@berth/core';

/** One session in a database, and the notes that are kept there. */
export interface Visitor {
  /** Fulfils once the server has confirmed the note. */
  write(note: string): Promise<void>;
  /** Every note. */
  read(): Promise<string[]>;
  /** Safe to repeat, and when the server has ended the session. */
  close(): Promise<void>;
}

/** How an engine is visited. */
export interface Visits {
  /** Opens a session, and makes the place for notes where there is none. Rejects with the driver's own error. */
  open(url: Secret): Promise<Visitor>;
  /** Whether this error says that the login is not let in. */
  isRefusal(error: unknown): boolean;
}

export const CONNECT_MS_MAX = 10_000;
