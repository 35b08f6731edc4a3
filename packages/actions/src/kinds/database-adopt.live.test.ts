// Whose a database becomes that is adopted, and what keeps it from being: the same quota, room and names as of a create. What
// happens on the server, and on each engine, is in packages/testing/src/journeys/adopt.live.test.ts.
import { codeOf } from '@berth/core';
import { eventually, testServers } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { runAction } from '@berth/testing/run-action';
import { request } from '../request';
import { retryAction } from '../steer';
import { type DatabaseAdoptInput, databaseAdopt } from './database-adopt';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const sql = (text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, unknown>>(text, values)).rows);

/** Asks for one that nobody has asked for yet; whether the server has it is seen by the worker alone. */
function ask(change: Partial<DatabaseAdoptInput> = {}, access = journey.access) {
  count += 1;
  const engineName = `adopted_${process.pid}_${count}`;
  const input = { serverId: journey.serverId, engineName, name: engineName, plan: 'small', project: 'default' };
  return request(journey.context, databaseAdopt, { ...input, ...change }, access);
}

/** What the request throws; it must have left no row. */
async function refusalOf(asked: Promise<unknown>): Promise<unknown> {
  const [before] = await sql('SELECT count(*) FROM databases');
  const error: unknown = await asked.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(await sql('SELECT count(*) FROM databases')).toEqual([before]);
  return error;
}

async function makeTeam(name: string): Promise<string> {
  const { catalog } = journey.context.store;
  const { id } = await catalog.ensureTeam(name);
  await catalog.ensureProject(id, 'default');
  return id;
}

test('it becomes the named team’s, in a project of that team; a team that is not there is told', async () => {
  const teamId = await makeTeam('theirs');
  const { database_id: id, team_id } = await ask({ team: 'theirs' });
  expect(team_id).toBe(teamId);
  const row = await journey.context.store.databases.find(id ?? '');
  const projects = await sql('SELECT team_id FROM projects WHERE id = $1', [row?.project_id]);
  expect([row?.team_id, projects]).toEqual([teamId, [{ team_id: teamId }]]);
  const error = await refusalOf(ask({ team: 'nobody' }));
  expect(error).toMatchObject({ code: 'unknown_reference', fields: [{ field: 'team' }] });
});

test('an operator’s own default project and pool are no place for what is another team’s, and on its server already', async () => {
  await makeTeam('third');
  const [project] = await sql('SELECT id FROM projects WHERE team_id = $1', [journey.access.team_id]);
  const [pool] = await sql(`SELECT id FROM pools WHERE engine = 'mysql' LIMIT 1`);
  const access = { ...journey.access, default_project_id: String(project?.id), default_pool_id: String(pool?.id) };
  const { context, serverId } = journey;
  const asked = { serverId, engineName: 'no_place', name: 'no-place', plan: 'small', team: 'third' };
  const error = await refusalOf(request(context, databaseAdopt, asked, access));
  expect(error).toMatchObject({ fields: [{ field: 'project' }] });
  await expect(ask({ team: 'third' }, access)).resolves.toMatchObject({ server_id: journey.serverId });
});

test('it counts against the quota of the team that it becomes', async () => {
  const teamId = await makeTeam('full');
  await sql('UPDATE teams SET database_quota = 1 WHERE id = $1', [teamId]);
  await ask({ team: 'full' });
  expect(codeOf(await refusalOf(ask({ team: 'full' })))).toBe('quota_exceeded');
});

test('a name that Berth has given is taken', async () => {
  const { database_id: id } = await ask();
  const name = (await journey.context.store.databases.find(id ?? ''))?.name ?? '';
  expect(await refusalOf(ask({ name }))).toMatchObject({ code: 'name_taken', fields: [{ field: 'name' }] });
});

describe('on a server with room for one more', () => {
  beforeEach(async () => {
    await sql(
      `UPDATE servers SET size_bytes_max = ceil((SELECT coalesce(sum(size_bytes_max), 0) FROM databases JOIN plans
         ON plans.id = plan_id WHERE server_id = servers.id AND state NOT IN ('deleted', 'failed')) / 0.9 + 1.5 * 1024 ^ 3)
        WHERE id = $1`,
      [journey.serverId],
    );
  });
  afterEach(() => sql('UPDATE servers SET size_bytes_max = NULL WHERE id = $1', [journey.serverId]));

  test('one is adopted, and the next is not', async () => {
    await ask();
    expect(codeOf(await refusalOf(ask()))).toBe('no_room');
  });

  test('one of those that ask at once has it, each for a team of its own', async () => {
    const teams = ['one', 'two', 'three', 'four', 'five'];
    for (const team of teams) await makeTeam(team);
    // each has seen that there is room before the first of them takes it
    const asked = await withClient(journey.storeUrl, async (client) => {
      await client.query('BEGIN; LOCK TABLE databases IN SHARE MODE');
      const asking = Promise.allSettled(teams.map((team) => ask({ team })));
      const waiting = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()`;
      await eventually(async () => (await sql(waiting)).length === teams.length, { what: 'all to come so far' });
      await client.query('COMMIT');
      return asking;
    });
    const codes = asked.map((each) => (each.status === 'fulfilled' ? 'asked' : codeOf(each.reason)));
    expect(codes.sort()).toEqual(['asked', 'no_room', 'no_room', 'no_room', 'no_room']);
  });
});

test('one that failed is not tried again: the database is somebody else’s meanwhile', async () => {
  const { id } = await ask();
  expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'not_found' });
  const error: unknown = await retryAction(journey.context, id, journey.access).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'contradicts', message: expect.stringContaining('/adopt') });
});

test('a login of it that is let into another database is dropped, and nothing is adopted', async () => {
  const engineName = `foreign_${process.pid}`;
  const { postgresqlUrl } = testServers();
  await withClient(postgresqlUrl, (client) => client.query(`CREATE DATABASE ${engineName}`));
  const { credential_id, database_id, id } = await ask({ engineName });
  const username = async () =>
    (await journey.context.store.credentials.find(credential_id ?? ''))?.engine_username ?? '';
  const action = await runAction(journey.context, id, {
    onMoment: async (moment, step) => {
      if (moment === 'started' && step === 'check_isolation') await journey.view.letIntoCanary(await username());
    },
  });
  expect(action).toMatchObject({ state: 'failed', error_code: 'not_isolated' });
  expect((await journey.context.store.databases.find(database_id ?? ''))?.state).toBe('deleted');
  expect(await journey.view.hasLogin(await username())).toBe(false);
  await withClient(postgresqlUrl, (client) => client.query(`DROP DATABASE ${engineName} WITH (FORCE)`));
});
