// What the driver and the server throw becomes ours at this wall, without statements or secrets.
import { inspect } from 'node:util';
import { errnoOf, errorOf, faultOf } from './errors';

const spoken = (errno: number, message = 'no') =>
  Object.assign(new Error(message), { errno, sqlState: '42000', code: 'ER_SOMETHING', sql: "IDENTIFIED BY 'hunter2'" });
const unspoken = (code: string, message = 'no') => Object.assign(new Error(message), { code });

test.each([
  [1045, 'admin_refused'],
  [1044, 'admin_refused'],
  [1142, 'admin_refused'],
  [1227, 'admin_refused'],
  [4151, 'admin_refused'],
  [3118, 'admin_refused'],
  [1040, 'server_busy'],
  [1203, 'server_busy'],
  [1226, 'server_busy'],
  [1205, 'server_busy'],
  [1213, 'server_busy'],
  [1969, 'deadline_passed'],
  [3024, 'deadline_passed'],
  [1053, 'server_unreachable'],
  [1927, 'server_unreachable'],
  [4031, 'server_unreachable'],
  [1007, 'taken_on_server'],
  [1396, 'engine_refused'],
  [9999, 'engine_refused'],
])('what the server says becomes one of ours: %i is %s', (errno, code) => {
  const error = errorOf(faultOf(spoken(errno)));
  expect([error.code, errnoOf(error)]).toEqual([code, errno]);
});

test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', 'PROTOCOL_CONNECTION_LOST'])(
  'a socket that fails is a server that cannot be reached: %s',
  (code) => {
    expect(errorOf(faultOf(unspoken(code))).code).toBe('server_unreachable');
  },
);

test("a socket's own number is no server's word", () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', errno: -111 });
  expect(faultOf(refused)).toMatchObject({ errno: null, network: 'ECONNREFUSED' });
});

test.each([
  [unspoken('HANDSHAKE_NO_SSL_SUPPORT'), 'tls_failed'],
  [unspoken('HANDSHAKE_SSL_ERROR', 'self-signed certificate'), 'tls_failed'],
  [unspoken('HANDSHAKE_SSL_ERROR', 'read ECONNRESET'), 'server_unreachable'],
  [unspoken('AUTH_SWITCH_PLUGIN_ERROR', 'unknown plugin client_ed25519'), 'admin_refused'],
])('a certificate will not verify tomorrow, a cut line may hold: %s', (thrown, code) => {
  expect(errorOf(faultOf(thrown)).code).toBe(code);
});

test.each([1064, 1366, 1372, 1827])('a message that quotes a statement or a value is left out: %i', (errno) => {
  const error = errorOf(faultOf(spoken(errno, `near 'hunter2' at line 1`)));
  expect(error.message).toContain(String(errno));
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('hunter2');
});

test('no message is longer than what a procedure of a tenant needs to be understood', () => {
  expect(errorOf(faultOf(spoken(1644, 'x'.repeat(5_000)))).message.length).toBeLessThan(600);
});
