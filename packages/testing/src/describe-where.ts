// The one place where tests may be left out, because a run must say which and why.

/** `describe` where `condition` holds; elsewhere the tests are skipped and `reason` is printed. */
export function describeWhere(condition: boolean, reason: string, name: string, body: () => void): void {
  if (condition) {
    describe(name, body);
    return;
  }
  process.stderr.write(`skipped: ${name} (${reason})\n`);
  describe.skip(`${name} (${reason})`, body);
}
