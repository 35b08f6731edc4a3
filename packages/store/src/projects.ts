// Projects, as operators make, change and delete them. A project never changes its team.
import { newId } from '@berth/core';
import type { Db } from './db';
import type { Project } from './generated/client';
import { LIVING, livesOf, refusingName, type Use, usesOf } from './living';
import { type Page, type PageRequest, page } from './page';

export type ProjectView = Project & { team: { name: string } };

export interface ProjectFilter {
  team_id?: string;
  id?: string;
  name?: string;
}

const VIEW = { team: { select: { name: true } } } as const;

export function projectsOf(db: Db) {
  return {
    ...livesOf(db, 'projects'),

    /** Null when there is none any more. */
    find: (id: string): Promise<ProjectView | null> =>
      db.project.findFirst({ where: { id, ...LIVING }, include: VIEW }),

    /** Newest first. */
    list: (filter: ProjectFilter, request: PageRequest): Promise<Page<ProjectView>> =>
      page(request, (window) =>
        db.project.findMany({
          where: { ...filter, ...LIVING, ...window.where },
          orderBy: { number: 'desc' },
          take: window.take,
          include: VIEW,
        }),
      ),

    /** Throws `name_taken` when the team has one of that name. */
    insert: (fields: { team_id: string; name: string }): Promise<ProjectView> =>
      refusingName(
        'projects',
        'project',
        fields.name,
        db.project.create({ data: { id: newId('project'), ...fields }, include: VIEW }),
      ),

    /** Throws `name_taken` when the team has one of that name. */
    update: (id: string, change: { name?: string }): Promise<ProjectView> =>
      refusingName(
        'projects',
        'project',
        change.name ?? '',
        db.project.update({ where: { id }, data: change, include: VIEW }),
      ),

    /** What keeps it: databases that are not gone yet, and accesses limited to it, which would open nothing any more. */
    listUses: (id: string): Promise<Use[]> =>
      usesOf({
        database: () => db.database.count({ where: { project_id: id, state: { not: 'deleted' } } }),
        'access limited to it': () => db.access.count({ where: { limit_project_id: id, revoked_at: null } }),
      }),

    /** No access falls back on it any more. */
    async dropDefaults(id: string): Promise<void> {
      await db.access.updateMany({ where: { default_project_id: id }, data: { default_project_id: null } });
    },
  };
}
