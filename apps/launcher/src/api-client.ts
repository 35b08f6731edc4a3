// The launcher's own calls of Berth's API, as any client would make them.
import type { Secret } from '@berth/core';
import { LaunchError } from '@berth/embedded';

/** One call: the parsed body of a 2xx answer. Throws LaunchError with the problem's own words for any other. */
export type CallApi = (method: string, path: string, options?: CallOptions) => Promise<unknown>;

interface CallOptions {
  body?: unknown;
  /** Seconds to wait for the action to end, as `Prefer: wait=…`. */
  waitS?: number;
}

const CALL_MS_MAX = 60_000;

/** A client for one API, with one token. */
export function openApiClient(apiUrl: string, token: Secret): CallApi {
  return async (method, path, options = {}) => {
    const response = await fetch(new URL(path, apiUrl), {
      method,
      headers: {
        Authorization: `Bearer ${token.reveal()}`,
        ...(options.body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(options.waitS === undefined ? {} : { Prefer: `wait=${options.waitS}` }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: AbortSignal.timeout(CALL_MS_MAX),
    });
    const text = await response.text();
    if (response.ok) return text === '' ? null : JSON.parse(text);
    throw new LaunchError(
      'api_refused',
      `${method} ${path} was answered with ${response.status}: ${describeProblem(text)}`,
      'The log of the api says more.',
    );
  };
}

// application/problem+json (RFC 9457), or whatever else came.
function describeProblem(text: string): string {
  try {
    const { title, detail, errors } = JSON.parse(text) as { title?: string; detail?: string; errors?: unknown };
    return [title, detail, errors === undefined ? undefined : JSON.stringify(errors)].filter(Boolean).join('. ');
  } catch {
    return text.slice(0, 200);
  }
}
