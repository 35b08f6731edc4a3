// The Cosmos DB SDK, unmodified, on real servers: every call that Berth answers, under a mount and on a host of its own; databases
// that open with what Berth's own face tells; another team that sees nothing; and what takes long, or cannot be made.
import type { CosmosClient } from '@azure/cosmos';
import { eventually } from '../eventually';
import { withClient } from '../journey';
import { onEachEngine } from '../tenants/on-each-engine';
import { onPostgresql } from '../tenants/postgresql';
import { withSession } from '../tenants/tenants';
import { type Cosmos, openCosmos } from './cosmos.fixture';

/** What the engines cannot call a database, and the product can. */
const ODD = 'My Db é';

const idsOf = (all: { id?: string }[]) => all.map(({ id }) => id);
const codeOf = (sent: Promise<unknown>) =>
  sent
    .then(Object)
    .then(() => 'no error', Object)
    .then(({ code }) => code);

async function pagesOf(client: CosmosClient, maxItemCount: number): Promise<(string | undefined)[][]> {
  const iterator = client.databases.readAll({ maxItemCount });
  const pages: ReturnType<typeof idsOf>[] = [];
  while (iterator.hasMoreResults()) pages.push(idsOf((await iterator.fetchNext()).resources));
  return pages;
}

onEachEngine((engine) => {
  let cosmos: Cosmos;

  beforeAll(async () => {
    cosmos = await openCosmos({ engine });
  });
  afterAll(() => cosmos?.close());

  test('every call of the SDK works, and what is created opens until it is deleted', async () => {
    const { berth, openingOf, prefixed: client } = cosmos;
    const { resource: account } = await client.getDatabaseAccount();
    expect(account?.writableLocations).toEqual([{ name: 'Berth', databaseAccountEndpoint: `${berth.apiUrl}/cosmos/` }]);

    const created = await client.databases.create({ id: 'first', throughput: 400 });
    expect([created.statusCode, created.resource?.id]).toEqual([201, 'first']);
    expect(await codeOf(client.databases.create({ id: 'first' }))).toBe(409);
    const uri = await openingOf('first');
    await withSession(engine, uri, (session) => session.write('a row'));

    const again = await client.databases.createIfNotExists({ id: 'first' });
    const other = await client.databases.createIfNotExists({ id: ODD });
    expect([again.statusCode, other.statusCode]).toEqual([200, 201]);
    await withSession(engine, await openingOf(ODD), (session) => session.write('a row'));
    const read = await client.database(ODD).read();
    expect([read.resource?.id, read.resource?._rid]).toEqual([ODD, other.resource?._rid]);
    expect((await client.database(String(other.resource?._rid)).read()).resource?.id).toBe(ODD);
    expect((await other.database.read()).resource?._self).toBe(`dbs/${other.resource?._rid}/`);

    await client.databases.create({ id: 'third' });
    expect(idsOf((await client.databases.readAll().fetchAll()).resources)).toEqual(['first', ODD, 'third']);
    expect(await pagesOf(client, 2)).toEqual([['first', ODD], ['third']]);
    const byId = { query: 'SELECT * FROM root r WHERE r.id = @id', parameters: [{ name: '@id', value: ODD }] };
    expect(idsOf((await client.databases.query(byId).fetchAll()).resources)).toEqual([ODD]);
    const all = client.databases.query('SELECT * FROM c', { maxItemCount: 1 });
    expect(idsOf((await all.fetchAll()).resources)).toEqual(['first', ODD, 'third']);

    const accessCondition = { type: 'IfMatch', condition: '"another"' };
    expect(await codeOf(client.database('first').delete({ accessCondition }))).toBe(412);
    const known = { type: 'IfNoneMatch', condition: String(read.etag) };
    expect((await client.database(ODD).read({ accessCondition: known })).statusCode).toBe(304);
    for (const id of ['first', ODD, 'third']) {
      expect((await client.database(id).delete()).statusCode).toBe(204);
      expect(await codeOf(client.database(id).read())).toBe(404);
      expect(await codeOf(client.database(id).delete())).toBe(404);
    }
    expect(await engine.refusalOf(uri)).toBe('login');
    expect((await client.databases.readAll().fetchAll()).resources).toEqual([]);
    await eventually(async () => (await engine.view(berth.tenants.url).listNames('first')).length === 0);
  });

  test('on a host of its own the same client needs nothing but another endpoint', async () => {
    const { berth, getDoubled, hosted: client, openingOf } = cosmos;
    const { resource: account } = await client.getDatabaseAccount();
    const { port } = new URL(berth.apiUrl);
    expect(account?.readableLocations).toEqual([
      { name: 'Berth', databaseAccountEndpoint: `http://localhost:${port}/` },
    ]);
    await client.databases.createIfNotExists({ id: 'hosted' });
    await withSession(engine, await openingOf('hosted'), (session) => session.write('a row'));
    expect(idsOf((await client.databases.readAll().fetchAll()).resources)).toEqual(['hosted']);
    for (const [path, link] of [
      ['//dbs', ''],
      ['//dbs/hosted/', 'dbs/hosted'],
    ] as const)
      expect([path, await getDoubled(`http://localhost:${port}${path}`, link)]).toEqual([path, 200]);
    expect((await client.database('hosted').delete()).statusCode).toBe(204);
    expect(await codeOf(client.database('hosted').read())).toBe(404);
  });
});

describe('what is not there, and what takes long', () => {
  let cosmos: Cosmos;

  beforeAll(async () => {
    cosmos = await openCosmos({});
  });
  afterAll(() => cosmos?.close());

  test("another team's key sees and deletes nothing, and may use the same id", async () => {
    const { openingOf, prefixed: client, stranger } = cosmos;
    const { resource } = await client.databases.create({ id: 'shared' });
    for (const id of ['shared', String(resource?._rid)]) {
      expect(await codeOf(stranger.database(id).read())).toBe(404);
      expect(await codeOf(stranger.database(id).delete())).toBe(404);
    }
    expect((await stranger.databases.readAll().fetchAll()).resources).toEqual([]);
    const query = { query: 'SELECT * FROM r WHERE r.id = @id', parameters: [{ name: '@id', value: 'shared' }] };
    expect((await stranger.databases.query(query).fetchAll()).resources).toEqual([]);
    expect((await stranger.databases.create({ id: 'shared' })).statusCode).toBe(201);
    expect((await stranger.database('shared').delete()).statusCode).toBe(204);
    await withSession(onPostgresql, await openingOf('shared'), (session) => session.write('still here'));
  });

  test('a server that refuses Berth itself makes a create 503, and its name is free', async () => {
    const { berth, openingOf, prefixed: client } = cosmos;
    const { url } = berth.tenants;
    const { password, username } = new URL(url);
    const changed = Object.assign(new URL(url), { password: 'changed' }).href;
    const change = (by: string, to: string) =>
      withClient(by, (sql) => sql.query(`ALTER ROLE ${username} PASSWORD '${to}'`));
    await change(url, 'changed');
    const refused: unknown = await client.databases.create({ id: 'refused' }).catch((error: unknown) => error);
    await change(changed, password);
    expect(refused).toMatchObject({ code: 503, body: { code: 'ServiceUnavailable' } });
    expect(await codeOf(client.database('refused').read())).toBe(404);
    expect((await client.databases.createIfNotExists({ id: 'refused' })).statusCode).toBe(201);
    await withSession(onPostgresql, await openingOf('refused'), (session) => session.write('a row'));
  });

  test('without a worker a create is 201 after ten seconds, there at once, and made when one comes', async () => {
    const { berth, openingOf, prefixed: client } = cosmos;
    const worker = berth.processes.find((each) => each.output().includes('"process":"worker-postgresql"'));
    await worker?.stop();
    const startedAt = performance.now();
    const created = await client.databases.create({ id: 'slow' });
    const tookMs = performance.now() - startedAt;
    expect([created.statusCode, tookMs > 9_990, tookMs < 20_000]).toEqual([201, true, true]);
    expect((await client.database('slow').read()).resource).toEqual(created.resource);
    await berth.start('worker-postgresql');
    const isMade = async () => (await berth.call('GET', '/v1/databases?name=slow')).body.data[0].state === 'available';
    await eventually(isMade, { what: 'the database to be made', timeoutMs: 30_000 });
    await withSession(onPostgresql, await openingOf('slow'), (session) => session.write('a row'));
    expect((await client.database('slow').read()).resource).toEqual(created.resource);
  });
});
