// Where a server is missing and cannot be installed, a run says so; with CI=true it does not begin.
import { ensureProgram, MARIADB, REDIS } from './ensure-program';

const { PATH, CI } = process.env;

beforeEach(() => {
  process.env.PATH = '/nothing-here';
});
afterEach(() => {
  process.env.PATH = PATH;
  if (CI === undefined) delete process.env.CI;
  else process.env.CI = CI;
});

const MISSING = { program: 'no-such-server', tools: [], debianPackages: ['no-such-package'] };

test('the reason names what to install', () => {
  process.env.CI = 'false';
  expect(ensureProgram(REDIS)).toContain('apt-get install redis-server');
  expect(ensureProgram(MISSING)).toContain('apt-get install no-such-package');
});

test('with CI=true nothing is left out: it throws', () => {
  process.env.CI = 'true';
  expect(() => ensureProgram(MISSING)).toThrow('no-such-server is not on the PATH');
});

test("a server is found in Debian's folder of servers, which is not on the PATH of every user", () => {
  process.env.PATH = '/usr/bin';
  expect(ensureProgram(MARIADB)).toBe(process.env.BERTH_TEST_NO_MARIADB ?? null);
});
