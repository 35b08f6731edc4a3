// Projects: run by operators; a team sees its own.
import { createProject, deleteProject, isOperator, showProject, updateProject } from '@berth/actions';
import type { Access, ProjectFilter, ProjectView } from '@berth/store';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE, READ } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import { changeOf, newName, ofName, ofThe, pageOf, pageQuery, reference, showPage } from './fields';
import { getById, idOfPath, noSuch, teamIdOf } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { projectShape } from './shapes/operated';

const newProject = z.strictObject({ name: newName, team: reference.exactOptional() });
const projectChange = changeOf({ name: newName.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, team: ofThe('team'), name: ofName });

const about = { tag: 'Projects', noun: 'project' } as const;

export const projectEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/projects',
    id: 'listProjects',
    summary: 'List projects',
    scopes: READ,
    query: listQuery,
    answers: lists(projectShape),
    errors: ['unknown_reference'],
    handle: listProjects,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/projects',
    id: 'createProject',
    summary: 'Make a project',
    scopes: OPERATE,
    body: newProject,
    answers: makes(projectShape),
    errors: ['name_taken', 'unknown_reference'],
    examples: { 'for a team': { body: { name: 'web', team: 'first' } } },
    handle: makeProject,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/projects/:id',
    id: 'getProject',
    summary: 'Show a project',
    scopes: READ,
    answers: shows(projectShape),
    handle: getProject,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/projects/:id',
    id: 'updateProject',
    summary: 'Change a project',
    scopes: OPERATE,
    body: projectChange,
    answers: shows(projectShape),
    errors: ['name_taken'],
    examples: { 'another name': { body: { name: 'website' } } },
    handle: changeProject,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/projects/:id',
    id: 'deleteProject',
    summary: 'Delete a project that nothing uses',
    scopes: OPERATE,
    answers: isGone,
    errors: ['in_use'],
    handle: removeProject,
  }),
];

async function listProjects(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, name, team } = call.query;
  const filter = {
    ...(team !== undefined && { team_id: await teamIdOf(api.store, call.caller, team) }),
    ...ownProjects(call.caller),
    ...(name !== undefined && { name }),
  };
  call.response.json(showPage(await api.store.projects.list(filter, pageOf({ cursor, limit })), showProject));
}

async function makeProject(api: ApiContext, call: AskedWith<typeof newProject>): Promise<void> {
  const fields = call.body;
  await answerOnce(api, call, call.caller, async (asked) => {
    const project = await createProject(api, asked, fields);
    return created(call, `/projects/${project.id}`, showProject(project));
  });
}

async function getProject(api: ApiContext, call: Asked): Promise<void> {
  const { id } = call.request.params;
  const project = await getById('project', id, api.store.projects.find);
  if (!isVisible(call.caller, project)) throw noSuch('project', id);
  call.response.json(showProject(project));
}

async function changeProject(api: ApiContext, call: AskedWith<typeof projectChange>): Promise<void> {
  const change = call.body;
  const id = idOfPath('project', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showProject(await updateProject(api, asked, id, change))),
  );
}

async function removeProject(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('project', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
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
