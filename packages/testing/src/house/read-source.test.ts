// The reader of imports: every way to import is seen, and nothing that only looks like one.
import { readSource } from './read-source';

test('sees every way to import', () => {
  const { imports } = readSource(
    'a.ts',
    `import a from 'static';
     import 'side-effect';
     import type { B } from 'type-only';
     import { type C } from 'inline-type';
     export * from 're-export-all';
     export * as d from 're-export-namespace';
     export { e } from 're-export-named';
     export type { F } from 're-export-type';
     import g = require('import-equals');
     const h = require('required');
     const i = require.resolve('resolved');
     const j = await import('dynamic');
     const k = await import(\`template\`);
     type L = import('import-type').L;
     type M = typeof import('typeof-import');
     jest.mock('mocked');`,
  );
  expect(imports.sort()).toEqual(
    [
      ...['static', 'side-effect', 'type-only', 'inline-type', 're-export-all', 're-export-namespace'],
      ...['re-export-named', 're-export-type', 'import-equals', 'required', 'resolved', 'dynamic', 'template'],
      ...['import-type', 'typeof-import', 'mocked'],
    ].sort(),
  );
});

test('is not deceived by comments and strings', () => {
  const facts = readSource('a.ts', `// import 'a'\nconst b = "import 'c'; process.env.D; new Date()";\nexport { b };`);
  expect(facts).toEqual({ imports: [], touches: [] });
});

test('reads plain JavaScript', () => {
  expect(readSource('a.mjs', `import a from 'b'; const c = require('d');`).imports).toEqual(['b', 'd']);
});

test.each([
  ['process.env.A', 'process.env'],
  [`process['env']`, 'process.env'],
  ['const { env } = process', 'process.env'],
  ['process.exit(1)', 'process.exit'],
  ['new Date()', 'new Date()'],
  ['Date.now()', 'Date.now()'],
  ['console.log(1)', 'console'],
  ['api.store.databases.insert(row)', 'writes to the store'],
  ['store.transaction(work)', 'writes to the store'],
  ['store.actions.issue(row)', 'writes to the store'],
])('sees that %s touches %s', (text, touched) => {
  expect(readSource('a.ts', text).touches).toEqual([touched]);
});

test('a read of the store is no write', () => {
  const reads =
    'store.databases.find(id); api.store.catalog.listPlans(); store.ping(); store.close(); store.events.isOver(id); store.feed.follow();';
  expect(readSource('a.ts', reads).touches).toEqual([]);
});

test('a Date made from a value is no look at the clock', () => {
  expect(readSource('a.ts', 'new Date(0); new Date(row.created_at)').touches).toEqual([]);
});
