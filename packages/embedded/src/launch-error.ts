// What may keep an embedded Berth from running. Told to the person at the terminal, so each says what to do about it.

export type LaunchErrorCode =
  | 'setting_invalid'
  | 'home_unusable'
  | 'home_locked'
  | 'keys_lost'
  | 'user_unfit'
  | 'port_taken'
  | 'binaries_missing'
  | 'postgresql_failed'
  | 'server_failed'
  | 'app_failed'
  | 'api_refused'
  | 'first_run_failed'
  | 'demo_failed'
  | 'bench_failed'
  | 'interrupted';

/** `message` says what failed and why, `advice` what to do. Neither holds a secret. Test the `code`. */
export class LaunchError extends Error {
  readonly code: LaunchErrorCode;
  readonly advice: string;

  constructor(code: LaunchErrorCode, message: string, advice: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'LaunchError';
    this.code = code;
    this.advice = advice;
  }
}

/** The system's code of a failed call (`ENOENT`, `EACCES`), or an empty text for anything else that was thrown. */
export function systemCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}
