// What is served to people: the document, the viewer that shows it, the errors. Everything comes from this host.
import { ERRORS } from '@berth/core';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { openTestApi, type TestApi } from '../api.fixture';
import { documentOf } from './document';
import { DOCUMENTED_ROUTES } from './documented';

let api: TestApi;
let closeStore: () => Promise<void>;

beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  api = await openTestApi(store.secretUrl);
});

afterAll(async () => {
  await api?.close();
  await closeStore?.();
});

const get = (path: string) => request(api.app).get(path);

test('the document is served to everybody, and sent again only when it changed', async () => {
  const answer = await get('/openapi.json');
  expect([answer.status, answer.get('content-type')]).toEqual([200, 'application/json; charset=utf-8']);
  expect(answer.body).toEqual(JSON.parse(JSON.stringify(documentOf(DOCUMENTED_ROUTES))));
  const etag = answer.get('etag') ?? '';
  expect([etag, answer.get('cache-control')]).toEqual([expect.stringMatching(/^"[\w-]{27}"$/), 'no-cache']);
  expect((await get('/openapi.json')).get('etag')).toBe(etag);
  const again = await get('/openapi.json').set('if-none-match', etag);
  expect([again.status, again.text]).toEqual([304, '']);
  expect((await get('/openapi.json').set('if-none-match', '"another"')).status).toBe(200);
});

test('/ leads whoever opens it to the viewer, and takes nothing else', async () => {
  for (const call of [request(api.app).get('/'), request(api.app).head('/')]) {
    const { status, headers } = await call;
    expect([status, headers.location]).toEqual([302, '/docs']);
  }
  const sent = await request(api.app).post('/').send({});
  expect([sent.status, sent.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
});

/** Every address in a page that a browser would fetch. */
function fetchedBy(page: string): string[] {
  return [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => address);
}

test('the viewer is made of files of this host alone, each with its type, under a policy that lets nothing else in', async () => {
  const page = await get('/docs');
  expect([page.status, page.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const addresses = fetchedBy(page.text);
  expect(addresses).toEqual(
    expect.arrayContaining(['/docs/assets/swagger-ui-bundle.js', '/docs/assets/swagger-ui.css']),
  );
  for (const address of addresses) {
    expect(address).toMatch(/^\/(?!\/)/);
    const { status, headers } = await get(address);
    expect([address, status]).toEqual([address, 200]);
    const [, extension = ''] = /\.(js|css|png|json)$/.exec(address) ?? [];
    expect(headers['content-type']).toContain(
      { js: 'javascript', css: 'css', png: 'png', json: 'json' }[extension] ?? 'html',
    );
  }
  expect(page.text).not.toMatch(/<script>|<script [^>]*>[^<]|\son\w+=/); // the policy has no room for these
  const policy = page.get('content-security-policy') ?? '';
  expect(policy).toContain("default-src 'self'");
  expect(policy).toContain("script-src 'self';");
  expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
});

test('the viewer shows this document and asks nobody whether it is valid', async () => {
  const { text } = await get('/docs/assets/start.js');
  expect(text).toContain("url: '/openapi.json'");
  expect(text).toContain('validatorUrl: null');
  expect(text).not.toMatch(/https?:/);
});

test('style sheets fetch nothing', async () => {
  const { text } = await get('/docs/assets/swagger-ui.css');
  const fetched = [...text.matchAll(/url\(["']?([^"')]{0,20})|@import/g)].map(([all, address]) => address ?? all);
  expect(fetched.length).toBeGreaterThan(0);
  expect(fetched.filter((address) => !address.startsWith('data:'))).toEqual([]);
});

test('only the files of the viewer are served from its folder, and a browser need not fetch them again', async () => {
  for (const file of [
    'package.json',
    'index.js',
    '..%2f..%2fpackage.json',
    '..%2fpackage.json',
    'swagger-ui.css.map',
  ]) {
    const { status, body } = await get(`/docs/assets/${file}`);
    expect([file, status, body.code]).toEqual([file, 404, 'not_found']);
  }
  const bundle = await get('/docs/assets/swagger-ui-bundle.js');
  expect(bundle.get('cache-control')).toContain('max-age=3600');
  const again = await get('/docs/assets/swagger-ui-bundle.js').set(
    'if-modified-since',
    bundle.get('last-modified') ?? '',
  );
  expect(again.status).toBe(304);
});

test("what a problem's type leads to is there, for every code", async () => {
  const { body } = await get('/v1/databases');
  expect(body.type).toBe('/docs/errors#unauthenticated');
  const page = await get('/docs/errors');
  expect([page.status, page.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
  const anchors = [...page.text.matchAll(/<tr id="(\w+)">/g)].map(([, code]) => code);
  expect(anchors).toEqual(Object.keys(ERRORS));
  for (const { title } of Object.values(ERRORS)) expect(page.text).toContain(title);
  expect(fetchedBy(page.text).filter((address) => !/^[/#]/.test(address))).toEqual([]);
});

test('a part of a file, or a file on a condition, is the file', async () => {
  for (const headers of [
    { range: 'bytes=99999999-' },
    { 'if-match': '"x"' },
    { 'if-unmodified-since': 'Mon, 01 Jan 2001 00:00:00 GMT' },
  ]) {
    const answer = await get('/docs/assets/favicon-32x32.png').set(headers);
    expect([answer.status, answer.get('cache-control')]).toEqual([200, 'public, max-age=3600']);
  }
  const missing = await get('/docs/assets/none.js');
  expect([missing.status, missing.get('cache-control')]).toEqual([404, 'no-store']);
});
