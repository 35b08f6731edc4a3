// .env.example and what the processes read say the same, both ways.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_VARIABLES } from '@berth/runtime';
import { ROOT, sourceFiles } from './house/source-files';

/** Read by the launcher alone, which starts every other process with an environment of its own making. */
const LAUNCHER_ONLY = ['BERTH_HOME', 'BERTH_LOG', 'BERTH_DEMO_MYSQL_URL', 'BERTH_DEMO_MONGODB_URL'];

const example = [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^(\w+)=/gm)].map(([, name]) => name);

test('.env.example names every variable that a process reads, once, and no other', () => {
  expect([...example].sort()).toEqual([...CONFIG_VARIABLES, ...LAUNCHER_ONLY].sort());
});

test('the launcher reads no variable that .env.example does not name', () => {
  const launcher = sourceFiles().filter((file) => file.startsWith('apps/launcher/'));
  const read = launcher.flatMap((file) =>
    [...readFileSync(join(ROOT, file), 'utf8').matchAll(/\bBERTH_[A-Z_]+\b/g)].map(([name]) => name),
  );
  expect(read.filter((name) => !example.includes(name))).toEqual([]);
});
