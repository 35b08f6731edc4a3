// The bundles in dist/ load third parties from the top: there must be the version that each package.json asks for. npm puts
// another one there where another package asks for it, and ours into a folder that no bundle looks into.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { existingRooms, folderOf, ROOT } from './house/source-files';

interface Manifest {
  version?: string;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const read = (path: string): Manifest => JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8'));

test('what a bundle loads is what its package.json asks for', () => {
  const asked = existingRooms().flatMap((room) => {
    const { dependencies, optionalDependencies } = read(folderOf(room));
    const all = Object.entries({ ...dependencies, ...optionalDependencies });
    return all.filter(([name]) => !name.startsWith('@berth/')).map(([name, version]) => `${name} ${version}`);
  });
  const isThere = (each: string) => existsSync(join(ROOT, 'node_modules', nameOf(each))); // optional ones are for another system
  const loaded = asked.filter(isThere).map((each) => `${nameOf(each)} ${read(`node_modules/${nameOf(each)}`).version}`);
  expect(loaded).toEqual(asked.filter(isThere));
  expect(loaded).toContain(asked.find((each) => each.startsWith('mysql2 ')));
});

const nameOf = (asked: string) => asked.split(' ')[0] ?? '';
