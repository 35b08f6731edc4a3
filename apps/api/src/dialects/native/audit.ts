// The audit: who did what, and what was refused. For operators; nothing in it is a secret.
import { isId } from '@berth/core';
import type { AuditFilter } from '@berth/store';
import { z } from 'zod';
import type { ApiContext } from '../dialect';
import { OPERATE } from './authenticate';
import { type Asked, type Endpoint, endpoint } from './endpoint';
import { idOf, instant, ofThe, pageOf, pageQuery, reference, showPage } from './fields';
import { teamIdOf } from './reach';
import { lists } from './shapes/answers';
import { auditShape, showEntry } from './shapes/audit-entry';

const listQuery = z.strictObject({
  ...pageQuery,
  access_id: idOf('access').exactOptional().describe('Only what this access did.'),
  team: ofThe('team'),
  subject_id: reference.exactOptional().describe('Only what was done to the thing of this id.'),
  deed: reference.exactOptional().describe('Only this deed: `team_create`.'),
  outcome: z.enum(['done', 'refused']).exactOptional().describe('Only what was done, or what was refused.'),
  since: instant.exactOptional().describe('Only from this moment on.'),
  until: instant.exactOptional().describe('Only before this moment.'),
});

export const auditEndpoints: Endpoint[] = [
  endpoint({
    method: 'get',
    path: '/audit',
    id: 'listAuditEntries',
    tag: 'Audit',
    summary: 'List who did what, and what was refused',
    scopes: OPERATE,
    query: listQuery,
    answers: lists(auditShape),
    errors: ['unknown_reference'],
    handle: listEntries,
  }),
];

async function listEntries(api: ApiContext, call: Asked<typeof listQuery>): Promise<void> {
  const { access_id, cursor, limit, subject_id, team, ...rest } = call.query;
  const filter: AuditFilter = {
    ...rest,
    ...(access_id !== undefined && { accessId: access_id }),
    ...(subject_id !== undefined && { subjectId: subject_id }),
    // by its id a team is found when it is gone as well
    ...(team !== undefined && { teamId: isId('team', team) ? team : await teamIdOf(api.store, call.caller, team) }),
  };
  call.response.json(showPage(await api.store.audit.list(filter, pageOf({ cursor, limit })), showEntry));
}
