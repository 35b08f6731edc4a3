// Teams: the tenants, run by operators.
import { createTeam, deleteTeam, showTeam, updateTeam } from '@berth/actions';
import { z } from 'zod';
import { answerOnce } from '../../http/once';
import type { ApiContext } from '../dialect';
import { OPERATE } from './authenticate';
import { changed, created, GONE } from './created';
import { type Asked, type AskedWith, type Endpoint, endpoint } from './endpoint';
import { changeOf, newName, ofName, pageOf, pageQuery, showPage, wholeNumber } from './fields';
import { getById, idOfPath } from './reach';
import { isGone, lists, makes, shows } from './shapes/answers';
import { teamShape } from './shapes/operated';

const QUOTA_MAX = 100_000;
const quota = wholeNumber(0, QUOTA_MAX).nullable().describe('How many databases it may have; null is no limit.');

const newTeam = z.strictObject({ name: newName, database_quota: quota.default(null) });
const teamChange = changeOf({ name: newName.exactOptional(), database_quota: quota.exactOptional() });
const listQuery = z.strictObject({ ...pageQuery, name: ofName });

const about = { tag: 'Teams', noun: 'team', scopes: OPERATE } as const;

export const teamEndpoints: Endpoint[] = [
  endpoint({
    ...about,
    method: 'get',
    path: '/teams',
    id: 'listTeams',
    summary: 'List teams',
    query: listQuery,
    answers: lists(teamShape),
    handle: listTeams,
  }),
  endpoint({
    ...about,
    method: 'post',
    path: '/teams',
    id: 'createTeam',
    summary: 'Make a team',
    body: newTeam,
    answers: makes(teamShape),
    errors: ['name_taken'],
    examples: { 'ten databases': { body: { name: 'shop', database_quota: 10 } } },
    handle: makeTeam,
  }),
  endpoint({
    ...about,
    method: 'get',
    path: '/teams/:id',
    id: 'getTeam',
    summary: 'Show a team',
    answers: shows(teamShape),
    handle: getTeam,
  }),
  endpoint({
    ...about,
    method: 'patch',
    path: '/teams/:id',
    id: 'updateTeam',
    summary: 'Change a team',
    body: teamChange,
    answers: shows(teamShape),
    errors: ['name_taken'],
    examples: { 'another quota': { body: { database_quota: 25 } } },
    handle: changeTeam,
  }),
  endpoint({
    ...about,
    method: 'delete',
    path: '/teams/:id',
    id: 'deleteTeam',
    summary: 'Delete a team that nothing uses',
    answers: isGone,
    errors: ['in_use'],
    handle: removeTeam,
  }),
];

async function listTeams(api: ApiContext, { query, response }: Asked<typeof listQuery>): Promise<void> {
  const { cursor, limit, ...filter } = query;
  response.json(showPage(await api.store.teams.list(filter, pageOf({ cursor, limit })), showTeam));
}

async function makeTeam(api: ApiContext, call: AskedWith<typeof newTeam>): Promise<void> {
  await answerOnce(api, call, call.caller, async (asked) => {
    const team = await createTeam(api, asked, call.body);
    return created(call, `/teams/${team.id}`, showTeam(team));
  });
}

async function getTeam(api: ApiContext, { request, response }: Asked): Promise<void> {
  response.json(showTeam(await getById('team', request.params.id, api.store.teams.find)));
}

async function changeTeam(api: ApiContext, call: AskedWith<typeof teamChange>): Promise<void> {
  const id = idOfPath('team', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) =>
    changed(showTeam(await updateTeam(api, asked, id, call.body))),
  );
}

async function removeTeam(api: ApiContext, call: Asked): Promise<void> {
  const id = idOfPath('team', call.request.params.id);
  await answerOnce(api, call, call.caller, async (asked) => {
    await deleteTeam(api, asked, id);
    return GONE;
  });
}
