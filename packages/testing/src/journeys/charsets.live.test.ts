// Databases that are asked for in a character set and collation, on every engine, as a client of the API sees them: what is shown
// is what the server has, and what it does not have leaves nothing behind.
import { type Answer, startBerth, type TestBerth } from '../berth';
import { describeWhere } from '../describe-where';
import { testServers } from '../stack';
import { whyNoMariadb } from '../test-mariadb';

const WAIT = { prefer: 'wait=30' };
const missing = whyNoMariadb();
let berth: TestBerth;

beforeAll(async () => {
  berth = await startBerth({ apps: ['api', 'worker-postgresql', 'worker-mysql', 'worker-mongodb'] });
  const { mongodbUrl, mysqlUrl } = testServers();
  for (const [engine, admin_url] of [
    ['mysql', mysqlUrl],
    ['mongodb', mongodbUrl],
  ]) {
    if (admin_url === null) continue;
    const server = { name: engine, engine, pool: `${engine}-development`, admin_url };
    const { body } = await berth.call('POST', '/v1/servers', server, WAIT);
    expect(body.action).toMatchObject({ state: 'succeeded' });
  }
});
afterAll(() => berth?.close());

const place = { plan: 'small', environment: 'development' };
const ask = (more: object): Promise<Answer> => berth.call('POST', '/v1/databases', { ...place, ...more }, WAIT);
const show = async (id: string) => (await berth.call('GET', `/v1/databases/${id}`)).body;

const ASKED = [
  ['postgresql', { charset: 'latin1', collation: 'C' }, { charset: 'LATIN1', collation: 'C' }],
  ['postgresql', { collation: 'de-x-icu' }, { charset: 'UTF8', collation: 'de-x-icu' }],
  ['mysql', { charset: 'latin1' }, { charset: 'latin1', collation: 'latin1_swedish_ci' }],
  ['mysql', { collation: 'utf8mb4_bin' }, { charset: 'utf8mb4', collation: 'utf8mb4_bin' }],
] as const;

const REFUSED = [
  ['postgresql', { collation: 'tlh_QO.utf8' }],
  ['mysql', { charset: 'latin1', collation: 'latin1_klingon_ci' }],
] as const;

for (const engine of ['postgresql', 'mysql'] as const) {
  const isThere = engine === 'postgresql' || missing === null;
  describeWhere(isThere, missing ?? '', `on ${engine}`, () => {
    test.each(ASKED.filter(([each]) => each === engine))(
      '%s: %j is made, and shown as the server has it',
      async (_, asked, shown) => {
        const name = `letters_${ASKED.findIndex(([, each]) => each === asked)}`;
        const { status, body } = await ask({ name, engine, ...asked });
        expect([status, body.action.state]).toEqual([200, 'succeeded']);
        expect(await show(body.database.id)).toMatchObject({ state: 'available', ...shown });
      },
    );

    test.each(REFUSED.filter(([each]) => each === engine))(
      '%s: %j fails by its name, and another is made',
      async (_, asked) => {
        const { body } = await ask({ name: `klingon_${engine}`, engine, ...asked });
        const error = { code: 'charset_refused', message: expect.stringContaining(asked.collation) };
        expect(body.action).toMatchObject({ state: 'failed', error });
        expect(await show(body.database.id)).toMatchObject({ state: 'failed', charset: null, collation: null });
        const deleted = await berth.call('DELETE', `/v1/databases/${body.database.id}?purge=true`, undefined, WAIT);
        expect(deleted.body.action.state).toBe('succeeded');
        const again = await ask({ name: `klingon_${engine}`, engine });
        expect(again.body.database).toMatchObject({ state: 'available', engine_name: `klingon_${engine}` });
      },
    );
  });
}

test('an engine whose databases have none refuses them before anything is written', async () => {
  const { status, body } = await ask({ name: 'documents', engine: 'mongodb', charset: 'UTF-8' });
  expect([status, body.code]).toEqual([422, 'disagree']);
  expect(body.errors.map(({ field }: { field: string }) => field)).toEqual(['charset', 'engine']);
  expect((await berth.call('GET', '/v1/databases?name=documents')).body.data).toEqual([]);
});
