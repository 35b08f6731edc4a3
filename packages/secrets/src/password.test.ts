// Passwords and tokens are long, plain and never alike.
import { hashToken, makePassword, makeToken } from './password';

describe('passwords and tokens', () => {
  it('need no escaping anywhere, and differ', () => {
    const made = Array.from({ length: 200 }, () => makePassword().reveal());
    expect(new Set(made).size).toBe(200);
    for (const password of made) expect(password).toMatch(/^[A-Za-z2-9]{32}$/);
    expect(makeToken().reveal()).toMatch(/^berth_[A-Za-z2-9]{40}$/);
  });

  it('keeps only a hash that does not show the token', () => {
    const token = makeToken();
    expect(hashToken(token)).toMatch(/^[0-9a-f]{64}$/);
    expect(hashToken(token)).not.toBe(hashToken(makeToken()));
    expect(`${token} ${JSON.stringify({ token })}`).toBe('[secret] {"token":"[secret]"}');
  });
});
