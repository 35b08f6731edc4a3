// A hand that does what is asked for while a request waits, as a worker would, by the store alone.
import { makePassword } from '@berth/secrets';
import type { Action } from '@berth/store';
import type { Response } from 'supertest';
import { claim, succeed, type TestApi } from './api.fixture';

/** What is done of an action, and how it ends; default: everything succeeds. */
export type Hand = (api: TestApi, action: Action) => Promise<void>;

/** Sends a request, or several, and does what is asked for meanwhile. */
export async function worked<Answer = Response>(
  api: TestApi,
  sent: PromiseLike<Answer>,
  hand: Hand = succeedAny,
): Promise<Answer> {
  let isOver = false;
  const answer = Promise.resolve(sent).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    const { data } = await api.context.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
    for (const action of data.reverse()) await hand(api, action);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return answer;
}

export const succeedAny: Hand = async (api, action) => {
  if (action.kind === 'credential_reset') await giveNewPassword(api, action);
  else await succeed(api, action.id);
};

/** Ends it as a server's refusal does, and what it was about as its kind does. */
export const refuseAny: Hand = async (api, action) => {
  const claimed = await claim(api, action.id);
  await api.context.store.transaction(async (tx) => {
    await tx.actions.fail(claimed, 'engine_refused', 'The server refused: no more of that.');
    if (action.kind === 'database_create') await tx.databases.becomeFailed(action.database_id ?? '');
    if (action.kind.endsWith('_create')) await tx.credentials.becomeFailed(action.credential_id ?? '');
  });
};

async function giveNewPassword(api: TestApi, action: Action): Promise<void> {
  const { keyRing, store } = api.context;
  const claimed = await claim(api, action.id);
  const id = action.credential_id ?? '';
  await store.credentials.proposeSecret(id, keyRing.seal(makePassword(), `credential/${id}/password`));
  await store.transaction(async (tx) => {
    await tx.actions.finish(claimed);
    await tx.credentials.adoptPendingSecret(id);
  });
}
