// A secret gives its value to `reveal()` and to nothing else, however it is printed, copied or thrown.
import { format, inspect } from 'node:util';
import { PlatformError } from './errors';
import { Secret } from './secret';

const VALUE = 'korrekt-horse-battery';
const secret = new Secret(VALUE);

test('reveal gives the value', () => {
  expect(secret.reveal()).toBe(VALUE);
});

const nested = { a: [{ b: new Map([['c', secret]]) }, new Set([secret])], d: { e: { f: { g: secret } } } };

test.each<[string, () => string]>([
  ['a template string', () => `${secret}`],
  ['concatenation', () => `x${String(secret)}`],
  ['joining', () => [secret, secret].join()],
  ['an object key', () => Object.keys({ [String(secret)]: 1 }).join()],
  ['JSON', () => JSON.stringify(secret)],
  ['nested JSON', () => JSON.stringify({ a: [{ secret }] }, null, 2)],
  ['inspect', () => inspect(secret)],
  [
    'inspect of everything, hidden members too',
    () => inspect(secret, { showHidden: true, depth: null, getters: true }),
  ],
  ['inspect without our say', () => inspect(secret, { customInspect: false, showHidden: true })],
  ['nested inspect', () => inspect(nested, { depth: null, showHidden: true })],
  ['format, as console does', () => format('%s %o %O %j', secret, secret, nested, secret)],
  ['the message of an error', () => inspect(new Error(`no ${secret}`))],
  [
    'the cause of an error',
    () => inspect(new PlatformError('internal', 'broke', { cause: { secret } }), { depth: null }),
  ],
  ['an error thrown with it', () => inspect(Object.assign(new Error('x'), { secret }), { depth: null })],
  ['its own keys', () => [...Object.getOwnPropertyNames(secret), ...Reflect.ownKeys(secret).map(String)].join()],
  ['its own values', () => JSON.stringify(Object.entries(secret))],
  ['a spread copy', () => inspect({ ...secret }, { depth: null, showHidden: true })],
  ['Object.assign', () => inspect(Object.assign({}, secret))],
  ['a structured clone', () => inspect(structuredClone(nested), { depth: null, showHidden: true })],
  ['valueOf', () => String(secret.valueOf())],
])('%s does not show it', (_, print) => {
  expect(print()).not.toContain(VALUE);
});

test('what is printed in its place says that something is hidden', () => {
  expect(`${secret} ${JSON.stringify({ secret })} ${inspect([secret])}`).toBe(
    '[secret] {"secret":"[secret]"} [ [secret] ]',
  );
});

test('two secrets are not told apart by comparing them as text', () => {
  expect(String(new Secret('one'))).toBe(String(new Secret('other, and longer')));
});
