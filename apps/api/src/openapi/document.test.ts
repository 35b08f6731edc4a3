// The document by itself: OpenAPI to the letter, in good style, with every address that there is and no other.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { openTestStore } from '@berth/testing';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import { Router } from 'express';
import { openTestApi } from '../api.fixture';
import { appOf } from '../app';
import { DIALECTS } from '../dialects';
import { openRateLimits } from '../http/rate-limits';
import { addressesOf } from './addresses.fixture';
import { documentOf } from './document';
import { DOCUMENTED_ROUTES } from './documented';
import schemaOfOpenapi from './openapi-3.1.schema.json';
import { parametersOf } from './requests';
import { openSchemas } from './schemas';

const document = documentOf(DOCUMENTED_ROUTES);
const documented = DOCUMENTED_ROUTES.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
const foreignMounts = DIALECTS.filter((dialect) => dialect.documented === undefined).map(({ mount }) => mount);

/** Addresses that the document leaves out, and why. */
const LEFT_OUT: [RegExp, string][] = [
  [/^GET \/openapi\.json$/, 'the document itself'],
  [/^GET \/$/, 'leads to the page that shows the document'],
  [/^GET \/docs(\/|$)/, 'pages for people, made of the document'],
  [/^(GET|POST) \/admin\//, 'pages for people: the board and its sign-in'],
  [/^GET \/metrics$/, 'for Prometheus, in a form of its own'],
  ...foreignMounts.map((mount): [RegExp, string] => [
    new RegExp(`^[A-Z]+ ${mount}/`),
    "another product's API: its own document tells of it",
  ]),
];

/** What the app has and the document does not tell of. */
function undocumented(app: object): string[] {
  return addressesOf(app).filter(
    (address) => !documented.includes(address) && !LEFT_OUT.some(([pattern]) => pattern.test(address)),
  );
}

async function withApp(look: (app: ReturnType<typeof appOf>) => void): Promise<void> {
  const store = await openTestStore();
  const api = await openTestApi(store.secretUrl);
  const limits = openRateLimits({ requestsPerMinute: 0, refusalsPerMinute: 0 });
  look(appOf({ ...api.context, limits, stopping: api.stopping.signal }));
  await api.close();
  await store.close();
}

test('every address of the app is in the document, every one of the document is in the app', () =>
  withApp((app) => {
    expect(undocumented(app)).toEqual([]);
    const known = addressesOf(app);
    expect(documented.filter((address) => !known.includes(address))).toEqual([]);
    expect(known.length).toBeGreaterThan(documented.length);
    // the check can fail: at the top, below a dialect, and below a mount that nobody knows
    app.get('/secret', () => {});
    app.use('/v1', Router().use(Router().put('/databases/:id/secret', () => {})));
    app.use(
      '/attic',
      Router().get('/secret', () => {}),
    );
    expect(undocumented(app)).toEqual(['GET /secret', 'PUT /v1/databases/:id/secret', 'GET /attic/secret']);
  }));

test('the document is OpenAPI 3.1 by its official schema, and every schema in it is JSON Schema', () => {
  const ajv = addFormats(new Ajv2020({ strict: false, allErrors: true }));
  ajv.addFormat('media-range', true); // the only one that nobody has built
  const validate = ajv.compile(schemaOfOpenapi);
  expect([validate(document), validate.errors]).toEqual([true, null]);
  expect(validate({ ...document, openapi: '3.0.3' })).toBe(false);
  for (const schema of schemasIn(document)) expect([ajv.validateSchema(schema), schema]).toEqual([true, schema]);
});

test('a viewer that fills in the first example by itself purges nothing and shows no password', () => {
  const flags = DOCUMENTED_ROUTES.flatMap((route) =>
    parametersOf(openSchemas(), route).filter(({ schema }) => Object(schema).type === 'boolean'),
  );
  expect(flags.map(({ name }) => name)).toEqual(expect.arrayContaining(['purge', 'reveal', 'dry_run']));
  for (const { examples } of flags) expect(Object.values(Object(examples))[0]).toEqual({ value: false });
});

/** Everything that stands under `schema`, or is one of the components. */
function schemasIn(part: unknown): object[] {
  if (typeof part !== 'object' || part === null) return [];
  return Object.entries(part).flatMap(([key, value]) => {
    if (key === 'schemas') return Object.values(Object(value));
    return key === 'schema' ? [Object(value)] : schemasIn(value);
  });
}

/** Health takes nothing that a caller could get wrong. */
const ACCEPTED = /^operation-4xx-response: .*#\/paths\/~1(healthz|readyz)\/get\/responses$/;

/** What is wrong with each. */
function lint(documents: object[]): string[][] {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(__dirname, 'lint.fixture.mjs')], {
    input: JSON.stringify(documents),
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const problems: string[][] = JSON.parse(stdout); // written by the fixture
  return problems.map((each) => each.filter((problem) => !ACCEPTED.test(problem)));
}

test('the linter has nothing to say, and would say something', () => {
  const [asItIs, withoutTags] = lint([document, { ...document, tags: [{ name: 'Attic', description: 'Nothing.' }] }]);
  expect(asItIs).toEqual([]);
  expect(withoutTags).toContainEqual(expect.stringMatching(/^operation-tag-defined: /));
});
