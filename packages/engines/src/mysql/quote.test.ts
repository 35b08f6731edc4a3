// Names and texts enter statements as what they are, whatever is in them.
import { codeOf } from '@berth/core';
import { escapePattern, isOneOf, quoteAccount, quoteEverythingIn, quoteLogin, quoteName, quoteText } from './quote';

const codeWhen = (deed: () => unknown): string => {
  try {
    deed();
  } catch (error) {
    return codeOf(error);
  }
  return 'done';
};

test.each([
  ['shop', '`shop`'],
  ['a`b', '`a``b`'],
  ['`; DROP DATABASE mysql; --', '```; DROP DATABASE mysql; --`'],
  ['a"b\'c\\d', '`a"b\'c\\d`'],
  ['数据库', '`数据库`'],
])('the name %j is %s', (name, quoted) => {
  expect(quoteName(name)).toBe(quoted);
});

test.each(['', 'a\0b', '\ud800', '🚢', 'ends in a space ', 'a'.repeat(65), 'é'.repeat(33)])(
  'a name that the server cannot hold as given is refused: %j',
  (name) => {
    expect([codeWhen(() => quoteName(name)), codeWhen(() => quoteLogin(name))]).toEqual([
      'engine_refused',
      'engine_refused',
    ]);
  },
);

test('a login has a shorter name than a database', () => {
  expect(codeWhen(() => quoteLogin('a'.repeat(33)))).toBe('engine_refused');
  expect(quoteName('a'.repeat(33))).toHaveLength(35);
});

test.each([
  ['plain', `'plain'`],
  [`it's`, `'it''s'`],
  ['a\\', `'a\\\\'`],
  [`\\' ACCOUNT LOCK -- `, `'\\\\'' ACCOUNT LOCK -- '`],
  ['🚢', `'🚢'`],
])('the text %j is %s', (text, quoted) => {
  expect(quoteText(text)).toBe(quoted);
});

test.each(['a\0b', '\ud800'])('a text that would arrive as another is refused: %j', (text) => {
  expect(codeWhen(() => quoteText(text))).toBe('engine_refused');
});

test('in a grant, and there alone, letters that stand for others are escaped', () => {
  expect(quoteEverythingIn(escapePattern('a_b%c\\d'))).toBe('`a\\_b\\%c\\\\d`.*');
  expect(quoteName('a_b')).toBe('`a_b`');
});

test('an account is a name from anywhere; a role has no host, and PUBLIC is a word', () => {
  expect(quoteLogin(`o'neil`)).toBe(`'o''neil'@'%'`);
  expect(quoteAccount('', 'localhost')).toBe(`''@'localhost'`);
  expect([quoteAccount('re`ader', ''), quoteAccount('PUBLIC', '')]).toEqual(['`re``ader`', 'PUBLIC']);
});

test('a column is never one of no texts', () => {
  expect(isOneOf('user', [])).toBe('FALSE');
});
