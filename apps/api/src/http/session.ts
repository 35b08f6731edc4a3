// Who calls with a session: its id, as products write it, and its secret. Nothing here says whether either is unknown, or the session over.
import { idOfUuid, Secret } from '@berth/core';
import { hashToken } from '@berth/secrets';
import type { OpenedSession, Store } from '@berth/store';

/** What a session's secret looks like; anything else is not looked up. */
const SECRET = /^[0-9a-f]{64}$/;

/**
 * The living session of this UUID and secret, and the access whose rights it has; null when the two are not of one. It is looked up by a
 * hash: the time it takes says nothing of how much of a secret was right.
 */
export async function findSession(
  { accesses }: Pick<Store, 'accesses'>,
  uuid: string,
  secret: string,
): Promise<OpenedSession | null> {
  const id = idOfUuid('access', uuid);
  return id === null || !SECRET.test(secret) ? null : accesses.findSession(id, hashToken(new Secret(secret)));
}
