// Projects: run by operators; a team sees its own.
import { createProject, deleteProject, isOperator, showProject, updateProject } from '@berth/actions';
import type { Access, ProjectFilter, ProjectView } from '@berth/store';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { changeOf, newName, nothing, pageOf, pageQuery, reference, showPage } from './fields';
import { getById, idOfPath, noSuch, teamIdOf } from './reach';

const newProject = z.strictObject({ name: newName, team: reference.exactOptional() });
const projectChange = changeOf({ name: newName.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, team: reference.exactOptional(), name: reference.exactOptional() });

export function projectRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/projects', handle: (call) => listProjects(api, call) },
    { method: 'post', path: '/projects', handle: (call) => makeProject(api, call) },
    { method: 'get', path: '/projects/:id', handle: (call) => getProject(api, call) },
    { method: 'patch', path: '/projects/:id', handle: (call) => changeProject(api, call) },
    { method: 'delete', path: '/projects/:id', handle: (call) => removeProject(api, call) },
  ];
}

async function listProjects(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  const { cursor, limit, name, team } = parse(listQuery, call.request.query);
  const filter = {
    ...(team !== undefined && { team_id: await teamIdOf(api.store, access, team) }),
    ...ownProjects(access),
    ...(name !== undefined && { name }),
  };
  call.response.json(showPage(await api.store.projects.list(filter, pageOf({ cursor, limit })), showProject));
}

async function makeProject(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newProject, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const project = await createProject(api, asked, fields);
    return created(call, `/projects/${project.id}`, showProject(project));
  });
}

async function getProject(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, READ);
  parse(nothing, call.request.query);
  const { id } = call.request.params;
  const project = await getById('project', id, api.store.projects.find);
  if (!isVisible(access, project)) throw noSuch('project', id);
  call.response.json(showProject(project));
}

async function changeProject(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const change = parse(projectChange, (await readBody(call)) ?? {});
  const id = idOfPath('project', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) =>
    changed(showProject(await updateProject(api, asked, id, change))),
  );
}

async function removeProject(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('project', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deleteProject(api, asked, id);
    return GONE;
  });
}

/** What a list is narrowed to: an operator's by nothing. */
function ownProjects(access: Access): ProjectFilter {
  if (isOperator(access)) return {};
  return { team_id: access.team_id, ...(access.limit_project_id !== null && { id: access.limit_project_id }) };
}

function isVisible(access: Access, project: ProjectView): boolean {
  const { team_id, id } = { team_id: project.team_id, id: project.id, ...ownProjects(access) };
  return project.team_id === team_id && project.id === id;
}
