// The two pages that are not the board's. Nothing that a caller sent is ever in them.

/** The sign-in form, with what was wrong the last time. */
export function signInPage(problem: string | null): string {
  const notice = problem === null ? '' : `<p role="alert"><strong>${problem}</strong></p>`;
  return page(
    'Sign in to Berth',
    `${notice}
    <form method="post" action="/admin/sign-in">
      <label for="token">Token with the scope <code>operator</code></label>
      <input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
      <button>Sign in</button>
    </form>`,
  );
}

/** What the board shows while the queue does not answer. */
export function queueDownPage(): string {
  return page(
    'The queue does not answer',
    `<p>The board shows nudges, and their queue cannot be reached now. Requests are still accepted and remembered;
    maintenance nudges the workers again as soon as the queue is back.</p>
    <p><a href="/admin/queues">Look again</a></p>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${title}</title>
    <style>
      body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 20vh auto 0; padding: 0 1rem; }
      label, input, button { display: block; width: 100%; box-sizing: border-box; margin-bottom: 0.75rem; }
      input, button { font: inherit; padding: 0.5rem; }
    </style>
  </head>
  <body>
    <h1>${title}</h1>
    ${body}
  </body>
</html>
`;
}
