// What the driver and the server throw becomes ours at this wall, without statements or secrets.
import { inspect } from 'node:util';
import { errorOf, faultOf } from './errors';

const spoken = (code: string, message = 'no') => ({ severity: 'ERROR', code, message, routine: 'someRoutine' });

test.each([
  ['28P01', 'admin_refused'],
  ['28000', 'admin_refused'],
  ['42501', 'admin_refused'],
  ['53300', 'server_busy'],
  ['55006', 'server_busy'],
  ['40001', 'server_busy'],
  ['40P01', 'server_busy'],
  ['55P03', 'server_busy'],
  ['57014', 'deadline_passed'],
  ['57P01', 'server_unreachable'],
  ['57P02', 'server_unreachable'],
  ['57P03', 'server_unreachable'],
  ['08006', 'server_unreachable'],
  ['42P04', 'taken_on_server'],
  ['42710', 'taken_on_server'],
  ['58030', 'engine_refused'],
])('what the server says becomes one of ours: %s is %s', (sqlstate, code) => {
  expect(errorOf(faultOf(spoken(sqlstate))).code).toBe(code);
});

test('a collision of two sessions on one catalogue row may be tried again; other internal errors may not', () => {
  expect(errorOf(faultOf(spoken('XX000', 'tuple concurrently updated'))).code).toBe('server_busy');
  expect(errorOf(faultOf(spoken('XX000', 'cache lookup failed'))).code).toBe('engine_refused');
});

test.each(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET', 'EHOSTUNREACH', 'EPIPE'])(
  'a socket that fails is a server that cannot be reached: %s',
  (code) => {
    expect(errorOf(faultOf(Object.assign(new Error('socket'), { code }))).code).toBe('server_unreachable');
  },
);

test.each(['Connection terminated unexpectedly', 'timeout expired', 'Client was closed and is not queryable'])(
  'a connection that is gone is a server that cannot be reached: %s',
  (message) => {
    expect(errorOf(faultOf(new Error(message))).code).toBe('server_unreachable');
  },
);

test.each([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_HAS_EXPIRED',
])('a certificate that does not verify is not waited for: %s', (code) => {
  expect(errorOf(faultOf(Object.assign(new Error('tls'), { code }))).code).toBe('tls_failed');
});

test('nothing of a statement or a value gets through', () => {
  const leaks = [
    spoken('42601', 'syntax error at or near "hunter2"'),
    spoken('22P02', 'invalid input syntax for type integer: "hunter2"'),
    { ...spoken('58030'), detail: 'hunter2', where: 'hunter2', internalQuery: 'hunter2', hint: 'hunter2' },
  ];
  for (const leak of leaks) expect(inspect(errorOf(faultOf(leak)), { depth: 9 })).not.toContain('hunter2');
});

test("the engine's own reason is told, with its SQLSTATE", () => {
  expect(errorOf(faultOf(spoken('53100', 'could not extend file'))).message).toBe(
    'PostgreSQL says: could not extend file (SQLSTATE 53100)',
  );
});
