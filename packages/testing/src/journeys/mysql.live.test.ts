// The life of a database on MariaDB, as a client of the API and a client of the server see it: the same promises as on
// PostgreSQL, kept by a worker of its own.
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { type Answer, startBerth, type TestBerth } from '../berth';
import { describeWhere } from '../describe-where';
import { openTestMariadb, type TestMariadb, whyNoMariadb } from '../test-mariadb';

const missing = whyNoMariadb();
const WAIT = { prefer: 'wait=30' };
const POOL = 'mysql-development';

describeWhere(missing === null, missing ?? '', 'a database on MariaDB', () => {
  let berth: TestBerth;
  let mariadb: TestMariadb;
  const open = new Set<Connection>();

  beforeAll(async () => {
    [berth, mariadb] = await Promise.all([
      startBerth({ apps: ['api', 'worker-mysql', 'maintenance'] }),
      openTestMariadb(),
    ]);
    const server = { name: 'maria', engine: 'mysql', pool: POOL, admin_url: mariadb.url.reveal() };
    const registered = await berth.call('POST', '/v1/servers', server, WAIT);
    expect([registered.status, registered.body.action]).toMatchObject([200, { state: 'succeeded' }]);
  });
  afterEach(() => Promise.all([...open].map((connection) => connection.end().catch(() => connection.destroy()))));
  afterAll(async () => {
    await berth?.close();
    await mariadb?.close();
  });

  async function done(asked: Promise<Answer>): Promise<Answer['body']> {
    const { body, status } = await asked;
    if (status === 200 && body.action.state === 'succeeded') return body;
    throw new Error(`${status} ${JSON.stringify(body)}`);
  }

  async function enter(uri: string): Promise<Connection> {
    const connection = await createConnection({ uri });
    connection.on('error', () => {}); // ended sessions are what is tried here
    open.add(connection);
    return connection;
  }

  const read = async (connection: Connection) => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT text FROM kept ORDER BY text');
    return rows.map(({ text }) => String(text));
  };

  const credentialOf = async (databaseId: string): Promise<{ id: string; uri: string }> => {
    const { body } = await berth.call('GET', `/v1/databases/${databaseId}/credentials`);
    const { id } = body.data.at(-1); // the newest come first
    return (await berth.call('GET', `/v1/credentials/${id}?reveal=true`)).body;
  };

  async function make(name: string) {
    const { database } = await done(
      berth.call('POST', '/v1/databases', { name, engine: 'mysql', plan: 'small', environment: 'development' }, WAIT),
    );
    const id: string = database.id;
    return { id, uri: (await credentialOf(id)).uri };
  }

  test('is made, entered, given another password, quarantined, restored and dropped', async () => {
    const { id, uri } = await make('shop');
    const owner = await enter(uri);
    await owner.query('CREATE TABLE kept (text varchar(20))');
    await owner.query("INSERT INTO kept VALUES ('first')");

    const reader = await done(berth.call('POST', `/v1/databases/${id}/credentials`, { role: 'readonly' }, WAIT));
    const shown = await berth.call('GET', `/v1/credentials/${reader.credential.id}?reveal=true`);
    const reading = await enter(shown.body.uri);
    expect(await read(reading)).toEqual(['first']);
    await expect(reading.query("INSERT INTO kept VALUES ('no')")).rejects.toMatchObject({ errno: 1142 });

    const { id: credentialId } = await credentialOf(id);
    await done(berth.call('POST', `/v1/credentials/${credentialId}/reset`, undefined, WAIT));
    await expect(owner.query('SELECT 1')).rejects.toThrow(); // its session ended with its password
    await expect(enter(uri)).rejects.toMatchObject({ errno: 1045 });
    const renewed = (await credentialOf(id)).uri;

    const inside = await enter(renewed);
    await inside.query("CREATE EVENT writes ON SCHEDULE EVERY 1 SECOND DO INSERT INTO kept VALUES ('late')");
    const quarantined = await done(berth.call('DELETE', `/v1/databases/${id}`, undefined, WAIT));
    expect(quarantined.database.state).toBe('quarantined');
    await expect(inside.query('SELECT 1')).rejects.toThrow();
    await expect(enter(renewed)).rejects.toThrow();
    await expect(reading.query('SELECT 1')).rejects.toThrow();
    const root = await enter(mariadb.url.reveal());
    const [events] = await root.query<RowDataPacket[]>(
      "SELECT status FROM information_schema.events WHERE event_name = 'writes'",
    );
    expect(events.map(({ status }) => status)).toEqual(['DISABLED']);

    await done(berth.call('POST', `/v1/databases/${id}/restore`, undefined, WAIT));
    const back = await enter(renewed);
    expect(await read(back)).toContain('first');
    const [again] = await root.query<RowDataPacket[]>(
      "SELECT status FROM information_schema.events WHERE event_name = 'writes'",
    );
    expect(again.map(({ status }) => status)).toEqual(['ENABLED']);

    await done(berth.call('DELETE', `/v1/databases/${id}?purge=true`, undefined, WAIT));
    await expect(back.query('SELECT 1')).rejects.toThrow();
    await expect(enter(renewed)).rejects.toThrow();
    const [left] = await root.query<RowDataPacket[]>(
      "SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE 'shop%'",
    );
    expect(left).toEqual([]);
  });

  test('one of two names that a GRANT would take for a pattern is not read by the other', async () => {
    const [one, other] = [await make('a_b'), await make('axb')];
    const writing = await enter(other.uri);
    await writing.query('CREATE TABLE kept (text varchar(20))');
    const reading = await enter(one.uri);
    await expect(reading.query('SELECT * FROM axb.kept')).rejects.toMatchObject({ errno: 1142 });
  });

  test('another plan changes how many connections its login has', async () => {
    const { id, uri } = await make('grows');
    await done(berth.call('PATCH', `/v1/databases/${id}`, { plan: 'large' }, WAIT));
    const root = await enter(mariadb.url.reveal());
    const [rows] = await root.query<RowDataPacket[]>(
      'SELECT max_user_connections AS most FROM mysql.user WHERE user = ?',
      [decodeURIComponent(new URL(uri).username)],
    );
    expect(rows.map(({ most }) => Number(most))).toEqual([100]);
  });

  test('no password is in what its server wrote down', async () => {
    const { uri } = await make('vault');
    const log = await mariadb.readLog();
    expect(log).toContain('vault');
    expect(log).not.toContain(decodeURIComponent(new URL(uri).password));
  });

  test('a server of another engine than its pool is refused', async () => {
    const { status, body } = await berth.call('POST', '/v1/servers', {
      name: 'wrong',
      engine: 'mysql',
      pool: 'postgresql-development',
      admin_url: mariadb.url.reveal(),
    });
    expect([status, body.code]).toEqual([422, 'disagree']);
  });
});
