// Every import of the house against the wall table. Pure: told what there is, it returns what is wrong, in sentences.
import { isBuiltin } from 'node:module';
import { posix } from 'node:path';
import type { SourceFacts } from './read-source';
import { folderOf, isTest, roomOf } from './source-files';
import { TESTS_ROW, type Wall, type WallTables } from './wall-table';

export interface House {
  rooms: string[];
  /** Path from the top → what the file imports and touches. */
  files: Map<string, SourceFacts>;
  /** Room → packages its package.json asks for (of all kinds). */
  declared: Map<string, string[]>;
  /** Room → packages it needs without importing them: for generated code, or as a peer of what it does import. */
  neededUnseen: Map<string, string[]>;
  /** What the package.json at the top asks for, for tests. */
  devPackages: string[];
}

/** All complaints, sorted; empty for a house in order. */
export function checkWalls(tables: WallTables, house: House): string[] {
  const complaints = [
    ...checkRows(tables.walls, house.rooms),
    ...[...house.files].flatMap(([file, facts]) => [
      ...facts.imports.flatMap((specifier) => checkImport(tables.walls, house, file, specifier)),
      ...facts.touches.flatMap((touch) => checkTouch(tables, file, touch)),
    ]),
    ...house.rooms.flatMap((room) => checkDeclared(tables.walls, house, room)),
  ];
  return [...new Set(complaints)].sort();
}

function checkRows(walls: Wall[], rooms: string[]): string[] {
  const rowsOfRooms = walls.filter(({ room }) => !isInner(room) && room !== TESTS_ROW);
  return [
    ...rooms
      .filter((room) => !walls.some((wall) => wall.room === room))
      .map((room) => `the room ${room} exists and has no row in the wall table`),
    ...rowsOfRooms.flatMap(({ room, isToCome }) => {
      if (rooms.includes(room))
        return isToCome ? [`the room ${room} exists, and the wall table says it is to come`] : [];
      return isToCome ? [] : [`the wall table has a row for ${room}, which does not exist`];
    }),
    ...walls
      .filter((wall, index) => walls.findIndex(({ room }) => room === wall.room) !== index)
      .map(({ room }) => `the wall table has two rows for ${room}`),
  ];
}

function checkImport(walls: Wall[], house: House, file: string, specifier: string): string[] {
  if (specifier.startsWith('.')) return checkInside(walls, file, specifier);
  if (specifier.startsWith('@berth/')) return checkOurs(walls, house, file, specifier.slice('@berth/'.length));
  return checkForeign(walls, house, file, specifier);
}

/** Relative imports stay in their room; in a walled folder of a room they stay there, but for what its row allows. */
function checkInside(walls: Wall[], file: string, specifier: string): string[] {
  const target = posix.normalize(posix.join(posix.dirname(file), specifier));
  if (roomOf(target) !== roomOf(file)) return [`${file} leaves its room by a relative path: ${specifier}`];
  const inner = innerFolderOf(walls, file);
  if (inner === null || isTest(file)) return [];
  const isAllowed = isBelow(target, inner.folder) || inner.wall.mayImport.some((entry) => isBelow(target, entry));
  return isAllowed ? [] : [`${file} may not import ${target}: ${inner.wall.room} has a wall`];
}

function checkOurs(walls: Wall[], house: House, file: string, door: string): string[] {
  const room = roomOf(file);
  if (room === null) return [];
  const target = door.split('/')[0] ?? door;
  if (target === room) return [`${file} imports its own room by name: @berth/${door}`];
  const complaints: string[] = [];
  const isAllowed = rowsFor(walls, file).some(({ mayImport }) => isListed(mayImport, door));
  if (!isAllowed) complaints.push(`${file} may not import @berth/${door}: see the row of ${rowFor(walls, file)}`);
  const isDeclared = isTest(file) || house.declared.get(room)?.includes(`@berth/${target}`);
  if (!isDeclared)
    complaints.push(`${file} imports @berth/${target}, which ${folderOf(room)}/package.json does not ask for`);
  return complaints;
}

function checkForeign(walls: Wall[], house: House, file: string, specifier: string): string[] {
  const room = roomOf(file);
  if (room === null) return [];
  if (isBuiltin(specifier) && !specifier.startsWith('node:')) return [`${file} imports ${specifier} without node:`];
  const name = specifier.startsWith('node:') ? specifier : packageOf(specifier);
  const complaints: string[] = [];
  const holders = walls.filter(({ onlyImporterOf }) => onlyImporterOf.some((pattern) => isNamed(pattern, name)));
  if (holders.length > 0 && !rowsFor(walls, file).some((wall) => holders.includes(wall))) {
    complaints.push(`${file} may not import ${name}: only ${holders.map((wall) => wall.room).join(', ')} may`);
  }
  const declared = [...(house.declared.get(room) ?? []), ...(isTest(file) ? house.devPackages : [])];
  const isDeclared = name.startsWith('node:') || declared.includes(name) || declared.includes(`@types/${name}`);
  if (!isDeclared) complaints.push(`${file} imports ${name}, which ${folderOf(room)}/package.json does not ask for`);
  return complaints;
}

function checkTouch(tables: WallTables, file: string, touch: string): string[] {
  const place = tables.places.find((each) => each.touch === touch);
  if (place === undefined) return [`the table of places says nothing about ${touch}`];
  const isAllowed = place.where.some((entry) => (entry === TESTS_ROW ? isTest(file) : isBelow(file, entry)));
  return isAllowed ? [] : [`${file} touches ${touch}: only ${place.where.join(', ')} may`];
}

/** package.json asks for nothing that the walls forbid, and for nothing that no file uses. */
function checkDeclared(walls: Wall[], house: House, room: string): string[] {
  const manifest = `${folderOf(room)}/package.json`;
  const wall = walls.find((each) => each.room === room);
  const files = [...house.files].filter(([file]) => roomOf(file) === room);
  const imported = files.flatMap(([, facts]) => facts.imports.map(packageOf));
  const used = new Set([...imported, ...(house.neededUnseen.get(room) ?? [])]);
  return (house.declared.get(room) ?? []).flatMap((name) => {
    const complaints: string[] = [];
    const ours = name.startsWith('@berth/') ? name.slice('@berth/'.length) : null;
    const isForbidden = ours !== null && !wall?.mayImport.some((entry) => isBelow(entry, ours) || entry === '*');
    if (isForbidden) complaints.push(`${manifest} asks for ${name}, which the wall table forbids`);
    if (!used.has(name)) complaints.push(`${manifest} asks for ${name}, which no file there imports`);
    return complaints;
  });
}

function rowsFor(walls: Wall[], file: string): Wall[] {
  const rows = walls.filter(({ room }) => room === rowFor(walls, file));
  return isTest(file) ? [...rows, ...walls.filter(({ room }) => room === TESTS_ROW || room === roomOf(file))] : rows;
}

function rowFor(walls: Wall[], file: string): string {
  return innerFolderOf(walls, file)?.wall.room ?? roomOf(file) ?? '';
}

function innerFolderOf(walls: Wall[], file: string): { wall: Wall; folder: string } | null {
  for (const wall of walls.filter(({ room }) => isInner(room))) {
    const base = wall.room.replace(/\/\*$/, '');
    if (!file.startsWith(`${base}/`)) continue;
    const [next = '', ...rest] = file.slice(base.length + 1).split('/');
    if (!wall.room.endsWith('/*')) return { wall, folder: base };
    if (rest.length > 0) return { wall, folder: `${base}/${next}` };
  }
  return null;
}

function isInner(room: string): boolean {
  return room.includes('/src/');
}

function isBelow(path: string, folder: string): boolean {
  return path === folder || path === folder.replace(/\.ts$/, '') || path.startsWith(`${folder}/`);
}

/** `engines` opens every door of engines, `engines/contract` that one. */
function isListed(mayImport: string[], door: string): boolean {
  return mayImport.some((entry) => entry === '*' || entry === door || door.startsWith(`${entry}/`));
}

function isNamed(pattern: string, name: string): boolean {
  return pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** `@berth/engines` of `@berth/engines/contract`, `pg` of `pg`. */
export function packageOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}
