// Cycles among source files. Imports of types count: two files that need each other's shapes are one file, or three.
import { posix } from 'node:path';
import type { SourceFacts } from './read-source';

/** What a file may be written as in an import. */
const ENDINGS = ['', '.ts', '.tsx', '/index.ts'];

/**
 * One path per cycle found, each beginning and ending with the same file; empty when there is none. `doors` maps
 * `@berth/core` or `@berth/engines/contract` to the file behind it.
 */
export function importCycles(files: Map<string, SourceFacts>, doors: Map<string, string>): string[][] {
  const next = new Map(
    [...files].map(([file, { imports }]) => [file, imports.flatMap((to) => resolve(file, to, files, doors))]),
  );
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (file: string, path: string[]) => {
    if (path.includes(file)) {
      cycles.push([...path.slice(path.indexOf(file)), file]);
      return;
    }
    if (done.has(file)) return;
    for (const target of next.get(file) ?? []) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
  return cycles;
}

function resolve(
  file: string,
  specifier: string,
  files: Map<string, SourceFacts>,
  doors: Map<string, string>,
): string[] {
  const door = doors.get(specifier);
  if (door !== undefined) return [door];
  if (!specifier.startsWith('.')) return [];
  const base = posix.normalize(posix.join(posix.dirname(file), specifier));
  const ending = ENDINGS.find((each) => files.has(base + each));
  return ending === undefined ? [] : [base + ending];
}
