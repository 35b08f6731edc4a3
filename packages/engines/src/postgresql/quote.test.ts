// Quoting holds against every name and text that tries to get out.
import { codeOf } from '@berth/core';
import { quoteIdentifier, quoteLiteral } from './quote';

const codeFrom = (deed: () => unknown) => {
  try {
    deed();
    return null;
  } catch (error) {
    return codeOf(error);
  }
};

test.each([
  ['shop', '"shop"'],
  ['a"b', '"a""b"'],
  ['"; DROP DATABASE x; --', '"""; DROP DATABASE x; --"'],
  ['a\\"b', '"a\\""b"'],
  ["a'b", `"a'b"`],
  ['select', '"select"'],
  ['UPPER', '"UPPER"'],
  ['a\nb', '"a\nb"'],
  ['pоstgres', '"pоstgres"'], // a Cyrillic o: another name, kept as it is
])('an identifier is one quoted word: %j', (name, quoted) => {
  expect(quoteIdentifier(name)).toBe(quoted);
});

test.each([
  ['shop', "'shop'"],
  ["a'b", "'a''b'"],
  ["\\' ACCOUNT LOCK -- ", " E'\\\\'' ACCOUNT LOCK -- '"],
  ['a\\', " E'a\\\\'"],
  ['', "''"],
  ["'; DROP ROLE x; --", "'''; DROP ROLE x; --'"],
  ['$$', "'$$'"],
])('a literal is one quoted text: %j', (text, quoted) => {
  expect(quoteLiteral(text)).toBe(quoted);
});

test.each([
  ['nothing', ''],
  ['NUL', 'a\0b'],
  ['64 bytes, which the server would cut to 63', 'a'.repeat(64)],
  ['64 bytes in 32 characters', 'é'.repeat(32)],
  ['half a surrogate pair', 'a\ud800'],
])('an identifier of %s is refused', (_what, name) => {
  expect(codeFrom(() => quoteIdentifier(name))).toBe('engine_refused');
});

test('an identifier of 63 bytes is taken', () => {
  expect(quoteIdentifier(`${'é'.repeat(31)}a`)).toBe(`"${'é'.repeat(31)}a"`);
});

test.each([['a\0b'], ['\udc00']])('a literal that cannot be sent is refused: %j', (text) => {
  expect(codeFrom(() => quoteLiteral(text))).toBe('engine_refused');
});

test('a refusal does not repeat what was refused', () => {
  expect(() => quoteLiteral('hunter2\0')).toThrow(
    expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
  );
});
