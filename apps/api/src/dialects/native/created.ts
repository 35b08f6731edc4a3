// The answers to what is done at once: made, as it is now, or gone.
import { pathTo } from '../../http/links';
import type { Answer } from '../../http/once';
import type { Call } from '../../http/route';

/** 201 with `Location`; `path` is relative to the mount. */
export function created({ request }: Call, path: string, shown: object): Answer {
  return { status: 201, headers: { Location: pathTo(request, path) }, body: shown };
}

/** 200. */
export function changed(shown: object): Answer {
  return { status: 200, body: shown };
}

/** 204. */
export const GONE: Answer = { status: 204 };
