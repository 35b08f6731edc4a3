// Scalingo's API on real servers: the product's npm client as it is published, and the requests of its command line, from a token to a
// connection and to nothing.
import { Client } from 'scalingo';
import { eventually } from '../eventually';
import { onEachEngine } from '../tenants/on-each-engine';
import { withSession } from '../tenants/tenants';
import { type Chained, chain, openScalingo, type Scalingo, waitUntilRunning } from './scalingo.fixture';

onEachEngine((engine) => {
  let scalingo: Scalingo;
  let made: Chained;
  const name = 'my-journey-db';

  beforeAll(async () => {
    scalingo = await openScalingo({ engine });
  });
  afterAll(() => scalingo?.berth.close());

  test('the npm client exchanges its token, finds a plan and makes a database', async () => {
    const { owner, berth } = scalingo;
    const { client } = owner;
    const user = await client.Users.self();
    expect(user).toMatchObject({ username: 'ci', email: 'ci@example.org' });
    const [project] = await client.Projects.all();
    expect(project).toMatchObject({ default: true, id: expect.stringMatching(/^pr-/) });
    const providers = await client.Addons.listProviders('');
    expect(providers.map(({ id }) => id)).toContain(engine.name);
    const asked = { addon_provider_id: engine.name, plan_id: berth.place.plan, database_name: name };
    const created = await client.Databases.create({ ...asked, project_id: project?.id ?? '' });
    const shown = { name, technology: engine.name, plan: berth.place.plan, project_id: project?.id };
    expect(created).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{24}$/), ...shown });
    expect(await client.Databases.all()).toEqual({ databases: [created] });
    const refused = await client.Databases.create({ ...asked, plan_id: 'no-such-plan' }).catch((error) => error);
    expect([refused.status, refused.data]).toEqual([422, { errors: { plan: [expect.any(String)] } }]);
  });

  test('the command line waits until it runs, has a password made, and its owner is let in', async () => {
    const { owner } = scalingo;
    made = await waitUntilRunning(owner, name);
    const users = `/api/databases/${made.addon}/users`;
    const { body: list } = await owner.ask('GET', users, undefined, made.token);
    const [first] = list['database-users'];
    const reset = await owner.ask('POST', `${users}/${first.name}/reset_password`, {}, made.token);
    expect(reset).toMatchObject({ status: 200, body: { database_user: { name: first.name } } });
    const { password, uri } = reset.body.database_user;
    const { hostname, pathname, port, username } = new URL(uri);
    const [instance] = made.deployed.instances;
    expect({ hostname, port, username: decodeURIComponent(username), database: pathname.slice(1) }).toEqual({
      ...{ hostname: made.deployed.hostname, port: String(instance.port) },
      ...{ username: first.name, database: made.deployed.resource_id },
    });
    expect(decodeURIComponent(new URL(uri).password)).toBe(password);
    await withSession(engine, uri, async (session) => {
      await session.write('first');
      expect(await session.read()).toEqual(['first']);
    });
  });

  test('a user that may only read reads; another password shuts out the old one; a deleted user is out', async () => {
    const { owner } = scalingo;
    const users = `/api/databases/${made.addon}/users`;
    const asked = { database_user: { name: 'journey_reader', read_only: true } };
    const created = await owner.ask('POST', users, asked, made.token);
    expect(created).toMatchObject({ status: 201, body: { database_user: { read_only: true } } });
    const { uri } = created.body.database_user;
    await withSession(engine, uri, async (session) => {
      expect(await session.read()).toEqual(['first']);
      await expect(session.insert('second')).rejects.toThrow();
    });
    const reset = await owner.ask('POST', `${users}/journey_reader/reset_password`, {}, made.token);
    const renewed = reset.body.database_user.uri;
    expect([await engine.refusalOf(uri), await engine.refusalOf(renewed)]).toEqual(['login', null]);
    expect(await owner.ask('DELETE', `${users}/journey_reader`, undefined, made.token)).toMatchObject({ status: 204 });
    expect(await engine.refusalOf(renewed)).toBe('login');
  });

  test('nobody of another team sees it, and a token opens nothing else', async () => {
    const { owner, stranger, berth } = scalingo;
    expect(await stranger.client.Databases.all()).toEqual({ databases: [] });
    expect(await chain(stranger, name)).toBeNull();
    for (const [method, path] of [
      ['GET', `/v1/databases/${name}`],
      ['DELETE', `/v1/databases/${name}`],
      ['GET', `/v1/apps/${name}`],
      ['GET', `/v1/apps/${name}/addons`],
      ['DELETE', `/v1/apps/${name}?current_name=${name}`],
      ['POST', `/v1/apps/${name}/addons/${made.addon}/token`],
      ['GET', `/api/databases/${made.addon}`],
      ['GET', `/api/databases/${made.addon}/users`],
      ['POST', `/api/databases/${made.addon}/users`],
    ] as const)
      expect([path, (await stranger.ask(method, path)).status]).toEqual([path, 404]);
    expect((await owner.ask('GET', '/v1/databases', undefined, made.token)).status).toBe(401);
    const url = `${berth.apiUrl}/scalingo`;
    const unknown = new Client('a.b.c', { apiUrl: url, authApiUrl: url });
    await expect(unknown.Databases.all()).rejects.toMatchObject({ status: 401, message: 'unauthorized' });
  });

  test('its app is deleted: it is gone at once, its owner is out, and nothing is left on the server', async () => {
    const { owner, berth } = scalingo;
    const { body: list } = await owner.ask('GET', `/api/databases/${made.addon}/users`, undefined, made.token);
    const [first] = list['database-users'];
    const wrong = await owner.client.Apps.destroy(name, 'another-name').catch((error) => error);
    expect([wrong.status, Object.keys(wrong.data.errors)]).toEqual([422, ['current_name']]);
    await owner.client.Apps.destroy(name, name);
    expect(await owner.client.Databases.all()).toEqual({ databases: [] });
    expect((await owner.ask('GET', `/api/databases/${made.addon}`, undefined, made.token)).status).toBe(404);
    const view = engine.view(berth.tenants.url);
    const { resource_id } = made.deployed;
    await eventually(async () => !(await view.hasDatabase(resource_id)), { what: 'the database to be dropped' });
    await eventually(async () => !(await view.hasLogin(first.name)), { what: 'the login to be dropped' });
  });

  test('a database that no server can make is another status than running, until it is deleted', async () => {
    const { owner, berth } = scalingo;
    await berth.tenants.stop();
    const stopped = 'my-stopped-db';
    const asked = { addon_provider_id: engine.name, plan_id: berth.place.plan, name: stopped }; // as go-scalingo asks
    const created = await owner.ask('POST', '/v1/databases', asked);
    expect(created).toMatchObject({ status: 201, body: { name: stopped } });
    expect(await chain(owner, stopped)).toMatchObject({ status: 'creating' });
    await berth.tenants.restart();
    await waitUntilRunning(owner, stopped);
    await owner.client.Apps.destroy(stopped, stopped);
    expect(await chain(owner, stopped)).toBeNull();
  });
});
