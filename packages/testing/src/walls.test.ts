// The walls of the house: ARCHITECTURE.md's tables against every import of packages/ and apps/, and no cycles.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { importCycles } from './house/import-cycles';
import { brokenDoors, readDoors, readHouse } from './house/read-house';
import { readSource } from './house/read-source';
import { ROOT } from './house/source-files';
import { parseWallTables } from './house/wall-table';
import { checkWalls, type House } from './house/walls';

const tables = parseWallTables(readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8'));
const house = readHouse();

/** The house as it is, plus one file. */
function withFile(path: string, text: string): House {
  return { ...house, files: new Map(house.files).set(path, readSource(path, text)) };
}

/** The complaints that the added file causes. */
function complaintsAbout(path: string, text: string): string[] {
  const before = checkWalls(tables, house);
  return checkWalls(tables, withFile(path, text)).filter((complaint) => !before.includes(complaint));
}

describe('the house', () => {
  test('has files in every wall that matters', () => {
    expect(house.files.size).toBeGreaterThan(30);
    expect(house.rooms).toEqual(expect.arrayContaining(['core', 'store', 'queue', 'engines', 'actions', 'apps/api']));
  });

  test('every import goes through an open door', () => {
    expect(checkWalls(tables, house)).toEqual([]);
  });

  test('no file needs itself', () => {
    expect(importCycles(house.files, readDoors(house.rooms)).map((cycle) => cycle.join(' → '))).toEqual([]);
  });

  test('every door of a package leads to a file', () => {
    const isApp = (door: string) => house.rooms.includes(`apps/${door.slice('@berth/'.length)}`);
    expect(brokenDoors(house.rooms).filter((door) => !isApp(door))).toEqual([]);
  });
});

describe('the walls can fail', () => {
  test.each([
    [
      'packages/core/src/x.ts',
      `import { a } from '@berth/store';`,
      'packages/core/src/x.ts may not import @berth/store',
    ],
    ['packages/store/src/x.ts', `import type { A } from '@berth/queue';`, 'may not import @berth/queue'],
    ['packages/queue/src/x.ts', `export * from '@berth/store';`, 'may not import @berth/store'],
    ['packages/secrets/src/x.ts', `const a = await import('@berth/runtime');`, 'may not import @berth/runtime'],
    ['packages/actions/src/x.ts', `import '@berth/engines/postgresql';`, 'may not import @berth/engines/postgresql'],
    ['packages/actions/src/x.ts', `import { testClock } from '@berth/testing';`, 'may not import @berth/testing'],
    ['apps/api/src/x.ts', `type A = import('@berth/maintenance').A;`, 'may not import @berth/maintenance'],
    ['apps/api/src/x.ts', `require('@berth/engines/postgresql');`, 'may not import @berth/engines/postgresql'],
    ['packages/store/src/x.ts', `import '../../queue/src/send';`, 'leaves its room by a relative path'],
    [
      'packages/actions/src/x.ts',
      `import { PrismaClient } from '@prisma/client';`,
      'may not import @prisma/client: only store may',
    ],
    [
      'packages/store/src/x.ts',
      `import { Queue } from 'bullmq';`,
      'may not import bullmq: only queue, apps/launcher may',
    ],
    ['apps/api/src/x.ts', `import { Client } from 'pg';`, 'may not import pg: only'],
    ['apps/maintenance/src/x.ts', `import express from 'express';`, 'may not import express: only apps/api'],
    ['packages/runtime/src/x.ts', `import { spawn } from 'node:child_process';`, 'may not import node:child_process'],
    ['packages/core/src/x.ts', `import { readFile } from 'fs';`, 'imports fs without node:'],
    ['packages/core/src/x.ts', `import left from 'left-pad';`, 'which packages/core/package.json does not ask for'],
    [
      'packages/core/src/x.test.ts',
      `import { spawn } from 'bullmq';`,
      'may not import bullmq: only queue, apps/launcher may',
    ],
    ['apps/api/src/dialects/native/x.ts', `import '../cloud66/databases';`, 'apps/api/src/dialects/* has a wall'],
    ['apps/api/src/dialects/native/x.ts', `import { send } from '@berth/queue';`, 'may not import @berth/queue'],
    ['packages/actions/src/x.ts', `const a = process.env.BERTH_KEYS;`, 'touches process.env'],
    ['packages/actions/src/x.ts', `const a = new Date();`, 'touches new Date()'],
    ['packages/engines/src/x.ts', `const a = Date.now();`, 'touches Date.now()'],
    ['packages/engines/src/x.ts', `console.log('a');`, 'touches console'],
    ['apps/api/src/dialects/native/x.ts', `await store.databases.insert(row);`, 'touches writes to the store'],
  ])('%s with %s', (path, text, complaint) => {
    expect(complaintsAbout(path, text)).toContainEqual(expect.stringContaining(complaint));
  });

  test('a room without a row, a row without a room, and a room that has come', () => {
    const rooms = [...house.rooms.filter((room) => room !== 'secrets'), 'attic', 'apps/dashboard'];
    const complaints = checkWalls(tables, { ...house, rooms });
    expect(complaints).toEqual(
      expect.arrayContaining([
        'the room attic exists and has no row in the wall table',
        'the wall table has a row for secrets, which does not exist',
        'the room apps/dashboard exists, and the wall table says it is to come',
      ]),
    );
  });

  test('a package.json that asks for what it must not have, or does not use', () => {
    const declared = new Map(house.declared).set('queue', ['@berth/store', 'left-pad']);
    expect(checkWalls(tables, { ...house, declared })).toEqual(
      expect.arrayContaining([
        'packages/queue/package.json asks for @berth/store, which the wall table forbids',
        'packages/queue/package.json asks for left-pad, which no file there imports',
      ]),
    );
  });

  test('a cycle, also one through a door and one of types', () => {
    const files = new Map([
      ['packages/a/src/index.ts', readSource('index.ts', `export * from './x';`)],
      ['packages/a/src/x.ts', readSource('x.ts', `import type { Y } from '@berth/a';`)],
    ]);
    expect(importCycles(files, new Map([['@berth/a', 'packages/a/src/index.ts']]))).toEqual([
      ['packages/a/src/index.ts', 'packages/a/src/x.ts', 'packages/a/src/index.ts'],
    ]);
  });

  test('a table that lost its head or a cell', () => {
    expect(() => parseWallTables('# nothing')).toThrow('has no table that begins with | room |');
    expect(() => parseWallTables('| room | may import | only importer of |\n|---|---|---|\n| `a` | b |')).toThrow(
      '2 cells',
    );
  });
});
