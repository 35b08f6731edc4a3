// The audit: who did what, and what was refused. For operators; nothing in it is a secret.
import { isId } from '@berth/core';
import type { AuditEntry, AuditFilter } from '@berth/store';
import { z } from 'zod';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE } from './authenticate';
import { idOf, instant, pageOf, pageQuery, reference, showPage } from './fields';
import { teamIdOf } from './reach';

const listQuery = z.strictObject({
  ...pageQuery,
  access_id: idOf('access').exactOptional(),
  team: reference.exactOptional(),
  subject_id: reference.exactOptional(),
  deed: reference.exactOptional(),
  outcome: z.enum(['done', 'refused']).exactOptional(),
  since: instant.exactOptional(),
  until: instant.exactOptional(),
});

export function auditRoutes(api: ApiContext): Route[] {
  return [{ method: 'get', path: '/audit', handle: (call) => listEntries(api, call) }];
}

async function listEntries(api: ApiContext, call: Call): Promise<void> {
  const access = await authenticate(api, call, OPERATE);
  const { access_id, cursor, limit, subject_id, team, ...rest } = parse(listQuery, call.request.query);
  const filter: AuditFilter = {
    ...rest,
    ...(access_id !== undefined && { accessId: access_id }),
    ...(subject_id !== undefined && { subjectId: subject_id }),
    // by its id a team is found when it is gone as well
    ...(team !== undefined && { teamId: isId('team', team) ? team : await teamIdOf(api.store, access, team) }),
  };
  call.response.json(showPage(await api.store.audit.list(filter, pageOf({ cursor, limit })), showEntry));
}

function showEntry(entry: AuditEntry) {
  return {
    id: entry.id,
    number: entry.number,
    deed: entry.deed,
    outcome: entry.outcome,
    error_code: entry.error_code,
    access_id: entry.access_id,
    person: entry.person,
    address: entry.address,
    team_id: entry.team_id,
    subject_id: entry.subject_id,
    action_id: entry.action_id,
    before: entry.before,
    after: entry.after,
    created_at: entry.created_at,
  };
}
