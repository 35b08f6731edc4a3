// Projects: made, changed and deleted by operators.
import type { ProjectView } from '@berth/store';
import type { Context } from '../context';
import type { Caller } from '../kind';
import { audited, existing, held, refuseUses } from './audited';
import { showProject } from './show';

/** `team` is a name or an id; without it, the caller's own. Throws `unknown_reference`, `name_taken`. */
export async function createProject(
  context: Context,
  caller: Caller,
  { name, team: asked = caller.team_id }: { name: string; team?: string },
): Promise<ProjectView> {
  const { project } = await audited(context, caller, 'project_create', async (tx) => {
    const team = await held(tx.teams, 'team', asked, await tx.catalog.findTeam(asked));
    const project = await tx.projects.insert({ team_id: team.id, name });
    return { project, teamId: team.id, subjectId: project.id, before: null, after: showProject(project) };
  });
  return project;
}

/** Throws `not_found`, `name_taken`. */
export async function updateProject(
  context: Context,
  caller: Caller,
  id: string,
  change: { name?: string },
): Promise<ProjectView> {
  const { project } = await audited(context, caller, 'project_update', async (tx) => {
    await tx.projects.lock(id);
    const before = existing('project', id, await tx.projects.find(id));
    const project = await tx.projects.update(id, change);
    const after = showProject(project);
    return { project, teamId: project.team_id, subjectId: id, before: showProject(before), after };
  });
  return project;
}

/** Throws `not_found`; `in_use` while it has databases, or accesses are limited to it. */
export async function deleteProject(context: Context, caller: Caller, id: string): Promise<void> {
  await audited(context, caller, 'project_delete', async (tx) => {
    await tx.projects.lock(id);
    const project = existing('project', id, await tx.projects.find(id));
    const remedy = 'Delete or move the databases, and change or revoke the accesses, first.';
    refuseUses(`project ${project.name}`, await tx.projects.listUses(id), remedy);
    await tx.projects.dropDefaults(id);
    await tx.projects.retire(id);
    return { teamId: project.team_id, subjectId: id, before: showProject(project), after: null };
  });
}
