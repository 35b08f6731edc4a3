// Projects of the team. Of ours every database has one; the product's may have none: those are in the access's home
// project, which is no resource here.
import { type Caller, createProject, deleteProject, updateProject } from '@berth/actions';
import { PlatformError } from '@berth/core';
import type { Access, Project, Store } from '@berth/store';
import { homeProject, refuseLimited } from '../../http/projects';
import type { Call, Route } from '../../http/route';
import { wholeNumberOf } from '../../http/whole-number';
import type { ApiContext } from '../dialect';
import { linkTo, sendNothing, sendOne, sendPage } from './answer';
import { authenticate } from './authenticate';
import { type FieldReader, type Fields, isMissing, openFields, REQUIRED, readFields } from './fields';
import { askedPage, readPage, slice } from './pages';

export function projectRoutes(api: ApiContext): Route[] {
  const change = (call: Call) => rename(api, call);
  return [
    { method: 'get', path: '/project/', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/project/', handle: (call) => create(api, call) },
    { method: 'get', path: '/project/:id/', handle: (call) => answerOne(api, call) },
    { method: 'put', path: '/project/:id/', handle: change },
    { method: 'patch', path: '/project/:id/', handle: change },
    { method: 'delete', path: '/project/:id/', handle: (call) => remove(api, call) },
  ];
}

/** The project that a body names, or the home project. What is wrong with it is told to the reader; then null is returned. */
export async function findProject(
  store: Store,
  access: Access,
  fields: Fields,
  reader: FieldReader,
): Promise<Project | null> {
  if (!isMissing(fields.project)) {
    return reader.link('project', 'project', async (number) => {
      return (await listOthers(store, access)).find((each) => each.number === number) ?? null;
    });
  }
  const home = await homeProject(store, access);
  if (home === null) reader.refuse('project', REQUIRED);
  return home;
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const page = askedPage(call);
  const { data, total } = await readPage(page, slice(await listOthers(api.store, access)));
  const shown = data.map((each) => ({ _links: { self: linkTo(call, `/project/${each.number}/`) }, ...show(each) }));
  sendPage(call, 'project', page, { data: shown, total });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  send(call, await getProject(api, call, access));
}

async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  refuseLimited(access);
  const made = await createProject(api, access, { name: parseName(await readFields(call)) });
  call.response.set('Location', linkTo(call, `/project/${made.number}/`));
  send(call, made, 201);
}

async function rename(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const fields = await readFields(call);
  const { id } = await getProject(api, call, access);
  refuseLimited(access);
  send(call, await updateProject(api, access, id, { name: parseName(fields) }));
}

async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const { id } = await getProject(api, call, access);
  refuseLimited(access);
  await deleteProject(api, access, id);
  sendNothing(call);
}

/** Those of the team, inside the limits of the access, without its home. Oldest first. */
async function listOthers(store: Store, access: Access): Promise<Project[]> {
  if (access.limit_project_id !== null) return []; // its home is all that it sees
  const home = await homeProject(store, access);
  return (await store.catalog.listProjects(access.team_id)).filter(({ id }) => id !== home?.id);
}

/** Throws `not_found`. */
async function getProject({ store }: ApiContext, { request }: Call, access: Caller): Promise<Project> {
  const number = wholeNumberOf(request.params.id);
  const project = (await listOthers(store, access)).find((each) => each.number === number);
  if (project === undefined) throw new PlatformError('not_found', 'There is no project of this id.');
  return project;
}

function parseName(fields: Fields): string {
  const reader = openFields(fields);
  const name = reader.text('name');
  if (/\p{Cc}/u.test(name)) reader.refuse('name', 'Enter a name without control characters.');
  reader.close();
  return name;
}

function send(call: Call, project: Project, status = 200): void {
  sendOne(call, `/project/${project.number}/`, show(project), status);
}

function show({ name, number }: Project) {
  return { id: number, name };
}
