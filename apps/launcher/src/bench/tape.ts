// What one create sends to its server: every connection and every statement, and which waited for which.

interface Placed {
  /** Which connection. */
  session: number;
  /** The moves that had ended before this one began, by position, less those that others of them waited for. */
  after: number[];
}

export interface Opening extends Placed {
  kind: 'open';
  /** What the client said of itself. */
  startup: Record<string, string>;
  /** The server's code for refusing it; null where it let it in. */
  refusal: string | null;
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

/** A move as it was heard, before its place among the others is known. */
export type HeardMove = DistributiveOmit<Move, 'after'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** How the statements of an engine spell names, and what in them is made of chance, ids or passwords. */
export interface TapeWords {
  /** Every way in which a name stands in them. */
  spellings(name: string): string[];
  /** Hashes and ids: another create has others. Matches the part that may be changed at its end. */
  hashed: RegExp;
  /** What differs from one create to the next, once its name is `NAME`, and what to call it. */
  differing: [RegExp, string][];
}

/**
 * The same moves about another database: its name and all that is made of it. Locks and the names of sessions are made of
 * hashes; copies that ran at once would end each other's sessions, so these become others too.
 */
export function renameTape(tape: Tape, from: string, to: string, words: TapeWords): Tape {
  const spelled = words.spellings(to);
  const other = (text: string) =>
    words
      .spellings(from)
      .reduce((renamed, spelling, index) => renamed.replaceAll(spelling, () => spelled[index] ?? to), text)
      .replace(words.hashed, (found) => rehash(found, to));
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

/**
 * What each connection did, in its order, as lines without anything that differs from one create to the next, so that two
 * tapes may be compared. In no order of the connections: of two that are open at once either may come first.
 */
export function scriptsOf(tape: Tape, name: string, words: TapeWords): string[][] {
  const scripts = new Map<number, string[]>();
  for (const move of tape) {
    const script = scripts.get(move.session) ?? [];
    scripts.set(move.session, [...script, lineOf(move, (text) => anonymous(text, name, words))]);
  }
  return [...scripts.values()];
}

function lineOf(move: Move, told: (text: string) => string): string {
  switch (move.kind) {
    case 'open':
      return `opens ${JSON.stringify(mapValues(move.startup, told))}${move.refusal === null ? '' : `: refused with ${move.refusal}`}`;
    case 'query':
      return `${told(move.sql)} ${told(JSON.stringify(move.values))}`;
    case 'close':
      return 'closes';
    default:
      return move satisfies never;
  }
}

/** The first line by which two creates differ, connection by connection; null when each does what one of the other does. */
export function differenceOf(wanted: string[][], found: string[][]): { wanted: string; found: string } | null {
  const [missing] = without(wanted, found);
  const [surplus] = without(found, wanted);
  if (missing === undefined && surplus === undefined) return null;
  const lines = missing ?? surplus ?? [];
  const at = lines.findIndex((_, index) => missing?.[index] !== surplus?.[index]);
  const told = (script: string[] | undefined) => {
    if (script === undefined) return '(no such connection)';
    return script[at === -1 ? lines.length : at] ?? '(nothing more)';
  };
  return { wanted: told(missing), found: told(surplus) };
}

/** Those of `scripts` that `others` does not have, or not as often; those that begin alike beside each other. */
function without(scripts: string[][], others: string[][]): string[][] {
  const left = others.map((script) => script.join('\n'));
  return scripts
    .filter((script) => {
      const at = left.indexOf(script.join('\n'));
      if (at !== -1) left.splice(at, 1);
      return at === -1;
    })
    .sort((one, other) => (one.join('\n') < other.join('\n') ? -1 : 1));
}

/** A text with one database's names, ids, hashes and verifier made the same for all. */
export function anonymous(text: string, name: string, { differing, spellings }: TapeWords): string {
  const named = spellings(name).reduce((told, spelling) => told.replaceAll(spelling, 'NAME'), text);
  return differing.reduce((told, [pattern, word]) => told.replace(pattern, word), named);
}

function mapValues(record: Record<string, string>, change: (text: string) => string): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
