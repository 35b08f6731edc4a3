// package-lock.json as `npm ci` wants it on every platform, also when it was last written beside a partial mirror.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

interface Locked {
  version?: string;
  link?: boolean;
  optionalDependencies?: Record<string, string>;
}

test('the lock file lists the packages of all platforms: npm ci refuses one that leaves any out', () => {
  const text = readFileSync(join(__dirname, '../../../package-lock.json'), 'utf8');
  const { packages } = JSON.parse(text) as { packages: Record<string, Locked> };
  const missing = Object.values(packages)
    .flatMap((locked) => Object.keys(locked.optionalDependencies ?? {}))
    .filter((name) => !packages[`node_modules/${name}`]);
  expect(missing).toEqual([]);
  const empty = Object.entries(packages).filter(([path, { version, link }]) => path !== '' && !version && !link);
  expect(empty).toEqual([]);
});
