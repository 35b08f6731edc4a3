// An access: who calls, and how. None of the scopes includes another.

export const SCOPES = ['public', 'admin', 'credentials', 'operator'] as const;
/** `public` reads, `admin` writes, `credentials` sees passwords, `operator` runs servers, pools, plans, teams. */
export type Scope = (typeof SCOPES)[number];

export const ACCESS_KINDS = ['bearer', 'basic', 'session', 'cosmos_key', 'jwt_signer'] as const;
export type AccessKind = (typeof ACCESS_KINDS)[number];

const LOGIN = /^[A-Za-z0-9_.@+-]{1,64}$/;

/** Whether a Basic access may have this login: letter by letter, without the colon that ends it in RFC 7617. */
export function isLogin(text: string): boolean {
  return LOGIN.test(text);
}

/** The characters that a password of a Basic access may have, when somebody chose it. */
export const PASSWORD_LENGTH = { min: 6, max: 200 } as const;

/**
 * What is wrong with a password that somebody chose; null when nothing is. Characters are counted, not UTF-16; control characters
 * may not be sent (RFC 7617, 2), and half of one cannot be.
 */
export function problemOfPassword(text: string): 'characters' | 'length' | null {
  if (/[\p{Cc}\p{Surrogate}]/u.test(text)) return 'characters';
  const { length } = [...text];
  return length < PASSWORD_LENGTH.min || length > PASSWORD_LENGTH.max ? 'length' : null;
}
