// The wall tables of ARCHITECTURE.md, parsed. They are the rules: nothing here repeats them.

export interface Wall {
  /** `core`, `apps/api`, or a folder inside a room (`apps/api/src/dialects/*`: each folder there stands alone). */
  room: string;
  /** Rooms (`core`), doors of a room (`engines/contract`), or folders; `*` for everything. */
  mayImport: string[];
  /** Packages (`bullmq`, `@prisma/*`, `node:child_process`) that only the rooms naming them may import. */
  onlyImporterOf: string[];
  isToCome: boolean;
}

export interface Place {
  /** What is watched: `process.env`. */
  touch: string;
  /** Files or folders that may touch it, from the top. */
  where: string[];
}

export interface WallTables {
  walls: Wall[];
  places: Place[];
}

/** The row that holds what tests may import beyond their own room. */
export const TESTS_ROW = '*.test.ts';

/** Reads both tables. Throws when one is missing or a row has another number of cells: a silent guard is none. */
export function parseWallTables(markdown: string): WallTables {
  const walls = tableAfter(markdown, '| room | may import | only importer of |').map(
    ([room = '', may = '', only = '']) => ({
      room: firstCode(room),
      mayImport: codes(may),
      onlyImporterOf: codes(only),
      isToCome: /\(to come\)/.test(room),
    }),
  );
  const places = tableAfter(markdown, '| only here | where |').map(([touch = '', where = '']) => ({
    touch: firstCode(touch),
    where: codes(where),
  }));
  return { walls, places };
}

function tableAfter(markdown: string, head: string): string[][] {
  const lines = markdown.split('\n');
  const start = lines.indexOf(head);
  if (start < 0) throw new Error(`ARCHITECTURE.md has no table that begins with ${head}`);
  const width = cells(head).length;
  const rows: string[][] = [];
  for (const line of lines.slice(start + 2)) {
    if (!line.startsWith('|')) break;
    const row = cells(line);
    if (row.length !== width)
      throw new Error(`this row of ARCHITECTURE.md has ${row.length} cells, not ${width}: ${line}`);
    rows.push(row);
  }
  if (rows.length === 0) throw new Error(`the table ${head} of ARCHITECTURE.md is empty`);
  return rows;
}

function cells(line: string): string[] {
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
}

function codes(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function firstCode(cell: string): string {
  const [code] = codes(cell);
  if (code === undefined)
    throw new Error(`the first cell of a row of ARCHITECTURE.md names nothing in backticks: ${cell}`);
  return code;
}
