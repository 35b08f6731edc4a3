// The life of a database of the engine `mongodb`, as a client of the API and a client of the server see it. Where this machine has
// no MongoDB it runs on the double, and proves then what Berth asks for and how it takes the answers.
import { MongoClient } from 'mongodb';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { testServers } from '../stack';

const WAIT = { prefer: 'wait=30' };

describe('a database of the engine mongodb', () => {
  let berth: TestBerth;
  const open: MongoClient[] = [];

  beforeAll(async () => {
    berth = await startBerth({ apps: ['api', 'worker-mongodb', 'maintenance'] });
    const adminUrl = testServers().mongodbUrl;
    const server = { name: 'mongo', engine: 'mongodb', pool: 'mongodb-development', admin_url: adminUrl };
    const registered = await berth.call('POST', '/v1/servers', server, WAIT);
    expect([registered.status, registered.body.action]).toMatchObject([200, { state: 'succeeded' }]);
  });
  afterEach(() => Promise.all(open.splice(0).map((client) => client.close())));
  afterAll(() => berth?.close());

  async function done(asked: Promise<Answer>): Promise<Answer['body']> {
    const { body, status } = await asked;
    if (status === 200 && body.action.state === 'succeeded') return body;
    throw new Error(`${status} ${JSON.stringify(body)}`);
  }

  /** A client that is in. Rejects where it is not let in. */
  async function enter(uri: string): Promise<MongoClient> {
    const client = new MongoClient(uri, { serverSelectionTimeoutMS: 5_000 });
    open.push(client);
    await client.connect();
    await client.db().command({ ping: 1 });
    return client;
  }

  async function uriOf(credentialId: string): Promise<string> {
    return (await berth.call('GET', `/v1/credentials/${credentialId}?reveal=true`)).body.uri;
  }

  async function make(name: string): Promise<{ id: string; credentialId: string }> {
    const place = { engine: 'mongodb', plan: 'small', environment: 'development' };
    const { database } = await done(berth.call('POST', '/v1/databases', { name, ...place }, WAIT));
    const { body } = await berth.call('GET', `/v1/databases/${database.id}/credentials`);
    return { id: database.id, credentialId: body.data[0].id };
  }

  const read = async (client: MongoClient) =>
    (await client.db().collection('kept').find().toArray()).map(({ text }) => String(text));

  test('is made, entered, given another password, quarantined, restored and dropped', async () => {
    const { id, credentialId } = await make('shop');
    const uri = await uriOf(credentialId);
    const owner = await enter(uri);
    await owner.db().collection('kept').insertOne({ text: 'first' });

    const asked = berth.call('POST', `/v1/databases/${id}/credentials`, { role: 'readonly' }, WAIT);
    const reader = await enter(await uriOf((await done(asked)).credential.id));
    expect(await read(reader)).toEqual(['first']);
    await expect(reader.db().collection('kept').insertOne({ text: 'no' })).rejects.toMatchObject({ code: 13 });

    await done(berth.call('POST', `/v1/credentials/${credentialId}/reset`, undefined, WAIT));
    await expect(enter(uri)).rejects.toMatchObject({ code: 18 });
    const renewed = await uriOf(credentialId);
    const inside = await enter(renewed);

    const quarantined = await done(berth.call('DELETE', `/v1/databases/${id}`, undefined, WAIT));
    expect(quarantined.database.state).toBe('quarantined');
    for (const session of [inside, reader]) await expect(read(session)).rejects.toThrow();
    await expect(enter(renewed)).rejects.toMatchObject({ code: 18 });

    await done(berth.call('POST', `/v1/databases/${id}/restore`, undefined, WAIT));
    expect(await read(await enter(renewed))).toEqual(['first']);

    await done(berth.call('DELETE', `/v1/databases/${id}?purge=true`, undefined, WAIT));
    await expect(enter(renewed)).rejects.toMatchObject({ code: 18 });
    const admin = await enter(testServers().mongodbUrl);
    const { databases } = await admin.db('admin').admin().listDatabases({ nameOnly: true });
    expect(databases.map(({ name }) => name)).not.toContain(new URL(renewed).pathname.slice(1)); // other files make theirs
  });

  test("one team's login sees nothing of another database", async () => {
    const [one, other] = [await make('left'), await make('right')];
    await (await enter(await uriOf(other.credentialId))).db().collection('kept').insertOne({ text: 'mine' });
    const stranger = await enter(await uriOf(one.credentialId));
    const name = new URL(await uriOf(other.credentialId)).pathname.slice(1);
    await expect(stranger.db(name).collection('kept').findOne()).rejects.toMatchObject({ code: 13 });
  });
});
