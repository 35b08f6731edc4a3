// Globo's API while something is missing: its clients wait ten seconds and no longer, what they asked for is done all the same, and
// asking again is asking once.
import type { Answer } from '../berth';
import { eventually } from '../eventually';
import { withClient } from '../journey';
import { onPostgresql } from '../tenants/postgresql';
import { withSession } from '../tenants/tenants';
import type { TestProcess } from '../test-process';
import { type Globo, type Made, makeDatabase, openGlobo, PLACE, uriOf } from './globo.fixture';

const WORKER = 'worker-postgresql';
const WAIT_MS = 10_000;
/** Less by the clock of a caller who sent it before the wait began, and by a timer's millisecond. */
const WAIT_MS_MIN = WAIT_MS - 5;

let globo: Globo;
let kept: Made;

beforeAll(async () => {
  globo = await openGlobo({});
  kept = await makeDatabase(globo.ordinary, 'kept');
  await withSession(onPostgresql, kept.uri, (session) => session.write('first'));
});
afterAll(() => globo?.berth.close());

const processOf = (app: string): TestProcess => {
  const found = globo.berth.processes.find((each) => each.output().includes(`"process":"${app}"`));
  if (found === undefined) throw new Error(`${app} does not run`);
  return found;
};
const tasks = async (filter: string) => (await globo.manager('GET', `/task/?${filter}`)).body.taskhistory;

/** The task of an answer, when it has ended. */
async function endedTask({ task }: { task: string }): Promise<Answer['body']> {
  const ended = async () => {
    const [first] = (await globo.ordinary('GET', task)).body.taskhistory;
    return first.ended_at === null ? null : first;
  };
  return eventually(ended, { what: 'the task to end', timeoutMs: 45_000 });
}

/** When something of this kind is asked for. */
const isAsked = (name: string, more = '') =>
  eventually(async () => (await tasks(`task_name=${name}&task_status=WAITING${more}`)).length > 0, { what: name });

type Timed = Answer & { tookMs: number };

async function timed(answer: Promise<Answer>): Promise<Timed> {
  const startedAt = performance.now();
  return { ...(await answer), tookMs: performance.now() - startedAt };
}

const isInTime = (tookMs: number) => tookMs >= WAIT_MS_MIN && tookMs < 2 * WAIT_MS;

describe('without a worker', () => {
  const link = () => `/api/database/${kept.id}/`;
  const askLogin = () => timed(globo.ordinary('POST', '/credential/', { user: 'u_later', database: link() }));
  const askReset = () => timed(globo.ordinary('POST', `${kept.credential}reset_password/`, {}));
  let quick: Timed;
  let slow: Timed;
  let logins: Timed[];
  let resets: Timed[];

  beforeAll(async () => {
    const { berth, ordinary } = globo;
    await processOf(WORKER).stop();
    const [killed, stopped] = [processOf('api'), await berth.start('api')];
    await berth.start('api'); // which answers from now on
    const askAt = ({ url }: TestProcess, name: string) =>
      ordinary('POST', `${url}/globo/api/database/`, { ...PLACE, name });
    const unheard = expect(askAt(killed, 'unheard')).rejects.toThrow();
    const hurried = timed(askAt(stopped, 'hurried'));
    for (const name of ['unheard', 'hurried']) await isAsked('create_database', `&database_name=${name}`);
    killed.signal('SIGKILL');
    stopped.signal('SIGTERM');
    [quick] = await Promise.all([hurried, unheard]);
    const creating = timed(globo.ordinary('POST', '/database/', { ...PLACE, name: 'slow' }));
    const [login, reset] = [askLogin(), askReset()];
    await Promise.all([isAsked('credential_create'), isAsked('credential_reset')]);
    const twice = [Promise.all([login, askLogin()]), Promise.all([reset, askReset()])] as const;
    [slow, logins, resets] = await Promise.all([creating, ...twice]);
  });

  test('a create is answered after ten seconds with the database as it will be, and the task that waits', async () => {
    expect(slow).toMatchObject({ status: 201, body: { name: 'slow', status: 2, is_locked: true } });
    expect([slow.tookMs, isInTime(slow.tookMs)]).toEqual([slow.tookMs, true]);
    expect(slow.headers.get('location')).toBe(slow.body._links.self);
    expect(slow.body.credentials).toHaveLength(1);
    const { body } = await globo.ordinary('GET', slow.body.task);
    expect(body.taskhistory).toMatchObject([{ task_status: 'WAITING', database_name: 'slow', ended_at: null }]);
  });

  test('an API that is asked to stop answers with the same at once', () => {
    expect(quick).toMatchObject({ status: 201, body: { name: 'hurried', status: 2, task: expect.any(String) } });
    expect(quick.tookMs).toBeLessThan(WAIT_MS);
  });

  test('a login and a reset are 503 after ten seconds; asked for again they are one', async () => {
    for (const [name, answers] of Object.entries({ credential_create: logins, credential_reset: resets })) {
      for (const answer of answers) {
        const task = answers[0]?.body.task;
        expect(answer).toMatchObject({ status: 503, body: { detail: expect.any(String), task } });
        expect(answer.headers.get('retry-after')).toBe('5');
        expect([answer.tookMs, isInTime(answer.tookMs)]).toEqual([answer.tookMs, true]);
      }
      expect(await tasks(`task_name=${name}`)).toMatchObject([{ task_status: 'WAITING' }]);
    }
    expect(await onPostgresql.refusalOf(kept.uri)).toBeNull(); // the password stands until another works
  });

  test('when one comes all of it is done, once: also what was asked of an API that was killed meanwhile', async () => {
    const { berth, ordinary } = globo;
    await berth.start(WORKER);
    const all = [slow, ...logins, ...resets].map(({ body }) => endedTask(body));
    for (const task of await Promise.all(all)) expect(task).toMatchObject({ task_status: 'SUCCESS' });
    const isMade = async (name: string) => (await tasks(`database_name=${name}&task_status=SUCCESS`)).length === 1;
    for (const name of ['unheard', 'hurried']) await eventually(() => isMade(name), { what: `${name} to be made` });

    for (const name of ['slow', 'unheard', 'hurried']) {
      const { database } = (await ordinary('GET', `/database/?name=${name}`)).body;
      expect([database.length, Object.keys(database[0])]).toEqual([1, expect.not.arrayContaining(['task', 'status'])]);
      const { body: login } = await ordinary('GET', database[0].credentials[0]);
      expect(await onPostgresql.refusalOf(uriOf(database[0].endpoint, login))).toBeNull();
    }
  });

  test('the login is there with its password, told to who asks again, and the reset one has another', async () => {
    const ask = () => globo.ordinary('POST', '/credential/', { user: 'u_later', database: link() });
    expect(await ask()).toMatchObject({ status: 201, body: { user: 'u_later', password: expect.any(String) } });
    expect(await ask()).toMatchObject({ status: 400, body: { __all__: [expect.stringContaining('already exists')] } });
    const { body } = await globo.ordinary('GET', kept.path);
    const shown = body.credentials.map(async (url: string) => (await globo.ordinary('GET', url)).body);
    const [owner, later] = await Promise.all(shown);
    expect([owner, later]).toMatchObject([{ user: kept.user }, { user: 'u_later' }]);
    expect(await onPostgresql.refusalOf(kept.uri)).toBe('login');
    for (const login of [owner, later]) {
      const rows = await withSession(onPostgresql, uriOf(body.endpoint, login), (session) => session.read());
      expect(rows).toEqual(['first']);
    }
  });
});

describe("while the engine's server is down", () => {
  let removed: Timed[];
  let created: Timed;
  let uri: string;

  beforeAll(async () => {
    const { berth, manager, ordinary } = globo;
    uri = uriOf((await ordinary('GET', kept.path)).body.endpoint, (await ordinary('GET', kept.credential)).body);
    await berth.tenants.stop();
    const creating = timed(ordinary('POST', '/database/', { ...PLACE, name: 'meanwhile' }));
    const removing = timed(ordinary('DELETE', kept.path));
    await eventually(async () => (await tasks('task_name=database_quarantine')).length > 0, { what: 'the delete' });
    const again = timed(manager('DELETE', kept.path)); // joins: who asks again, not having heard, never drops
    [created, removed] = await Promise.all([creating, Promise.all([removing, again])]);
  });

  test('a delete is 204 after ten seconds, and the database is not there for ordinary logins by then', async () => {
    const { manager, ordinary } = globo;
    for (const answer of removed) {
      expect(answer).toMatchObject({ status: 204, body: null });
      expect([answer.tookMs, isInTime(answer.tookMs)]).toEqual([answer.tookMs, true]);
    }
    for (const path of [kept.path, kept.credential]) expect((await ordinary('GET', path)).status).toBe(404);
    expect((await ordinary('GET', '/database/?name=kept')).body.database).toEqual([]);
    const today = new Date().toISOString().slice(0, 10);
    const seen = await manager('GET', kept.path);
    expect(seen.body).toMatchObject({ quarantine_dt: today, is_locked: true, task: expect.any(String) });
  });

  test('when it is back the database is in quarantine, and what was to be made is made', async () => {
    const { berth, manager, ordinary } = globo;
    const { body: leaving } = await manager('GET', kept.path);
    await berth.tenants.restart();
    expect(await endedTask(leaving)).toMatchObject({
      task_status: 'SUCCESS',
      task_name: expect.stringContaining('quarantine'),
    });
    expect((await berth.call('GET', '/v1/databases?name=kept')).body.data).toMatchObject([{ state: 'quarantined' }]);
    expect(await onPostgresql.refusalOf(uri)).toBe('login');
    expect(created).toMatchObject({ status: 201, body: { status: 2, is_locked: true } });
    expect(await endedTask(created.body)).toMatchObject({ task_status: 'SUCCESS' });
    const { body } = await ordinary('GET', created.body._links.self);
    const { body: login } = await ordinary('GET', body.credentials[0]);
    expect(await onPostgresql.refusalOf(uriOf(body.endpoint, login))).toBeNull();
  });
});

describe('a server that refuses Berth itself', () => {
  test('makes a create 400 with its reason, and nothing of it is left: its name is free', async () => {
    const { berth, manager, ordinary } = globo;
    const { url } = berth.tenants;
    const { password, username } = new URL(url);
    const changed = Object.assign(new URL(url), { password: 'changed' }).href;
    const change = (by: string, to: string) =>
      withClient(by, (client) => client.query(`ALTER ROLE ${username} PASSWORD '${to}'`));
    await change(url, 'changed');
    const refused = await ordinary('POST', '/database/', { ...PLACE, name: 'refused' });
    await change(changed, password);
    expect(refused).toMatchObject({ status: 400, body: { detail: expect.stringContaining('An operator finds why') } });
    expect(JSON.stringify(refused.body)).not.toContain('postgres'); // the login that Berth has there
    expect((await manager('GET', '/database/?name=refused')).body.database).toEqual([]);
    const made = await makeDatabase(ordinary, 'refused');
    expect(await onPostgresql.refusalOf(made.uri)).toBeNull();
    expect((await tasks('database_name=refused&task_name=create_database')).length).toBe(2);
  });
});
