// The answers to what is done at once: made, or gone.
import type { Answer } from '../../http/once';
import type { Call } from '../../http/route';

/** 201 with `Location`; `path` is relative to the mount. */
export function created({ request }: Call, path: string, shown: object): Answer {
  return { status: 201, headers: { Location: `${request.baseUrl}${path}` }, body: shown };
}

/** 204. */
export function answerGone({ response }: Call): void {
  response.status(204).end();
}
