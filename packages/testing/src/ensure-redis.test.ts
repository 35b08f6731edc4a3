// Where there is no Redis and none can be installed, a run says so; with CI=true it does not begin.
import { ensureRedis } from './ensure-redis';

const { PATH, CI } = process.env;

beforeEach(() => {
  process.env.PATH = '/nothing-here';
});
afterEach(() => {
  process.env.PATH = PATH;
  if (CI === undefined) delete process.env.CI;
  else process.env.CI = CI;
});

test('the reason names what to install', () => {
  process.env.CI = 'false';
  expect(ensureRedis()).toContain('apt-get install redis-server');
});

test('with CI=true nothing is left out: it throws', () => {
  process.env.CI = 'true';
  expect(() => ensureRedis()).toThrow('redis-server is not on the PATH');
});
