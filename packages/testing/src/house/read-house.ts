// The house as it is on disk: its rooms, what their files import, what their package.json ask for.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSource } from './read-source';
import { existingRooms, folderOf, generatedFiles, ROOT, sourceFiles } from './source-files';
import { type House, packageOf } from './walls';

interface Manifest {
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  exports?: Record<string, string>;
  scripts?: Record<string, string>;
}

/** A package.json of the repository; `folder` from the top, empty for the one at the top. */
export function readManifest(folder: string): Manifest {
  const manifest: Manifest = JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8'));
  return manifest;
}

/** Reads all of it. Optional dependencies do not count: they are found by name at run time. */
export function readHouse(): House {
  const rooms = existingRooms();
  return {
    rooms,
    files: new Map(sourceFiles().map((file) => [file, readSource(file, readFileSync(join(ROOT, file), 'utf8'))])),
    declared: new Map(rooms.map((room) => [room, Object.keys(declaredBy(folderOf(room)))])),
    neededUnseen: new Map(rooms.map((room) => [room, neededUnseen(folderOf(room))])),
    devPackages: Object.keys(readManifest('').devDependencies ?? {}),
  };
}

function declaredBy(folder: string): Record<string, string> {
  const { dependencies, devDependencies } = readManifest(folder);
  return { ...dependencies, ...devDependencies };
}

function neededUnseen(folder: string): string[] {
  const specifiers = generatedFiles(folder).flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/from ['"]([^'"]+)['"]/g)].map(
      ([, specifier = '']) => specifier,
    ),
  );
  const peers = Object.keys(declaredBy(folder)).flatMap((name) => {
    const manifest = join('node_modules', name);
    return existsSync(join(ROOT, manifest)) ? Object.keys(readManifest(manifest).peerDependencies ?? {}) : [];
  });
  return [...specifiers.map(packageOf), ...peers];
}

/** `@berth/engines/contract` → the file behind that door, for every door of every room. */
export function readDoors(rooms: string[]): Map<string, string> {
  return new Map(
    rooms.flatMap((room) => {
      const folder = folderOf(room);
      const doors = Object.entries(readManifest(folder).exports ?? {});
      const name = `@berth/${room.replace('apps/', '')}`;
      return doors.map(([door, file]): [string, string] => [name + door.slice(1), join(folder, file)]);
    }),
  );
}

/** The doors that open on nothing. */
export function brokenDoors(rooms: string[]): string[] {
  return [...readDoors(rooms)].filter(([, file]) => !existsSync(join(ROOT, file))).map(([door]) => door);
}
