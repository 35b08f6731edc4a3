// Projects as products see them whose databases need none: which one a database is put into then, and who may change them.
import { PlatformError } from '@berth/core';
import type { Access, Project, Store } from '@berth/store';

/** Where a database goes that is put into no project: the access's only or default one, or else the team's oldest; null when it has none. */
export async function homeProject(store: Store, access: Access): Promise<Project | null> {
  const projects = await store.catalog.listProjects(access.team_id);
  const homeId = access.limit_project_id ?? access.default_project_id;
  return projects.find(({ id }) => id === homeId) ?? projects[0] ?? null;
}

/** An access that is limited to a project, or an environment, is not to change what others have. Throws `missing_scope`. */
export function refuseLimited({ limit_environment_id, limit_project_id }: Access): void {
  if (limit_project_id === null && limit_environment_id === null) return;
  throw new PlatformError('missing_scope', 'This access is limited to a project or an environment.');
}
