// What a login of an access may be: a word of what other products allow, and never with the colon that ends it.
import { isLogin } from './access';

test.each(['a', 'admin', 'Admin_2', '123', 'john.doe+ci@example.org', '-', 'x'.repeat(64)])(
  '%j may be one',
  (login) => {
    expect(isLogin(login)).toBe(true);
  },
);

test.each(['', 'a:b', 'a b', ' a', 'a\n', 'a\0', 'ä', 'a/b', 'x'.repeat(65)])('%j may not', (login) => {
  expect(isLogin(login)).toBe(false);
});
