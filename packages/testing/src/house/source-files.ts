// The source files of the house, and the rooms they stand in. Generated, bundled and foreign files are not ours.
import { existsSync, readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The top of the repository. */
export const ROOT = join(__dirname, '../../../..');

const SOURCE = /\.(ts|tsx|mts|cts|js|mjs|cjs)$/;
const FOREIGN = new Set(['node_modules', 'dist', 'generated', 'coverage', 'fixtures']);

/** Paths of all source files under packages/ and apps/, from the top, with forward slashes, sorted. */
export function sourceFiles(root: string = ROOT): string[] {
  return [...filesBelow(root, 'packages'), ...filesBelow(root, 'apps')].filter((file) => SOURCE.test(file)).sort();
}

/** Paths of what a generator wrote for a room, from the top. */
export function generatedFiles(folder: string): string[] {
  return filesBelow(ROOT, `${folder}/src/generated`, new Set());
}

/** Paths of all files below a folder, from the top, without foreign folders. Empty when it is not there. */
export function filesBelow(root: string, folder: string, foreign: Set<string> = FOREIGN): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return foreign.has(entry.name) ? [] : filesBelow(root, path, foreign);
    return [relative(root, join(root, path)).split(sep).join('/')];
  });
}

/** The rooms that exist: `core` for packages/core, `apps/api` for apps/api. A room is a folder with a package.json. */
export function existingRooms(root: string = ROOT): string[] {
  const inside = (folder: string) =>
    readdirSync(join(root, folder)).filter((name) => existsSync(join(root, folder, name, 'package.json')));
  return [...inside('packages'), ...inside('apps').map((name) => `apps/${name}`)].sort();
}

/** The room that a file from the top stands in; null for a file of no room. */
export function roomOf(file: string): string | null {
  const [top, name] = file.split('/');
  if (name === undefined) return null;
  if (top === 'packages') return name;
  return top === 'apps' ? `apps/${name}` : null;
}

/** The folder of a room, from the top. */
export function folderOf(room: string): string {
  return room.startsWith('apps/') ? room : `packages/${room}`;
}

/** Whether a file is a test, or made for tests alone, and so may also use the testing room and its tools. */
export function isTest(file: string): boolean {
  return /\.(test|fixture)\.(tsx?|mjs)$/.test(file);
}
