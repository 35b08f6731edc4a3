// The body of a create is an id; where the database goes is said by what operators gave the key for defaults.
import { type Caller, type DatabaseCreateInput, databaseCreate } from '@berth/actions';
import { PlatformError } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import { readBody } from '../../http/body';
import { homeProject } from '../../http/projects';
import { askOverFailed, requestAndWait } from '../../http/request-and-wait';
import type { Call } from '../../http/route';
import type { ApiContext } from '../dialect';
import { numberOfResourceId } from './resource-id';

/** learn.microsoft.com/rest/api/cosmos-db/create-a-database */
const ID_LENGTH_MAX = 255;

const PLACES = ['engine', 'plan', 'project', 'environment', 'pool'];

/**
 * The id of the body; all else in it, as a throughput, is not read. Throws `invalid_request`, for what looks like a `_rid` too:
 * one address would lead to two databases, and a repeated delete from the one to the other.
 */
export async function readNewId(call: Call): Promise<string> {
  const body = await readBody(call, ['anyAsJson']); // the product's own examples name no type
  const id: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, 'id') : undefined;
  if (typeof id === 'string' && canBeName(id) && numberOfResourceId(id) === null) return id;
  const characters = `1 to ${ID_LENGTH_MAX} characters, none of them / \\ ? # or a control character`;
  const rule = `${characters}, with no space at its end, and not of the form of a _rid`;
  throw new PlatformError(
    'invalid_request',
    `The input name is invalid. Ensure to provide an id that is a string of ${rule}.`,
  );
}

/** Asks for it and waits ten seconds at most. Throws `name_taken`, and what its kind refuses. */
export async function createAndWait(
  api: ApiContext,
  call: Call,
  access: Caller,
  name: string,
): Promise<ActionWithSteps> {
  const project = (await homeProject(api.store, access))?.id;
  const input: DatabaseCreateInput = { name, project, mayBeReserved: true, ownerLogin: 'auto' };
  const ask = () => requestAndWait(api, call, databaseCreate, input, access);
  return askOverFailed(api, access, { name }, ask).catch((error: unknown) => {
    throw ofDefaults(error);
  });
}

/** Whether an id may be a new database's: no characters that end a path or a link, or that nobody sees. */
function canBeName(id: string): boolean {
  return id !== '' && id.length <= ID_LENGTH_MAX && !id.endsWith(' ') && !/[/\\?#\p{Cc}\p{Cs}]/u.test(id);
}

/** The caller named no place, and can name none: what lacks is a default of its key. */
function ofDefaults(error: unknown): unknown {
  const isOurs = error instanceof PlatformError && error.code === 'invalid_request';
  const missing = isOurs ? error.fields.map(({ field }) => field).filter((field) => PLACES.includes(field)) : [];
  if (missing.length === 0) return error;
  return new PlatformError(
    'invalid_request',
    `The key has no default for: ${missing.join(', ')}. An operator can set one.`,
  );
}
