// Projects of the team. Each database is in one: where none is named, in the access's default one.
import { type Caller, createProject, deleteProject, updateProject } from '@berth/actions';
import { idOfUuid, PlatformError } from '@berth/core';
import type { Access, Project } from '@berth/store';
import { homeProject, refuseLimited } from '../../http/projects';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { showUser } from './account';
import { authenticate } from './authenticate';
import { type FieldReader, openFields, readFields } from './fields';
import { projectIdOf } from './ids';
import { notThere } from './not-there';

export function projectRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/v1/projects', handle: (call) => answerList(api, call) },
    { method: 'post', path: '/v1/projects', handle: (call) => create(api, call) },
    { method: 'get', path: '/v1/projects/:project', handle: (call) => answerOne(api, call) },
    { method: 'patch', path: '/v1/projects/:project', handle: (call) => change(api, call) },
    { method: 'delete', path: '/v1/projects/:project', handle: (call) => remove(api, call) },
  ];
}

/** The id of the project that `project_id` names, or of the default one. What is wrong is told to the reader. */
export async function findAskedProject(
  { store }: ApiContext,
  access: Access,
  reader: FieldReader,
): Promise<string | undefined> {
  const asked = reader.optionalText('project_id');
  if (asked === '') return undefined; // of another type, and told already
  const projects = await listProjects(store, access);
  const found = asked === null ? await homeProject(store, access) : findById(projects, asked);
  if (found === null) reader.refuse('project_id', asked === null ? 'missing field' : 'is no project');
  return found?.id;
}

async function answerList(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  const home = await homeProject(api.store, access);
  const projects = await listProjects(api.store, access);
  call.response.json({ projects: projects.map((each) => show(each, access, home)) });
}

async function answerOne(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'public');
  await send(api, call, access, await getProject(api, call, access));
}

async function create(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  refuseLimited(access);
  const { fields } = await readFields(call, 'project');
  const reader = openFields(fields);
  const name = readName(reader);
  refuseDefault(reader, false);
  const made = await createProject(api, access, { name });
  await send(api, call, access, made, 201);
}

async function change(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const project = await getProject(api, call, access);
  refuseLimited(access);
  const { fields } = await readFields(call, 'project');
  const isHome = (await homeProject(api.store, access))?.id === project.id;
  const reader = openFields(fields);
  const name = 'name' in fields ? readName(reader) : project.name;
  refuseDefault(reader, isHome);
  await send(api, call, access, await updateProject(api, access, project.id, { name }));
}

async function remove(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, 'admin');
  const { id } = await getProject(api, call, access);
  refuseLimited(access);
  const uses = await api.store.projects.listUses(id);
  if (uses.some(({ what }) => what === 'database')) throw inUse('Cannot delete project with existing apps');
  if ((await homeProject(api.store, access))?.id === id) throw inUse('Cannot delete the default project');
  await deleteProject(api, access, id);
  call.response.status(204).end();
}

/** Those of the team, inside the limits of the access. Oldest first. */
async function listProjects({ catalog }: ApiContext['store'], access: Access): Promise<Project[]> {
  const only = access.limit_project_id;
  return (await catalog.listProjects(access.team_id)).filter(({ id }) => only === null || only === id);
}

/** Throws `not_found`. */
async function getProject({ store }: ApiContext, { request }: Call, access: Caller): Promise<Project> {
  const project = findById(await listProjects(store, access), String(request.params.project));
  if (project === null) throw notThere('project');
  return project;
}

function findById(projects: Project[], asked: string): Project | null {
  const id = /^pr-/i.test(asked) ? idOfUuid('project', asked.slice(3)) : null;
  return projects.find((each) => each.id === id) ?? null;
}

/** By Berth's own rule: other faces and the operators' tools take no other. */
function readName(reader: FieldReader): string {
  const name = reader.text('name');
  if (name !== '' && !/^[a-z][a-z0-9_-]{0,62}$/.test(name)) {
    reader.refuse('name', 'should have at most 63 of a-z, 0-9, _ and -, beginning with a letter');
  }
  return name;
}

/** Which one is the default is said of an access. Closes the reader. */
function refuseDefault(reader: FieldReader, isDefault: boolean): void {
  if (reader.flag('default') && !isDefault) reader.refuse('default', 'is for the operators of Berth to choose');
  reader.close();
}

function inUse(message: string): PlatformError {
  return new PlatformError('in_use', message);
}

async function send(api: ApiContext, call: Call, access: Caller, project: Project, status = 200): Promise<void> {
  const home = await homeProject(api.store, access);
  call.response.status(status).json({ project: show(project, access, home) });
}

/** Its owner is who asks: of a team's projects nobody owns one more than others. */
function show(project: Project, access: Access, home: Project | null) {
  const { fullname: _, ...owner } = showUser(access);
  return {
    id: projectIdOf(project),
    name: project.name,
    default: project.id === home?.id,
    flags: {},
    created_at: project.created_at,
    updated_at: null,
    owner,
  };
}
