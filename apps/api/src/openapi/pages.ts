// The pages that people read: the document in a viewer, and every error that a problem's `type` leads to.
import { ERRORS, type Retry } from '@berth/core';

/** The viewer's own files and the one line that starts it. Nothing comes from elsewhere, and nothing is written inline. */
export function viewerPage(assets: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Berth: the API</title>
    <link rel="icon" type="image/png" href="${assets}/favicon-32x32.png">
    <link rel="stylesheet" href="${assets}/swagger-ui.css">
  </head>
  <body>
    <noscript>Without JavaScript: <a href="/openapi.json">/openapi.json</a> and <a href="/docs/errors">the errors</a>.</noscript>
    <div id="viewer"></div>
    <script src="${assets}/swagger-ui-bundle.js"></script>
    <script src="${assets}/start.js"></script>
  </body>
</html>
`;
}

/** Starts the viewer. It would ask a validator in the web about documents that are not on localhost: not this one. */
export const VIEWER_START = `SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#viewer',
  validatorUrl: null,
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  persistAuthorization: false,
});
`;

const RETRIES: Record<Retry, string> = {
  never: 'fails at once',
  count: 'tries again a limited number of times',
  postpone: 'waits for the server to come back',
};

/** `/docs/errors#name_taken`: what a problem's `type` leads to. */
export function errorsPage(assets: string): string {
  const rows = Object.entries(ERRORS).map(
    ([code, { retry, status, title }]) =>
      `<tr id="${code}"><td><a href="#${code}"><code>${code}</code></a></td><td>${status}</td><td>${title}</td><td>${RETRIES[retry]}</td></tr>`,
  );
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Berth: the errors</title>
    <link rel="icon" type="image/png" href="${assets}/favicon-32x32.png">
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
      table { border-collapse: collapse; width: 100%; }
      th, td { text-align: left; padding: 0.3rem 0.75rem 0.3rem 0; border-bottom: 1px solid #ddd; vertical-align: top; }
      tr:target { background: #fff3c4; }
    </style>
  </head>
  <body>
    <h1>The errors of Berth</h1>
    <p>A refusal is a problem document (RFC 9457): <code>code</code> says what happened and never changes,
    <code>detail</code> what to do. A failed action holds the same <code>code</code> in its <code>error</code>; the last
    column is what an action does when a step fails so. <a href="/docs">The API</a>.</p>
    <table>
      <thead><tr><th>code</th><th>status</th><th>what happened</th><th>an action</th></tr></thead>
      <tbody>
        ${rows.join('\n        ')}
      </tbody>
    </table>
  </body>
</html>
`;
}
