// Databases: asked for, listed, shown, changed, quarantined and restored, deleted.
import {
  databaseCreate,
  databaseRemove,
  databaseRestore,
  databaseUpdate,
  extendQuarantine,
  needsAction,
  request as requestAction,
  updateDatabase,
} from '@berth/actions';
import { DATABASE_STATES, OWNER_LOGINS, QUARANTINE_DAYS_MAX, unknownReference } from '@berth/core';
import type { Access, DatabaseFilter } from '@berth/store';
import { z } from 'zod';
import { answerOnce, readOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { answerAccepted, requestAndAnswer } from './accepted';
import { READ, STEER, WRITE } from './authenticate';
import { changed } from './created';
import { answerDryRun } from './dry-run';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import {
  changeOf,
  charset,
  collation,
  fixed,
  flag,
  labels,
  newName,
  nothing,
  ofName,
  ofThe,
  pageOf,
  pageQuery,
  reference,
  showPage,
  wholeNumber,
} from './fields';
import { environmentIdOf, getVisibleDatabase, limitsOf } from './reach';
import { accepts, acceptsOr, acceptsOrShows, lists, shows } from './shapes/answers';
import { databaseShape, showDatabase } from './shapes/database';
import { dryRunShape } from './shapes/dry-run';
import type { ExampleKind } from './shapes/example-actions';

const newDatabase = z.strictObject({
  name: newName,
  engine: reference.optional(),
  plan: reference.optional(),
  project: reference.optional(),
  environment: reference.optional(),
  pool: reference.optional(),
  labels: labels.optional(),
  charset: charset.optional(),
  collation: collation.optional(),
  owner_login: z
    .enum(OWNER_LOGINS)
    .optional()
    .describe('`auto`: its first login is made with it. `none`: ask for logins one by one. Default: `auto`.'),
});

/** Labels are replaced as a whole. */
const changedDatabase = changeOf({
  labels: labels.optional(),
  protected: z.boolean().optional().describe('While it is true a DELETE is refused.'),
  project: reference.optional(),
  plan: reference.optional(),
  ...Object.fromEntries(
    ['name', 'engine', 'environment', 'pool', 'charset', 'collation'].map((field) => [
      field,
      fixed('make another database, and move the data'),
    ]),
  ),
});

const listQuery = z.strictObject({
  ...pageQuery,
  state: z.enum(DATABASE_STATES).optional().describe('Only those in this state.'),
  name: ofName,
  project: ofThe('project'),
  environment: ofThe('environment'),
});

const createQuery = z.strictObject({ dry_run: flag.optional().describe('Only says where it would go.') });
const deleteQuery = z.strictObject({ purge: flag.optional().describe('Drops it for good, without quarantine.') });

const extension = z.strictObject({ days: wholeNumber(1, QUARANTINE_DAYS_MAX).describe('So many days more.') });

const about = { tag: 'Databases', noun: 'database' } as const;
const steered = { ...about, scopes: STEER } as const;
const written = { ...about, scopes: WRITE, isWaitedFor: true } as const;
const accepted = (kind: ExampleKind) => accepts(kind, { database: databaseShape });

export const databaseEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/databases',
    id: 'listDatabases',
    summary: 'List databases',
    scopes: READ,
    query: listQuery,
    answers: lists(databaseShape),
    errors: ['unknown_reference'],
    handle: listDatabases,
  }),
  endpoint({
    ...written,
    method: 'post',
    path: '/databases',
    id: 'createDatabase',
    summary: 'Ask for a database',
    description:
      'What is left out comes from the defaults of the token. What the engine has no word for is refused; a character set or collation ' +
      'that its server alone does not have ends the action with `charset_refused`, and nothing is left of it there. With `dry_run=true` nothing is written: the answer says ' +
      'where it would go, and why not elsewhere.',
    query: createQuery,
    body: newDatabase,
    answers: acceptsOr(
      dryRunShape,
      'The action has ended in the time that `Prefer: wait` gave it; or a dry run.',
      accepted('database_create'),
    ),
    errors: ['name_taken', 'quota_exceeded', 'unknown_reference', 'disagree', 'no_room'],
    examples: {
      'by its name': { body: { name: 'orders' } },
      'all of it said': {
        body: {
          name: 'invoices',
          engine: 'postgresql',
          plan: 'large',
          project: 'default',
          environment: 'development',
          labels: { tier: 'gold' },
          charset: 'UTF8',
          collation: 'C',
          owner_login: 'auto',
        },
      },
      'a dry run': { query: { dry_run: 'true' }, body: { name: 'orders' }, status: 200 },
    },
    handle: createDatabase,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/databases/:id',
    id: 'getDatabase',
    summary: 'Show a database',
    scopes: READ,
    answers: shows(databaseShape),
    handle: getDatabase,
  }),
  endpoint({
    ...written,
    method: 'patch',
    path: '/databases/:id',
    id: 'updateDatabase',
    summary: 'Change labels, protection, project or plan',
    description: 'At once; but its server has to be told of another plan, which is an action.',
    body: changedDatabase,
    answers: acceptsOrShows(databaseShape, accepted('database_update')),
    errors: ['contradicts', 'unknown_reference', 'disagree', 'no_room'],
    examples: {
      labels: { body: { labels: { tier: 'silver' } }, status: 200 },
      'another plan': { body: { plan: 'large' } },
    },
    handle: changeDatabase,
  }),
  endpoint({
    ...written,
    method: 'delete',
    path: '/databases/:id',
    id: 'deleteDatabase',
    summary: 'Quarantine a database, or drop one that is quarantined',
    description: 'Always accepted, unless it is protected. `purge=true` drops it at once, data and all.',
    query: deleteQuery,
    answers: accepted('database_quarantine'),
    errors: ['contradicts', 'protected'],
    examples: {
      'into quarantine': {},
      'for good': { query: { purge: 'true' }, shows: accepted('database_delete')[202].schema },
    },
    handle: deleteDatabase,
  }),
  endpoint({
    ...steered,
    method: 'post',
    path: '/databases/:id/restore',
    id: 'restoreDatabase',
    summary: 'Bring a database back from quarantine, with the same passwords and data',
    body: nothing,
    isWaitedFor: true,
    answers: accepted('database_restore'),
    errors: ['contradicts', 'name_taken', 'quota_exceeded'],
    handle: restoreDatabase,
  }),
  endpoint({
    ...steered,
    method: 'post',
    path: '/databases/:id/extend',
    id: 'extendQuarantine',
    summary: 'Keep a quarantined database longer',
    body: extension,
    answers: shows(databaseShape),
    errors: ['contradicts'],
    examples: { 'a month more': { body: { days: 30 } } },
    handle: extendDatabase,
  }),
];

async function createDatabase(api: ApiContext, call: Asked<typeof createQuery, typeof newDatabase>): Promise<void> {
  const { dry_run: dryRun } = call.query;
  const { owner_login: ownerLogin = 'auto', ...asked } = call.body;
  const input = { ...asked, ownerLogin };
  if (dryRun === 'true') return answerDryRun(api, call, call.caller, input);
  await requestAndAnswer(api, call, databaseCreate, input, (action) => showFresh(api, call.caller, action.database_id));
}

async function listDatabases(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const query = call.query;
  const filter: DatabaseFilter = {
    ...limitsOf(call.caller),
    ...(query.project !== undefined && { projectId: await projectIdOf(api, call.caller, query.project) }),
    ...(query.environment !== undefined && {
      environmentId: await environmentIdOf(api.store, call.caller, query.environment),
    }),
    ...(query.state !== undefined && { state: query.state }),
    ...(query.name !== undefined && { name: query.name }),
  };
  call.response.json(showPage(await api.store.databases.list(filter, pageOf(query)), showDatabase));
}

async function getDatabase(api: ApiContext, call: Asked): Promise<void> {
  call.response.json(showDatabase(await getVisibleDatabase(api.store, call.caller, call.request.params.id)));
}

/** 200 with the database; 202 with an action where its server has to be told of another plan. */
async function changeDatabase(api: ApiContext, call: AskedWith<typeof changedDatabase>): Promise<void> {
  const asked = call.body;
  const { id } = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  const input = { databaseId: id, ...asked };
  const once = readOnce(api, call);
  if (!(await needsAction(api, input, call.caller, once))) {
    return answerOnce(api, call, call.caller, async (by) =>
      changed(showDatabase(await updateDatabase(api, input, by))),
    );
  }
  const action = await requestAction(api, databaseUpdate, input, call.caller, once);
  await answerAccepted(api, call, { access: call.caller, once }, action, () => showFresh(api, call.caller, id));
}

/** The first one quarantines, where policy keeps data at all; one for what is quarantined drops, and so does `purge`. */
async function deleteDatabase(api: ApiContext, call: Asked<typeof deleteQuery>): Promise<void> {
  const { purge } = call.query;
  const { id, state } = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  const wish = purge === 'true' ? 'drop' : { keepSeenIn: state };
  await requestAndAnswer(api, call, databaseRemove, { databaseId: id, wish }, () => showFresh(api, call.caller, id));
}

async function restoreDatabase(api: ApiContext, call: Asked): Promise<void> {
  const { id } = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  await requestAndAnswer(api, call, databaseRestore, { databaseId: id }, () => showFresh(api, call.caller, id));
}

async function extendDatabase(api: ApiContext, call: AskedWith<typeof extension>): Promise<void> {
  const { days } = call.body;
  const { id } = await getVisibleDatabase(api.store, call.caller, call.request.params.id);
  const input = { databaseId: id, days };
  await answerOnce(api, call, call.caller, async (by) => changed(showDatabase(await extendQuarantine(api, input, by))));
}

async function showFresh(api: ApiContext, access: Access, id: string | null) {
  return { database: showDatabase(await getVisibleDatabase(api.store, access, id)) };
}

/** By name or id, among the team's own. Throws `unknown_reference`, also outside the access's limits. */
async function projectIdOf({ store }: ApiContext, access: Access, asked: string): Promise<string> {
  const project = await store.catalog.findProject(access.team_id, asked);
  const onlyId = access.limit_project_id;
  if (project !== null && (onlyId ?? project.id) === project.id) return project.id;
  throw unknownReference('project', asked);
}
