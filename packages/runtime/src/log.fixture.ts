// A process that writes to the log what its first argument names, for log.test.ts.
import { PlatformError, Secret } from '@berth/core';
import { type LogFields, openLog } from './log';

const secret = new Secret('logged-secret');

/** What a driver throws: it hangs the statement, its values and the login on the error. */
function driverError(): Error {
  const more = { query: 'ALTER ROLE x PASSWORD logged-secret', parameters: ['logged-secret'], code: '42501', secret };
  return Object.assign(new Error('permission denied'), more, { toJSON: () => more });
}

const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', secret });

/** As somebody would pass it who has more in hand than the list allows. */
function wider(fields: object): LogFields {
  return { actionId: 'act_1', ...fields };
}

function round(): Error {
  const error = new Error('round');
  error.cause = error;
  return error;
}

const CASES: Record<string, () => LogFields> = {
  list: () => ({ actionId: 'act_1', attempt: 2, code: 'internal', durationMs: 3, kind: 'database_create' }),
  driver: () => ({ error: driverError() }),
  cause: () => ({ error: new PlatformError('engine_refused', 'The server refused', { cause: driverError() }) }),
  deep: () => ({ error: [1, 2, 3, 4, 5, 6, 7].reduce((cause, at) => new Error(`at ${at}`, { cause }), driverError()) }),
  round: () => ({ error: round() }),
  reason: () => ({ reason: new AggregateError([refused, driverError()], '', { cause: refused }) }),
  text: () => ({ error: 'logged-secret' }),
  object: () => ({ error: { password: 'logged-secret' } }),
  secret: () => wider({ url: secret }),
  row: () => wider({ password: 'logged-secret', body: { password: 'logged-secret' }, headers: ['logged-secret'] }),
};

const [name = '', level = 'info'] = process.argv.slice(2);
const log = openLog('test', level);

if (name === 'soon') {
  for (const count of [1, 2]) log.infoSoon({ count }, 'soon line');
  log.info({ count: 3 }, 'info line');
  for (const count of [4, 5]) log.infoSoon({ count }, 'soon line');
} else if (name === 'stay') {
  log.infoSoon({ count: 1 }, 'soon line');
  process.stdin.resume();
} else {
  const fields = CASES[name];
  if (fields === undefined) throw new Error(`no such case: ${name}`);
  log.debug(fields(), 'debug line');
  log.info(fields(), 'info line');
  log.warn(fields(), 'warn line');
  log.error(fields(), 'error line');
}
