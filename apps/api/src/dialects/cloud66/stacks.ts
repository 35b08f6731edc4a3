// Stacks: one for each project of the caller's team in each environment, as far as its limits reach. No table holds them.
import { createHash } from 'node:crypto';
import { PlatformError } from '@berth/core';
import type { Access, Environment, Project, Store } from '@berth/store';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { askedPage, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { spacedTimestampOf, timestampOf } from './timestamp';

export interface Stack {
  uid: string;
  project: Project;
  environment: Environment;
}

/** Cloud 66's codes for a stack that is deployed and whose parts all answer. */
const STATUS_DEPLOYED = 1;
const HEALTH_OK = 3;

export function stackRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/stacks', handle: (call) => answerList(api, call) },
    { method: 'get', path: '/stacks/:uid', handle: (call) => answerOne(api, call) },
  ];
}

/** The stack of this uid among those that the access may reach. Throws `not_found`. */
export async function getStack(store: Store, access: Access, uid: string): Promise<Stack> {
  const stack = (await listStacks(store, access)).find((each) => each.uid === uid);
  if (stack === undefined) throw new PlatformError('not_found', 'There is no stack of this uid.');
  return stack;
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const page = askedPage(call);
  const stacks = await listStacks(api.store, access);
  const data = stacks.slice(page.skip, page.skip + page.take).map(viewOf);
  sendPage(call, page, { data, total: stacks.length });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  sendOne(call, viewOf(await getStack(api.store, access, String(call.request.params.uid))));
}

async function listStacks(store: Store, access: Access): Promise<Stack[]> {
  const [projects, environments] = await Promise.all([
    store.catalog.listProjects(access.team_id),
    store.catalog.listEnvironments(),
  ]);
  const { limit_project_id: onlyProject, limit_environment_id: onlyEnvironment } = access;
  return projects
    .filter(({ id }) => onlyProject === null || onlyProject === id)
    .flatMap((project) =>
      environments
        .filter(({ id }) => onlyEnvironment === null || onlyEnvironment === id)
        .map((environment) => ({ uid: uidOf(project, environment), project, environment })),
    );
}

/** 32 hex digits, the same for the same two ids at any time and in any process. */
function uidOf(project: Project, environment: Environment): string {
  return createHash('sha256').update(`stack/${project.id}/${environment.id}`).digest('hex').slice(0, 32);
}

/** What the vendor's client reads as a time ends in `_iso`; the other is for people. */
function viewOf({ uid, project, environment }: Stack) {
  const since = new Date(Math.max(project.created_at.getTime(), environment.created_at.getTime()));
  return {
    uid,
    name: project.name,
    environment: environment.name,
    status: STATUS_DEPLOYED,
    health: HEALTH_OK,
    created_at: spacedTimestampOf(since),
    updated_at: spacedTimestampOf(since),
    created_at_iso: timestampOf(since),
    updated_at_iso: timestampOf(since),
    last_activity_iso: null,
  };
}
