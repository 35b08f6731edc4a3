// docs/dialects.md and the dialects say the same, both ways: which dialects there are, where they are, and every route of them.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTestStore, type TestStore } from '@berth/testing';
import { openTestApi, type TestApi } from '../api.fixture';
import { openProofs } from '../http/proofs';
import { openRateLimits } from '../http/rate-limits';
import type { Route } from '../http/route';
import { DIALECTS } from '.';
import { bitabaseRoutes } from './bitabase';
import { cloud66Routes } from './cloud66';
import { cosmosRoutes } from './cosmos';
import type { ApiContext } from './dialect';
import { globoRoutes } from './globo';
import { scalingoRoutes } from './scalingo';

/** Of each dialect that our own document does not tell of. */
const ROUTES: Record<string, (api: ApiContext) => Route[]> = {
  cloud66: cloud66Routes,
  globo: globoRoutes,
  bitabase: bitabaseRoutes,
  cosmos: cosmosRoutes,
  scalingo: scalingoRoutes,
};

const page = readFileSync(join(__dirname, '../../../../docs/dialects.md'), 'utf8');

let testStore: TestStore;
let api: TestApi;
let context: ApiContext;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  const { stopping, streams } = api;
  context = { ...api.context, limits, proofs: openProofs(api.context.clock), stopping: stopping.signal, streams };
});

afterAll(async () => {
  await api?.close();
  await testStore?.close();
});

test('each dialect has its section, in the order in which they are spoken, with its mount', () => {
  expect([...sectionsOf(page).keys()]).toEqual(DIALECTS.map(({ name }) => name));
  for (const { mount, name } of DIALECTS) expect(sectionsOf(page).get(name)).toContain(`${mount}\``);
});

test('each dialect that our document does not tell of has a table here', () => {
  const others = DIALECTS.filter(({ documented }) => documented === undefined).map(({ name }) => name);
  expect(Object.keys(ROUTES).sort()).toEqual(others.sort());
});

test.each(Object.keys(ROUTES))('the table of %s has its routes, all of them, and no other as done', (name) => {
  expect(complaintsAbout(page, name)).toEqual([]);
});

describe('the check can fail', () => {
  test.each([
    ['| `GET /task/` | done |', '| `GET /task/` | not |', 'GET /task/ is there, and told as not'],
    ['| `GET /team/` | not |', '| `GET /team/` | done |', 'GET /team/ is not there, and told as done'],
    ['| `GET /task/` | done |', '| `GET /task/` | partly |', 'GET /task/ is there, and not told of'],
    ['| `GET /task/` | done |', '| `GET /plan/` | not | |\n| `GET /task/` | done |', 'GET /plan/ is told of twice'],
  ])('%j in place of %j', (from, to, complaint) => {
    expect(page).toContain(from);
    expect(complaintsAbout(page.replace(from, to), 'globo')).toContain(complaint);
  });
});

/** By name; each section to the beginning of the next. */
function sectionsOf(markdown: string): Map<string, string> {
  const parts = markdown.split(/^## /m).slice(1);
  return new Map(
    parts.flatMap((part) => [...part.matchAll(/^[^\n]*\(`(\w+)`\)\n/g)].map(([, name = '']) => [name, part])),
  );
}

/** Sentences. */
function complaintsAbout(markdown: string, name: string): string[] {
  const rows = [...(sectionsOf(markdown).get(name) ?? '').matchAll(/^\| `([A-Z]+ \/\S*)` \| (done|not) \| .*\|$/gm)];
  const told = new Map(rows.map(([, route = '', state = '']) => [route, state]));
  const routes = (ROUTES[name]?.(context) ?? []).map(({ method, path }) => `${method.toUpperCase()} ${path}`);
  const twice = rows.flatMap(([, route], index) => (rows.findIndex((row) => row[1] === route) < index ? [route] : []));
  return [
    ...twice.map((route) => `${route} is told of twice`),
    ...routes.filter((route) => !told.has(route)).map((route) => `${route} is there, and not told of`),
    ...routes.filter((route) => told.get(route) === 'not').map((route) => `${route} is there, and told as not`),
    ...[...told]
      .filter(([route, state]) => state === 'done' && !routes.includes(route))
      .map(([route]) => `${route} is not there, and told as done`),
  ];
}
