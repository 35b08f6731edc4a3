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

/** A move as it was heard, before its place among the others is known. */
export type HeardMove = DistributiveOmit<Move, 'after'>;
type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/**
 * The connections by which Berth asks who is in the way of a statement that takes longer than usual
 * (packages/engines/src/postgresql/past-blockers.ts). A busy disk calls for one now and then, and another create has none, so
 * they are no part of what a create sends: without them the bare statements are fewer, never more.
 */
export function watchersIn(moves: HeardMove[]): Set<number> {
  const openings = moves.flatMap((move) => (move.kind === 'open' && isOfAdmin(move) ? [move.session] : []));
  return new Set(
    openings.filter((session) => {
      const [first] = moves.flatMap((move) => (move.kind === 'query' && move.session === session ? [move.sql] : []));
      return first === undefined || first.includes('pg_blocking_pids('); // or its statement was done before it could ask
    }),
  );
}

function isOfAdmin({ isRefused, startup }: Pick<Opening, 'isRefused' | 'startup'>): boolean {
  return !isRefused && /^berth [0-9a-f]{32}$/.test(startup.application_name ?? '') && startup.database === 'postgres';
}

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

/**
 * What each connection did, in its order, as lines without anything that differs from one create to the next, so that two
 * tapes may be compared. In no order of the connections: of two that are open at once either may come first.
 */
export function scriptsOf(tape: Tape, name: string): string[][] {
  const scripts = new Map<number, string[]>();
  for (const move of tape) {
    const script = scripts.get(move.session) ?? [];
    scripts.set(move.session, [...script, lineOf(move, name)]);
  }
  return [...scripts.values()];
}

function lineOf(move: Move, name: string): string {
  switch (move.kind) {
    case 'open':
      return `opens ${JSON.stringify(mapValues(move.startup, (text) => anonymous(text, name)))}${move.isRefused ? ': refused' : ''}`;
    case 'query':
      return `${anonymous(move.sql, name)} ${anonymous(JSON.stringify(move.values), name)}`;
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
