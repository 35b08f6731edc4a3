// What the driver and the server throw becomes ours at this wall, without commands or secrets.
import { inspect } from 'node:util';
import { MongoNetworkError, MongoServerError } from 'mongodb';
import { errorOf, faultOf } from './errors';

const spoken = (code: number, errmsg = 'no') => new MongoServerError({ code, codeName: 'Name', errmsg });

test.each([
  [13, 'admin_refused'],
  [18, 'admin_refused'],
  [50, 'deadline_passed'],
  [64, 'deadline_passed'],
  [91, 'server_unreachable'],
  [112, 'server_busy'],
  [10107, 'server_unreachable'],
  [11000, 'taken_on_server'],
  [11601, 'server_unreachable'],
  [13297, 'taken_on_server'],
  [51003, 'taken_on_server'],
  [2, 'engine_refused'],
  [59, 'engine_refused'],
])('%i is %s', (code, expected) => {
  expect(errorOf(faultOf(spoken(code))).code).toBe(expected);
});

test.each([
  [new MongoNetworkError('closed'), 'server_unreachable'],
  [
    new MongoNetworkError('x', { cause: Object.assign(new Error('x'), { code: 'ECONNREFUSED' }) }),
    'server_unreachable',
  ],
  [
    new MongoNetworkError('x', { cause: Object.assign(new Error('x'), { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }) }),
    'tls_failed',
  ],
  [
    new MongoNetworkError('x', { cause: Object.assign(new Error('x'), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' }) }),
    'tls_failed',
  ],
  [new Error('Unassigned code point'), 'engine_refused'],
])('%s is %s', (error, expected) => {
  expect(errorOf(faultOf(error)).code).toBe(expected);
});

test('what may quote a value is not told, what was refused is', () => {
  const quoting = errorOf(faultOf(spoken(2, 'bad value hunter2')));
  expect(quoting.message).toBe('MongoDB refused a command (Name 2)');
  expect(inspect(quoting, { depth: 9 })).not.toContain('hunter2');
  expect(errorOf(faultOf(spoken(13, 'not authorized on shop'))).message).toContain('not authorized on shop');
});
