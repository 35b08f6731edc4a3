// The answers to what is done at once: made, or gone.
import type { Call } from '../../http/route';

/** 201 with `Location`, which is relative to the mount. */
export function answerCreated({ request, response }: Call, path: string, shown: object): void {
  response.status(201).location(`${request.baseUrl}${path}`).json(shown);
}

/** 204. */
export function answerGone({ response }: Call): void {
  response.status(204).end();
}
