// Refusals as MongoDB words them: `ok: 0` with a code, its name and a message. The codes are those of its error_codes.yml.

const CODES = {
  BadValue: 2,
  UserNotFound: 11,
  Unauthorized: 13,
  TypeMismatch: 14,
  AuthenticationFailed: 18,
  NamespaceNotFound: 26,
  CursorNotFound: 43,
  NamespaceExists: 48,
  MaxTimeMSExpired: 50,
  CommandNotFound: 59,
  InvalidNamespace: 73,
  CommandNotSupportedOnView: 166,
  RoleNotFound: 31,
  BSONObjectTooLarge: 10334,
  DuplicateKey: 11000,
  Interrupted: 11601,
  DatabaseDifferCase: 13297,
  Location40415: 40415,
  Location51002: 51002,
  Location51003: 51003,
} as const;

export type CodeName = keyof typeof CODES;

/** What a command is refused with. */
export class CommandError extends Error {
  readonly code: number;
  readonly codeName: CodeName;

  constructor(codeName: CodeName, message: string) {
    super(message);
    this.name = 'CommandError';
    this.code = CODES[codeName];
    this.codeName = codeName;
  }
}
