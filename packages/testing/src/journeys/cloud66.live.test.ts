// The main job as clients of Cloud 66 see it, on each engine: a database, a user, a password that works and another one, a second
// database for the same user, sizes of now, and nothing left on the server when all is deleted.
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { onEachEngineAndQueue } from '../tenants/on-each-engine';
import { withSession } from '../tenants/tenants';

const API = '/cloud66/api/3';
/** Of 100,000 bytes that are written a server may have had room for some. */
const GROWN = 50_000;
/** A list waits two seconds for its server; the rest is for the machine. */
const LIST_MS_MAX = 5_000;

onEachEngineAndQueue((engine, queue) => {
  let berth: TestBerth;
  let stack: string;
  let group: string;

  beforeAll(async () => {
    berth = await startBerth({ engine, queue });
    const { body: stacks } = await berth.call('GET', `${API}/stacks.json`);
    const { uid } = stacks.response.find((each: { environment: string }) => each.environment === 'development');
    stack = `${API}/stacks/${uid}`;
    const { body: groups } = await berth.call('GET', `${stack}/server_groups`);
    const { id } = groups.response.find((each: { type: string }) => each.type === engine.name);
    group = `${stack}/server_groups/${id}`;
  });
  afterAll(() => berth?.close());

  /** Asks for it, polls its action as a client does until that is finished, and returns the uid of what it was about. */
  async function done(method: string, path: string, body?: object): Promise<string> {
    const asked = await berth.call(method, `${group}/${path}`, body);
    expect(asked).toMatchObject({ status: 200, body: { response: { finished_at: null } } });
    const { id } = asked.body.response;
    const action: Answer['body'] = await eventually(
      async () => {
        const { body: polled } = await berth.call('GET', `${stack}/actions/${id}.json`);
        return polled.response.finished_at === null ? null : polled.response;
      },
      { timeoutMs: 30_000, what: `action ${id} to finish` },
    );
    expect(action).toMatchObject({ finished_success: true, status: 'completed' });
    return action.resource_id;
  }

  async function get(path: string) {
    const { body } = await berth.call('GET', `${group}/${path}`);
    return body.response;
  }

  const shown = (user: string) => get(`database_users/${user}?show_password=true`);
  const write = (uri: string, text: string) => withSession(engine, uri, (session) => session.write(text));
  const names = () => engine.view(berth.tenants.url).listNames('cloudy');

  test('a database and a user, used with the password that is shown, and then with another', async () => {
    const database = await done('POST', 'databases', { database_name: 'cloudy_one', database_user_ids: [] });
    expect(await get(`databases/${database}`)).toMatchObject({ name: 'cloudy_one', users: [] });
    const user = await done('POST', 'database_users', { username: 'cloudy_user', database_ids: [database] });
    expect(await get('databases')).toMatchObject([{ uid: database, users: ['cloudy_user'] }]);
    const { uris, password } = await shown(user);
    await write(uris[database], 'first');

    expect(await done('POST', `database_users/${user}/regenerate_password`)).toBe(user);
    const renewed = await shown(user);
    expect(renewed.password).not.toBe(password);
    expect(await engine.refusalOf(uris[database])).toBe('login');
    const rows = await withSession(engine, renewed.uris[database], (session) => session.read());
    expect(rows).toEqual(['first']);
  });

  test('a second database is created for the same user: one password, both databases', async () => {
    const [{ uid: first }] = await get('databases');
    const [{ uid: user }] = await get('database_users');
    const second = await done('POST', 'databases', { database_name: 'cloudy_two', database_user_ids: [user] });
    expect(await get(`databases/${second}`)).toMatchObject({ users: ['cloudy_user'] });
    const { uris, databases } = await shown(user);
    expect([Object.keys(uris), databases]).toEqual([
      [first, second],
      ['cloudy_one', 'cloudy_two'],
    ]);
    for (const id of [first, second]) await write(uris[id], 'again');
  });

  test('a list shows the size of now; one of a server that hangs is not kept waiting for it', async () => {
    const sizeOf = async (name: string) => {
      const list: { name: string; size_bytes: number }[] = await get('databases');
      return list.find((each) => each.name === name)?.size_bytes ?? 0;
    };
    const before = await sizeOf('cloudy_one');
    const [{ uid }] = await get('databases');
    const [user] = await get('database_users');
    const { uris } = await shown(user.uid);
    await withSession(engine, uris[uid], async (session) => {
      for (let row = 0; row < 500; row += 1) await session.insert(randomText(200));
    });
    // MariaDB counts pages when it comes to it
    await eventually(async () => (await sizeOf('cloudy_one')) > before + GROWN, {
      timeoutMs: 30_000,
      what: 'the list to show that it grew',
    });

    await berth.tenants.freeze();
    const beganAt = performance.now();
    expect(await sizeOf('cloudy_one')).toBeGreaterThan(before + GROWN);
    expect(performance.now() - beganAt).toBeLessThan(LIST_MS_MAX);
    await berth.tenants.thaw();
  });

  test('a user stays as long as it has a database, and nothing is left on the server after it', async () => {
    const [{ uid: first }, { uid: second }] = await get('databases');
    const [{ uid: user }] = await get('database_users');
    expect(await done('DELETE', `databases/${first}`)).toBe(first);
    const { uris, databases } = await shown(user);
    expect(databases).toEqual(['cloudy_two']);
    await write(uris[second], 'still');
    await done('DELETE', `databases/${second}`);
    expect(await names()).toEqual([]);
    const gone = await berth.call('GET', `${group}/database_users/${user}`);
    expect([gone.status, gone.body.error]).toEqual([404, 'not_found']);
    expect([await get('databases'), await get('database_users')]).toEqual([[], []]);
  });
});

/** Which no server compresses. */
function randomText(length: number): string {
  return Array.from({ length }, () => Math.random().toString(36)[2] ?? 'x').join('');
}
