// The one place where tests may be left out, because a run must say which and why.

/** `describe` where `condition` holds; elsewhere the tests are skipped and `reason` is printed. */
export function describeWhere(condition: boolean, reason: string, name: string, body: () => void): void {
  if (condition) {
    describe(name, body);
    return;
  }
  say(reason, name);
  describe.skip(`${name} (${reason})`, body);
}

/** `test` where `condition` holds; elsewhere it is skipped and `reason` is printed. */
export function testWhere(condition: boolean, reason: string, name: string, body: () => Promise<void>): void {
  if (condition) {
    test(name, body);
    return;
  }
  say(reason, name);
  test.skip(`${name} (${reason})`, body);
}

function say(reason: string, name: string): void {
  process.stderr.write(`skipped: ${name} (${reason})\n`);
}
