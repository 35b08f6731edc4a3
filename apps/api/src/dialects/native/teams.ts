// Teams: the tenants, run by operators.
import { createTeam, deleteTeam, showTeam, updateTeam } from '@berth/actions';
import { z } from 'zod';
import { readBody } from '../../http/body';
import { answerOnce } from '../../http/once';
import { parse } from '../../http/parse';
import type { Call, Route } from '../../http/route';
import type { ApiContext } from '../dialect';
import { authenticate, OPERATE } from './authenticate';
import { changed, created, GONE } from './created';
import { changeOf, newName, nothing, pageOf, pageQuery, reference, showPage, wholeNumber } from './fields';
import { getById, idOfPath } from './reach';

const QUOTA_MAX = 100_000;
const quota = wholeNumber(0, QUOTA_MAX).nullable();

const newTeam = z.strictObject({ name: newName, database_quota: quota.default(null) });
const teamChange = changeOf({ name: newName.exactOptional(), database_quota: quota.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, name: reference.exactOptional() });

export function teamRoutes(api: ApiContext): Route[] {
  return [
    { method: 'get', path: '/teams', handle: (call) => listTeams(api, call) },
    { method: 'post', path: '/teams', handle: (call) => makeTeam(api, call) },
    { method: 'get', path: '/teams/:id', handle: (call) => getTeam(api, call) },
    { method: 'patch', path: '/teams/:id', handle: (call) => changeTeam(api, call) },
    { method: 'delete', path: '/teams/:id', handle: (call) => removeTeam(api, call) },
  ];
}

async function listTeams(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  const { cursor, limit, ...filter } = parse(listQuery, call.request.query);
  call.response.json(showPage(await api.store.teams.list(filter, pageOf({ cursor, limit })), showTeam));
}

async function makeTeam(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const fields = parse(newTeam, (await readBody(call)) ?? {});
  await answerOnce(api, call, caller, async (asked) => {
    const team = await createTeam(api, asked, fields);
    return created(call, `/teams/${team.id}`, showTeam(team));
  });
}

async function getTeam(api: ApiContext, call: Call): Promise<void> {
  await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  call.response.json(showTeam(await getById('team', call.request.params.id, api.store.teams.find)));
}

async function changeTeam(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const change = parse(teamChange, (await readBody(call)) ?? {});
  const id = idOfPath('team', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => changed(showTeam(await updateTeam(api, asked, id, change))));
}

async function removeTeam(api: ApiContext, call: Call): Promise<void> {
  const caller = await authenticate(api, call, OPERATE);
  parse(nothing, call.request.query);
  const id = idOfPath('team', call.request.params.id);
  await answerOnce(api, call, caller, async (asked) => {
    await deleteTeam(api, asked, id);
    return GONE;
  });
}
