// What a whole Berth is asked at once and again and again: one name made and dropped a hundred times, one request sent ten
// times to two APIs, deletes at the same moment. Seen from outside: by HTTP, and with the URLs that are given out. One Berth with
// a worker of each engine does it all.
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { refusalOf } from '../quarantine';
import { onEachEngineAndQueueAtOnce } from '../tenants/at-once';
import { onPostgresql } from '../tenants/postgresql';
import { type TestEngine, withSession } from '../tenants/tenants';
import type { QueueKind } from '../test-queue';

/** One for each queue, begun by whoever comes first. */
const berths = new Map<QueueKind, Promise<TestBerth>>();
afterAll(async () => {
  for (const berth of berths.values()) await berth.then((started) => started.close());
});

function berthOn(queue: QueueKind): Promise<TestBerth> {
  const env = { BERTH_LOG_LEVEL: 'warn', BERTH_SWEEP_INTERVAL_MS: '2000' }; // no nudge is lost here
  const berth = berths.get(queue) ?? startBerth({ queue, env });
  berths.set(queue, berth);
  return berth;
}

/** The Berth's own server of PostgreSQL, or the one of the run, with a worker. */
async function ensureEngine(berth: TestBerth, engine: TestEngine): Promise<string> {
  if (engine === onPostgresql) {
    await berth.start('api'); // the second
    return berth.tenants.url;
  }
  await berth.start(`worker-${engine.name}`);
  const [pool, admin_url] = [`${engine.name}-development`, engine.sharedUrl()];
  const server = { name: engine.name, engine: engine.name, pool, admin_url };
  const { body } = await berth.call('POST', '/v1/servers', server, { prefer: 'wait=30' });
  expect(body.action).toMatchObject({ state: 'succeeded' });
  return engine.sharedUrl();
}

onEachEngineAndQueueAtOnce((engine, queue, atOnce) => {
  let berth: TestBerth;
  let apiUrls: string[];
  let view: ReturnType<TestEngine['view']>;
  atOnce.open(async () => {
    berth = await berthOn(queue);
    view = engine.view(await ensureEngine(berth, engine));
    await eventually(() => berth.processes.filter(({ url }) => url !== null).length === 2, { what: 'the second API' });
    apiUrls = berth.processes.flatMap(({ url }) => (url === null ? [] : [url]));
  });

  const WAIT = { prefer: 'wait=30' };
  /** The hundred on one; on the others enough to see that neither the queue nor the engine makes a difference. */
  const ROUNDS = queue === 'PostgreSQL' && engine === onPostgresql ? 100 : 5;
  const nameOf = (name: string) => `${name}_${engine.name}_${process.pid}`; // two of a team never have one name
  const place = { engine: engine.name, plan: 'small', environment: 'development' };
  const asked = (name: string) => ({ ...place, name: nameOf(name) });

  /** Asks for it and waits until it is made. */
  async function create(name: string): Promise<{ id: string; uri: string }> {
    const answer = await berth.call('POST', '/v1/databases', asked(name), WAIT);
    const action = answer.status === 200 ? answer.body.action : await ended(answer); // longer on a busy machine
    expect(action).toMatchObject({ state: 'succeeded' });
    const shown = await berth.call('GET', `/v1/credentials/${action.credential_id}?reveal=true`);
    return { id: answer.body.database.id, uri: shown.body.uri };
  }

  /** The action of an accepted request, when it has ended. */
  const ended = ({ body }: Answer): Promise<Answer['body']> =>
    eventually(
      async () => {
        const action = (await berth.call('GET', `/v1/actions/${body.action.id}`)).body;
        return action.ended_at === null ? null : action;
      },
      { what: `${body.action.kind} to end`, timeoutMs: 60_000 },
    );

  /** The same request to both APIs in turn, all under way at once. */
  const toBoth = (count: number, method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        berth.call(method, new URL(path, apiUrls[index % apiUrls.length]).href, body, headers),
      ),
    );

  atOnce.test('one POST sent ten times at once to two APIs with one key: one database, on the server too', async () => {
    expect(apiUrls).toHaveLength(2);
    const headers = { 'idempotency-key': `one for both, ${engine.name}` };
    const answers = await toBoth(10, 'POST', '/v1/databases', asked('once'), headers);
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
    expect(new Set(answers.map(({ body }) => body.action.id)).size).toBe(1);
    const [first] = answers;
    if (first !== undefined) expect(await ended(first)).toMatchObject({ kind: 'database_create', state: 'succeeded' });
    const { body } = await berth.call('GET', '/v1/databases?limit=100');
    expect(body.data.filter(({ name }: { name: string }) => name === nameOf('once'))).toHaveLength(1);
    // database and login have one name; on PostgreSQL its owners are a group beside them
    const names = (await view.listNames(nameOf('once'))).filter((name) => !/_owner$/.test(name));
    expect(new Set(names)).toEqual(new Set([nameOf('once')]));
  });

  describe('deletes at the same moment, at two APIs', () => {
    atOnce.test(
      'that keep are one quarantine, with its evidence readable on the action; sent again they do not drop',
      async () => {
        const { id, uri } = await create('kept');
        const answers = await toBoth(10, 'DELETE', `/v1/databases/${id}`);
        const [first] = answers;
        if (first === undefined) throw new Error('nobody answered');
        expect(new Set(answers.map(({ status, body }) => `${status} ${body.action.id}`)).size).toBe(1);
        const action = await ended(first);
        const user = decodeURIComponent(new URL(uri).username);
        expect(action).toMatchObject({ kind: 'database_quarantine', state: 'succeeded' });
        const looks = expect.arrayContaining([0, 0]);
        expect(action.steps).toMatchObject([
          { name: 'shut_out', evidence: { locked: [user], revoked: [user], shut: true } },
          { name: 'end_sessions', evidence: { looks } },
          { name: 'forget_passwords', evidence: { passwords_forgotten: [user], looks } },
          { name: 'check_refused', evidence: { refused: [`${user}: password`], still_elsewhere: [] } },
        ]);
        expect(await refusalOf(uri)).toBe('login');
        const { body } = await berth.call('POST', `/v1/databases/${id}/restore`, undefined, WAIT);
        expect(body.database.state).toBe('available');
        expect(await refusalOf(uri)).toBeNull();
      },
    );

    atOnce.test('that purge: one is accepted, the others are told which action drops it; nothing is left', async () => {
      const { id, uri } = await create('gone');
      const answers = await toBoth(10, 'DELETE', `/v1/databases/${id}?purge=true`);
      const accepted = answers.filter(({ status }) => status === 202);
      const dropId = accepted[0]?.body.action.id;
      expect(accepted).toHaveLength(1);
      for (const { status, body } of answers) {
        if (status === 202) continue;
        // one that is heard when the drop is done finds nothing any more
        if (status === 404) expect(body.code).toBe('not_found');
        else expect([status, body.code, body.action_id]).toEqual([409, 'contradicts', dropId]);
      }
      if (accepted[0] !== undefined) expect(await ended(accepted[0])).toMatchObject({ state: 'succeeded' });
      expect(await view.listNames(nameOf('gone'))).toEqual([]);
      expect(await refusalOf(uri)).toBe('login');
    });
  });

  atOnce.test(
    `one name, made and dropped ${ROUNDS} times back to back: each is a new and empty database, and nothing is left`,
    async () => {
      const drops: Answer[] = [];
      const ids = new Set<string>();
      for (let round = 1; round <= ROUNDS; round += 1) {
        const { id, uri } = await create('again');
        ids.add(id);
        await withSession(engine, uri, async (session) => {
          await session.write('mine', 'mine');
          expect(await session.read('mine')).toEqual(['mine']); // what was left would be read as well
        });
        drops.push(await berth.call('DELETE', `/v1/databases/${id}?purge=true`)); // the next create does not wait for it
      }
      for (const drop of drops) expect(await ended(drop)).toMatchObject({ state: 'succeeded' });
      expect(ids.size).toBe(ROUNDS);
      expect(await view.listNames(nameOf('again'))).toEqual([]);
    },
  );
});
