// What a login of an access may be: a word of what other products allow, and never with the colon that ends it; and its password.
import { isLogin, problemOfPassword } from './access';

test.each(['a', 'admin', 'Admin_2', '123', 'john.doe+ci@example.org', '-', 'x'.repeat(64)])(
  '%j may be one',
  (login) => {
    expect(isLogin(login)).toBe(true);
  },
);

test.each(['', 'a:b', 'a b', ' a', 'a\n', 'a\0', 'ä', 'a/b', 'x'.repeat(65)])('%j may not', (login) => {
  expect(isLogin(login)).toBe(false);
});

test.each([
  ['123456', null],
  ['ä😀'.repeat(3), null],
  ['😀'.repeat(200), null],
  ['', 'length'],
  ['😀'.repeat(5), 'length'],
  ['x'.repeat(201), 'length'],
  ['with\0nul', 'characters'],
  ['\n', 'characters'],
  ['half \ud83d one', 'characters'],
])('of the password %j is wrong: %s', (text, problem) => {
  expect(problemOfPassword(text)).toBe(problem);
});
