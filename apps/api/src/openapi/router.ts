// `/openapi.json`, and `/docs` to read it, where `/` leads: for everybody, since it tells nothing of what is in the store.
import { createHash } from 'node:crypto';
import { dirname } from 'node:path';
import { PlatformError } from '@berth/core';
import type { Router } from 'express';
import { type Call, routerOf } from '../http/route';
import { documentOf } from './document';
import { DOCUMENTED_ROUTES } from './documented';
import { errorsPage, VIEWER_START, viewerPage } from './pages';

const VIEWER_PATH = '/docs';
const ASSETS_PATH = '/docs/assets';
/** Sent from disk as they are asked for, and held by no process. */
const ASSETS = ['swagger-ui-bundle.js', 'swagger-ui.css', 'favicon-32x32.png'];
/** Found without loading it: its code is for browsers. */
const VIEWER = dirname(require.resolve('swagger-ui-dist/package.json'));
/** They change with a version of Berth; a browser asks again after an hour. */
const ASSETS_MS = 60 * 60 * 1_000;

/** Makes the document when it is asked for first, and keeps its text. */
export function openapiRouter(): Router {
  let made: { text: string; etag: string } | null = null;
  const page = (path: string, send: (call: Call) => void) => ({
    method: 'get' as const,
    path,
    handle: async (call: Call) => send(call),
  });
  return routerOf([
    page('/openapi.json', ({ response }) => {
      made ??= make();
      response.set({ 'Cache-Control': 'no-cache', ETag: made.etag }).type('json').send(made.text);
    }),
    page('/', ({ response }) => response.redirect(302, VIEWER_PATH)),
    page(VIEWER_PATH, ({ response }) => void response.type('html').send(viewerPage(ASSETS_PATH))),
    page('/docs/errors', ({ response }) => void response.type('html').send(errorsPage(ASSETS_PATH))),
    page(`${ASSETS_PATH}/start.js`, ({ response }) => void response.type('js').send(VIEWER_START)),
    { method: 'get', path: `${ASSETS_PATH}/:file`, handle: sendAsset },
  ]);
}

function make(): { text: string; etag: string } {
  const text = JSON.stringify(documentOf(DOCUMENTED_ROUTES));
  return { text, etag: `"${createHash('sha256').update(text).digest('base64url').slice(0, 27)}"` };
}

/** Throws `not_found`. */
async function sendAsset({ request, response }: Call): Promise<void> {
  const file = ASSETS.find((each) => each === request.params.file);
  if (file === undefined) throw new PlatformError('not_found', 'There is nothing at this address.');
  for (const condition of ['if-match', 'if-unmodified-since']) delete request.headers[condition]; // of files that nobody writes
  await new Promise<void>((resolve, reject) => {
    response.sendFile(file, { root: VIEWER, maxAge: ASSETS_MS, acceptRanges: false }, (error) => {
      if (error && !response.headersSent) reject(error);
      else resolve(); // sent, or its reader has left
    });
  });
}
