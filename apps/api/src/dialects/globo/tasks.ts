// Tasks: the actions about the team's databases, as those poll them who do not wait for an answer.
//
//   ours          queued    running   succeeded   failed   cancelled
//   task_status   WAITING   RUNNING   SUCCESS     ERROR    WARNING
import { ACTION_KINDS, ACTION_STATES, type ActionState, idOfUuid, isEnded, PlatformError, uuidOf } from '@berth/core';
import type { Access, TeamAction, TeamActionFilter, TeamActionOrder } from '@berth/store';
import { askedUrl } from '../../http/links';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { askedNumbers, askedText } from './filters';
import { askedPage, readPage } from './pages';

const STATUSES: Record<ActionState, string> = {
  queued: 'WAITING',
  running: 'RUNNING',
  succeeded: 'SUCCESS',
  failed: 'ERROR',
  cancelled: 'WARNING',
};

/** What the product calls some of our kinds; the others it does not have, and they keep their names. */
const NAMES: Record<string, string> = { database_create: 'create_database', database_delete: 'destroy_database' };

/** Before the name of a task that a worker has taken. */
const PREFIX = 'notification.tasks.';

export function taskRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/task/', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/task/:id/', handle: (call) => answerOne(api, call) },
  ];
}

/** Where an action is polled that an answer tells of. */
export function taskUrl(call: Call, actionId: string): string {
  return linkTo(call, `/task/?task_id=${uuidOf(actionId)}`);
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const page = askedPage(call);
  const filter = askedTasks(access, call);
  const { data, total } = await readPage(page, (skip, take) => {
    return api.store.actions.listOfTeam(filter, askedOrder(call), skip, take);
  });
  const self = askedUrl(call.request); // the product's tasks have no address of their own, and take the one asked for
  const shown = data.map((each) => ({ _links: { self }, ...show(each) }));
  sendPage(call, 'taskhistory', page, { data: shown, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const number = wholeNumberOf(call.request.params.id);
  const filter = { ...allOf(access), number };
  const newest = { by: 'made', isNewestFirst: true } as const;
  const [task] = number === null ? [] : (await api.store.actions.listOfTeam(filter, newest, 0, 1)).data;
  if (task === undefined) throw new PlatformError('not_found', 'There is no task of this id.');
  sendOne(call, null, show(task));
}

function allOf(access: Access): TeamActionFilter {
  return {
    teamId: access.team_id,
    projectId: access.limit_project_id,
    environmentId: access.limit_environment_id,
    id: null,
    number: null,
    states: null,
    kinds: null,
    databaseNumber: null,
    databaseName: null,
  };
}

/** What a filter does not know finds nothing, and neither does one that is asked for twice. */
function askedTasks(access: Access, call: Call): TeamActionFilter {
  const uuid = askedText(call, 'task_id');
  const status = askedText(call, 'task_status');
  const name = askedText(call, 'task_name');
  return {
    ...allOf(access),
    id: uuid === null ? null : (idOfUuid('action', uuid) ?? ''),
    states: status === null ? null : ACTION_STATES.filter((state) => STATUSES[state] === status),
    kinds: name === null ? null : kindsNamed(name),
    databaseNumber: askedNumbers(call, 'object_id').object_id ?? null,
    databaseName: askedText(call, 'database_name'),
  };
}

function kindsNamed(name: string): string[] {
  const bare = name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
  return ACTION_KINDS.filter((kind) => nameOf(kind) === bare);
}

/** The newest first, unless an order that is known is asked for. */
function askedOrder({ request }: Call): TeamActionOrder {
  const { ordering } = request.query;
  const [, minus = '-', field = 'id'] = /^(-?)(updated_at|created_at|id)$/.exec(String(ordering)) ?? [];
  return { by: field === 'updated_at' ? 'changed' : 'made', isNewestFirst: minus === '-' };
}

function show(task: TeamAction) {
  const isMade = task.kind !== 'database_create' || task.state === 'succeeded';
  const databaseId = isMade ? task.database_number : null; // what is being made has no id for a caller until it is there
  const { database_name, ended_at, kind, state } = task;
  return {
    id: task.number,
    task_id: uuidOf(task.id),
    task_name: state === 'queued' ? nameOf(kind) : `${PREFIX}${nameOf(kind)}`,
    task_status: statusOf(state),
    user: task.asked_by,
    db_id: databaseId,
    object_class: 'logical_database',
    object_id: databaseId,
    database_name,
    database: databaseOf(task),
    rollback: false,
    relevance: state === 'failed' ? 'ERROR' : 'INFO',
    details: task.error_message,
    created_at: timeOf(task.created_at),
    updated_at: timeOf(task.changed_at),
    ended_at: isEnded(state) && ended_at !== null ? timeOf(ended_at) : null,
  };
}

/** Null once it is deleted. */
function databaseOf({ database_name, database_state, engine, environment_name, server_version }: TeamAction) {
  if (database_state === 'deleted') return null;
  return {
    name: database_name,
    environment: environment_name,
    engine: server_version === null ? engine : `${engine} ${server_version}`,
  };
}

function statusOf(state: string): string {
  const known = ACTION_STATES.find((each) => each === state);
  return known === undefined ? state : STATUSES[known];
}

function nameOf(kind: string): string {
  return NAMES[kind] ?? kind;
}

/** UTC, without saying so, as the product writes its times; milliseconds where there are any. */
function timeOf(time: Date): string {
  return time.toISOString().replace(/(\.000)?Z$/, '');
}
