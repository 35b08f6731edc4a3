// Asynchronous actions, as a caller polls them: every 15 s, until `finished_at` is set.
//
//   ours       queued    running   succeeded   failed, cancelled
//   status     queued -> started -> completed | failed
//
// The product documents no list of states, only `queued`; the other three words are ours.
import { isEnded, PlatformError } from '@berth/core';
import type { Access, Action, ActionPlace, ActionView, ActionWithSteps, Store } from '@berth/store';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { askedPage, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { getStack, type Stack } from './stacks';
import { timestampOf, timestampOrNull } from './timestamp';

export function actionRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/stacks/:stack_id/actions', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/stacks/:stack_id/actions/:id', handle: (call) => answerOne(api, call) },
  ];
}

/** An action that was just requested. */
export function requestedView(action: ActionWithSteps, access: Access) {
  return viewOf({ ...action, access, database: null, credential: null });
}

/** Callers know an action by its number: an error that names one by our id is told again. */
export async function namedByNumber(store: Store, error: unknown): Promise<unknown> {
  const actionId = error instanceof PlatformError && error.code === 'contradicts' ? error.actionId : null;
  const action = actionId === null ? null : await store.actions.find(actionId);
  if (!(error instanceof PlatformError) || action === null) return error;
  const message = `${error.message.replaceAll(action.id, String(action.number))} See action ${action.number}.`;
  return new PlatformError(error.code, message, { fields: error.fields });
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const stack = await getStack(api.store, access, String(call.request.params.stack_id));
  const page = askedPage(call);
  const { data, total } = await api.store.actions.listByPlace(placeOf(access, stack), page.skip, page.take);
  sendPage(call, page, { data: data.map(viewOf), total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const stack = await getStack(api.store, access, String(call.request.params.stack_id));
  const number = wholeNumberOf(call.request.params.id);
  const action = number === null ? null : await api.store.actions.findInPlace(placeOf(access, stack), number);
  if (action === null) throw new PlatformError('not_found', 'There is no action of this id in this stack.');
  sendOne(call, viewOf(action));
}

function placeOf(access: Access, { project, environment }: Stack): ActionPlace {
  return { teamId: access.team_id, projectId: project.id, environmentId: environment.id };
}

/** `action` and `user` are what the vendor's client reads besides; it must find `finished_success` once it is finished. */
function viewOf(action: ActionView) {
  return {
    id: action.number,
    status: statusOf(action),
    action_type: kindShown(action),
    action: kindShown(action),
    user: action.access?.person ?? null,
    ...resourceOf(action),
    started_via: action.access === null ? 'system' : 'api',
    started_at: timestampOrNull(action.started_at),
    finished_at: timestampOrNull(action.ended_at),
    finished_success: isEnded(action.state) ? action.state === 'succeeded' : null,
    finished_message: messageOf(action),
    created_at: timestampOf(action.created_at),
    updated_at: timestampOf(changedAt(action)),
  };
}

/** Kinds that have another name here. The product knows no quarantine: what is kept is gone for its clients. */
const KINDS_SHOWN: Record<string, string> = {
  database_quarantine: 'database_delete',
  credential_create: 'database_user_create',
  credential_delete: 'database_user_delete',
  credential_reset: 'database_user_regenerate_password',
};

function kindShown({ kind }: Action): string {
  return KINDS_SHOWN[kind] ?? kind;
}

/** Once started an action is never called queued again, though it may wait for its server to come back. */
function statusOf({ state, started_at }: Action): string {
  if (isEnded(state)) return state === 'succeeded' ? 'completed' : 'failed';
  return started_at === null ? 'queued' : 'started';
}

/** What is being created has no id for a caller until it is there. */
function resourceOf({ kind, state, database_id, credential_id }: Action) {
  const isOfDatabase = kind.startsWith('database_');
  const id = isOfDatabase ? database_id : credential_id;
  const isThere = !kind.endsWith('_create') || state === 'succeeded';
  return { resource_type: isOfDatabase ? 'database' : 'database_user', resource_id: isThere ? id : null };
}

/** Why it failed; and of what is new the name it has on its server, where the one asked for was not free there. */
function messageOf(action: ActionView): string | null {
  const { kind, state, error_message, database_id, credential_id } = action;
  if (state === 'cancelled') return 'Cancelled before it was done.';
  const subject = { database_create: database_id, credential_create: credential_id }[kind];
  if (state === 'failed') return `${error_message}${subject == null ? '' : ` Delete ${subject} to free its name.`}`;
  return state === 'succeeded' ? renamingOf(action) : null;
}

function renamingOf({ kind, database, credential }: ActionView): string | null {
  if (kind === 'database_create' && database !== null && database.name !== database.engine_name) {
    return `On its server the database is called ${database.engine_name}.`;
  }
  if (kind === 'credential_create' && credential !== null && credential.username !== credential.engine_username) {
    return `On its server the database user is called ${credential.engine_username}.`;
  }
  return null;
}

function changedAt({ created_at, started_at, ended_at, steps }: ActionView): Date {
  return ended_at ?? steps.at(-1)?.ended_at ?? started_at ?? created_at;
}
