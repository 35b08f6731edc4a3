// What one create sends to its server: every connection and every statement, and which waited for which.

interface Placed {
  /** Which connection. */
  session: number;
  /** The moves that had ended before this one began, by position, less those that others of them waited for. */
  after: number[];
}

export interface Opening extends Placed {
  kind: 'open';
  startup: Record<string, string>;
  isRefused: boolean;
}

export interface Asking extends Placed {
  kind: 'query';
  sql: string;
  /** Null for a statement sent as plain text. */
  values: (string | null)[] | null;
}

export interface Closing extends Placed {
  kind: 'close';
}

export type Move = Opening | Asking | Closing;
export type Tape = Move[];

// Locks and the names of sessions are made of hashes; copies that ran at once would end each other's sessions.
const HASHED = /(?<=^|\s)(?:[0-9a-f]{32}|-?\d{15,19})(?=$|\s)/g;

/** The same moves about another database: its name and all that is made of it, and other locks. */
export function renameTape(tape: Tape, from: string, to: string): Tape {
  const other = (text: string) => text.replaceAll(from, to).replace(HASHED, (found) => rehash(found, to));
  return tape.map((move) => {
    switch (move.kind) {
      case 'open':
        return { ...move, startup: mapValues(move.startup, other) };
      case 'query':
        return { ...move, sql: other(move.sql), values: move.values?.map((value) => value && other(value)) ?? null };
      case 'close':
        return move;
      default:
        return move satisfies never;
    }
  });
}

// Keeps the form and changes the end, by the digits at the end of the name.
function rehash(found: string, name: string): string {
  const digits = /\d+$/.exec(name)?.[0] ?? '';
  return found.slice(0, found.length - digits.length) + digits;
}

/** The tape as lines without anything that differs from one create to the next, so that two may be compared. */
export function scriptOf(tape: Tape, name: string): string[] {
  return tape.map((move) => {
    switch (move.kind) {
      case 'open':
        return `${move.session} opens ${JSON.stringify(mapValues(move.startup, (text) => anonymous(text, name)))}${move.isRefused ? ': refused' : ''}`;
      case 'query':
        return `${move.session} ${anonymous(move.sql, name)} ${anonymous(JSON.stringify(move.values), name)}`;
      case 'close':
        return `${move.session} closes`;
      default:
        return move satisfies never;
    }
  });
}

/** A text with one database's names, ids, hashes and verifier made the same for all. */
export function anonymous(text: string, name: string): string {
  return text
    .replaceAll(name, 'NAME')
    .replace(/NAME_[0-9a-z]{5}_(owner|writer|reader)/g, 'GROUP_$1')
    .replace(/(db|cred)_[0-9a-z]{26}/g, 'ID')
    .replace(/[0-9a-f]{32}/g, 'HASH')
    .replace(/-?\d{15,19}/g, 'NUMBER')
    .replace(/SCRAM-SHA-256\$[^'"]*/g, 'VERIFIER');
}

function mapValues(record: Record<string, string>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
