// What a whole Berth is asked at once and again and again: one name made and dropped a hundred times, one request sent ten
// times to two APIs, deletes at the same moment. Seen from outside: by HTTP, and with the URLs that are given out.
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { withClient } from '../journey';
import { refusalOf } from '../quarantine';
import { onEachQueue } from '../test-queue';

onEachQueue((queue) => {
  let berth: TestBerth;
  let apiUrls: string[];

  beforeAll(async () => {
    berth = await startBerth({ queue, env: { BERTH_LOG_LEVEL: 'warn', BERTH_SWEEP_INTERVAL_MS: '2000' } }); // no nudge is lost here
    await berth.start('api');
    apiUrls = berth.processes.flatMap(({ url }) => (url === null ? [] : [url]));
  });
  afterAll(() => berth?.close());

  const WAIT = { prefer: 'wait=30' };
  /** The hundred on one; on the other enough to see that the queue makes no difference. */
  const ROUNDS = queue === 'PostgreSQL' ? 100 : 10;

  /** Databases and roles on the server that begin with this name. */
  async function leftOn(name: string): Promise<string[]> {
    const sql = `SELECT datname AS name FROM pg_database WHERE starts_with(datname, $1)
    UNION SELECT rolname FROM pg_roles WHERE starts_with(rolname, $1)`;
    const url = berth.postgresql.url().reveal();
    const { rows } = await withClient(url, (client) => client.query<{ name: string }>(sql, [name]));
    return rows.map((row) => row.name).sort();
  }

  /** Asks for it and waits until it is made. */
  async function create(name: string): Promise<{ id: string; uri: string }> {
    const { body } = await berth.call('POST', '/v1/databases', { name, engine: 'postgresql' }, WAIT);
    expect(body.action.state).toBe('succeeded');
    const shown = await berth.call('GET', `/v1/credentials/${body.action.credential_id}?reveal=true`);
    return { id: body.database.id, uri: shown.body.uri };
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
  const atOnce = (count: number, method: string, path: string, body?: object, headers: Record<string, string> = {}) =>
    Promise.all(
      Array.from({ length: count }, (_, index) =>
        berth.call(method, new URL(path, apiUrls[index % apiUrls.length]).href, body, headers),
      ),
    );

  test('one POST sent ten times at once to two APIs with one key: one database, on the server too', async () => {
    expect(apiUrls).toHaveLength(2);
    const asked = { name: 'once', engine: 'postgresql' };
    const answers = await atOnce(10, 'POST', '/v1/databases', asked, { 'idempotency-key': 'one for both' });
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 10 }, () => 202));
    expect(new Set(answers.map(({ body }) => body.action.id)).size).toBe(1);
    const [first] = answers;
    if (first !== undefined) expect(await ended(first)).toMatchObject({ kind: 'database_create', state: 'succeeded' });
    expect((await berth.call('GET', '/v1/databases')).body.data).toHaveLength(1);
    expect(await leftOn('once')).toEqual(['once', expect.stringMatching(/^once_.*owner$/)]); // database and login, and their group
  });

  describe('deletes at the same moment, at two APIs', () => {
    it('that keep are one quarantine, with its evidence readable on the action; sent again they do not drop', async () => {
      const { id, uri } = await create('kept');
      const answers = await atOnce(10, 'DELETE', `/v1/databases/${id}`);
      const [first] = answers;
      if (first === undefined) throw new Error('nobody answered');
      expect(new Set(answers.map(({ status, body }) => `${status} ${body.action.id}`)).size).toBe(1);
      const action = await ended(first);
      const user = decodeURIComponent(new URL(uri).username);
      expect(action).toMatchObject({ kind: 'database_quarantine', state: 'succeeded' });
      expect(action.steps).toMatchObject([
        { name: 'shut_out', evidence: { locked: [user], revoked: [user], shut: true } },
        { name: 'end_sessions', evidence: { looks: expect.arrayContaining([0, 0]) } },
        { name: 'forget_passwords', evidence: { passwords_forgotten: [user], looks: expect.arrayContaining([0, 0]) } },
        { name: 'check_refused', evidence: { refused: [`${user}: password`], still_elsewhere: [] } },
      ]);
      expect(await refusalOf(uri)).toBe('login');
      const { body } = await berth.call('POST', `/v1/databases/${id}/restore`, undefined, WAIT);
      expect(body.database.state).toBe('available');
      expect(await refusalOf(uri)).toBeNull();
    });

    it('that purge: one is accepted, the others are told which action drops it; nothing is left', async () => {
      const { id, uri } = await create('gone');
      const answers = await atOnce(10, 'DELETE', `/v1/databases/${id}?purge=true`);
      const accepted = answers.filter(({ status }) => status === 202);
      const dropId = accepted[0]?.body.action.id;
      expect(accepted).toHaveLength(1);
      for (const { status, body } of answers) {
        if (status === 202) continue;
        expect([status, body.code, body.action_id]).toEqual([409, 'contradicts', dropId]);
      }
      if (accepted[0] !== undefined) expect(await ended(accepted[0])).toMatchObject({ state: 'succeeded' });
      expect(await leftOn('gone')).toEqual([]);
      expect(await refusalOf(uri)).toBe('login');
    });
  });

  test(`one name, made and dropped ${ROUNDS} times back to back: each is a new and empty database, and nothing is left`, async () => {
    const drops: Answer[] = [];
    const ids = new Set<string>();
    for (let round = 1; round <= ROUNDS; round += 1) {
      const { id, uri } = await create('again');
      ids.add(id);
      await withClient(uri, (client) => client.query('CREATE TABLE mine (number int)')); // refused where one is left
      drops.push(await berth.call('DELETE', `/v1/databases/${id}?purge=true`)); // the next create does not wait for it
    }
    for (const drop of drops) expect(await ended(drop)).toMatchObject({ state: 'succeeded' });
    expect(ids.size).toBe(ROUNDS);
    expect(await leftOn('again')).toEqual([]);
  }, 240_000); // some 35 s on two cores that do nothing else
});
