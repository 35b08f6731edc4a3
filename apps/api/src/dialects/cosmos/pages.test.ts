// Pages go on where the last one ended, whatever comes and goes meanwhile, and end; and what one database is, by either of its ids.
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { text } from 'node:stream/consumers';
import { addMany } from '../../api.fixture';
import { worked } from '../../hand.fixture';
import { as, MOUNT, made, openStreet, query, type Street, send, signedHeaders } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
  for (const id of ['one', 'two', 'three', 'four', 'five']) await made(street, id);
});
afterAll(() => street?.close());

interface Page {
  ids: string[];
  rids: string[];
  continuation: string | undefined;
}

async function page(count: number | null, continuation?: string): Promise<Page> {
  const headers = {
    'x-ms-max-item-count': count === null ? null : String(count),
    'x-ms-continuation': continuation ?? null,
  };
  const answer = await send(street, 'get', '/dbs', { headers }).expect(200);
  const { Databases: all, _count } = answer.body;
  expect([_count, answer.get('x-ms-item-count')]).toEqual([all.length, String(all.length)]);
  return {
    ids: all.map(({ id }: { id: string }) => id),
    rids: all.map(({ _rid }: { _rid: string }) => _rid),
    continuation: answer.get('x-ms-continuation'),
  };
}

test('each page begins after the last, and only the last one has no continuation', async () => {
  const first = await page(2);
  expect(first).toMatchObject({ ids: ['one', 'two'], continuation: first.rids[1] });
  const second = await page(2, first.continuation);
  expect(second).toMatchObject({ ids: ['three', 'four'], continuation: second.rids[1] });
  expect(await page(2, second.continuation)).toMatchObject({ ids: ['five'], continuation: undefined });
  expect(await page(5)).toMatchObject({ ids: ['one', 'two', 'three', 'four', 'five'], continuation: undefined });
  expect(await page(1, (await page(5)).rids[4])).toMatchObject({ ids: [], continuation: undefined });
});

test('a count that is left out, -1 or more than there may be is the server’s choice', async () => {
  for (const count of [null, -1, 1_000_000]) expect((await page(count)).ids).toHaveLength(5);
});

test('a query has the same pages', async () => {
  const headers = { 'x-ms-max-item-count': '4' };
  const first = await query(street, 'SELECT * FROM r', [], { headers }).expect(200);
  const more = { 'x-ms-continuation': first.get('x-ms-continuation') ?? '' };
  const second = await query(street, 'SELECT * FROM r', [], { headers: { ...headers, ...more } }).expect(200);
  expect([first.body._count, second.body._count, second.get('x-ms-continuation')]).toEqual([4, 1, undefined]);
});

test('a page goes on where it was although its last one was deleted, and one came', async () => {
  const first = await page(2);
  expect((await worked(street, send(street, 'delete', '/dbs/two'))).status).toBe(204);
  await made(street, 'six');
  expect(await page(9, first.continuation)).toMatchObject({ ids: ['three', 'four', 'five', 'six'] });
});

describe('one database', () => {
  test.each([
    ['by its id', (id: string) => `/dbs/${id}`],
    ['with a slash at the end', (id: string) => `/dbs/${id}/`],
    ['with doubled slashes', (id: string) => `//dbs//${id}//`],
    ['by its _rid', (_id: string, rid: string) => `/dbs/${rid}/`],
    ['by its _rid, escaped', (_id: string, rid: string) => `/dbs/${encodeURIComponent(rid)}`],
  ])('%s', async (_how, pathOf) => {
    const { body: list } = await send(street, 'get', '/dbs').expect(200);
    const [first] = list.Databases;
    const answer = await send(street, 'get', pathOf(first.id, first._rid)).expect(200);
    expect([answer.body, answer.get('etag')]).toEqual([first, first._etag]);
  });

  test('by a whole URL, as proxies ask', async () => {
    const { body: list } = await send(street, 'get', '/dbs').expect(200);
    const server = createServer(street.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const place = server.address();
    const port = typeof place === 'object' ? place?.port : undefined;
    const headers = signedHeaders(street, 'get', '/dbs/one');
    for (const path of ['/dbs/one', '//dbs//one']) {
      const asked = get({ port, path: `http://berth.example.org${MOUNT}${path}`, headers, agent: false });
      const [answer] = await once(asked, 'response');
      expect([answer.statusCode, JSON.parse(await text(answer))]).toEqual([200, list.Databases[0]]);
    }
    server.close();
  });

  test('signed as older clients sign what they address by its _rid: that alone, in small letters', async () => {
    const { body: list } = await send(street, 'get', '/dbs').expect(200);
    const [first] = list.Databases;
    await send(street, 'get', `/dbs/${first._rid}/`, { link: first._rid.toLowerCase() }).expect(200);
    await send(street, 'get', '/dbs/one', { link: 'one' }).expect(401);
  });

  test('an id of any letters is encoded in its path, and found by a query', async () => {
    const id = "My Db é 'ü' %25+&=😀";
    const body = await made(street, id);
    const read = await send(street, 'get', `/dbs/${encodeURIComponent(id)}`).expect(200);
    expect([read.body, read.body.id]).toEqual([body, id]);
    const asked = await query(street, 'SELECT * FROM r WHERE r.id = @id', [{ name: '@id', value: id }]).expect(200);
    expect(asked.body.Databases).toEqual([body]);
    const long = 'x'.repeat(255);
    expect((await made(street, long)).id).toBe(long);
  });

  test('no id has the form of a _rid: a delete that is repeated would go on to another database', async () => {
    const { body: list } = await send(street, 'get', '/dbs').expect(200);
    for (const id of [list.Databases[0]._rid, 'qicAAA==']) {
      const { body } = await send(street, 'post', '/dbs').send({ id }).expect(400);
      expect(body.message).toContain('not of the form of a _rid');
    }
    expect((await send(street, 'get', '/dbs').expect(200)).body).toEqual(list);
  });

  test('who has it already is told so, and its etag is the same while it is there', async () => {
    const { body } = await send(street, 'get', '/dbs/one').expect(200);
    for (const etag of [body._etag, `"x", ${body._etag}`, '*']) {
      const answer = await send(street, 'get', '/dbs/one', { headers: { 'if-none-match': etag } });
      expect([answer.status, answer.text, answer.get('etag')]).toEqual([304, '', body._etag]);
    }
    expect((await send(street, 'get', '/dbs/one', { headers: { 'if-none-match': '"x"' } })).status).toBe(200);
  });

  test('a delete by an id is of the key’s environment: repeated, it does not go on to another', async () => {
    const there = await made(street, 'twice', 'limited');
    const answers: [number, string][] = [];
    await made(street, 'twice');
    for (const path of ['/dbs/twice', '/dbs/twice', `/dbs/${there._rid}`]) {
      const { body, status } = await worked(street, send(street, 'delete', path));
      answers.push([status, body.code]);
      if (path !== `/dbs/${there._rid}`) await as(street, 'limited', 'get', '/dbs/twice').expect(200);
    }
    expect(answers).toEqual([
      [204, undefined],
      [409, 'Conflict'],
      [204, undefined],
    ]);
  });

  test('of one id in two environments the key reads its own, and the list has both', async () => {
    const there = await made(street, 'one', 'limited');
    const here = (await send(street, 'get', '/dbs/one').expect(200)).body;
    expect(here._rid).not.toBe(there._rid);
    expect((await as(street, 'limited', 'get', '/dbs/one').expect(200)).body).toEqual(there);
    expect((await send(street, 'get', `/dbs/${there._rid}`).expect(200)).body).toEqual(there);
    expect((await page(null)).ids.filter((id) => id === 'one')).toHaveLength(2);
    expect((await as(street, 'limited', 'get', '/dbs')).body.Databases).toEqual([there]);
    await street.store.accesses.update(street.keys.owner.access.id, { default_environment_id: street.productionId });
    expect((await send(street, 'get', '/dbs/one').expect(200)).body).toEqual(there);
    expect((await as(street, 'reader', 'get', '/dbs/one').expect(200)).body).toEqual(here);
  });
});

test('the account is the team, and leads to where it was asked, with and without a slash', async () => {
  for (const path of ['/', '', '//']) {
    const { body } = await send(street, 'get', path, { headers: { host: 'berth.example.org' } }).expect(200);
    expect(body).toMatchObject({ id: 'own', _rid: 'own.documents.azure.com', enableMultipleWriteLocations: false });
    const here = [{ name: 'Berth', databaseAccountEndpoint: 'http://berth.example.org/cosmos/' }];
    expect([body.writableLocations, body.readableLocations]).toEqual([here, here]);
  }
  for (const [name, id] of [
    ['localhost', /^account-\d+$/],
    ['Équipe Été!', /^equipe-ete$/],
    ['日本', /^account-\d+$/],
  ] as const) {
    await street.sql('UPDATE teams SET name = $1 WHERE id = $2', [name, street.team.id]);
    expect((await send(street, 'get', '/')).body.id).toMatch(id);
  }
});

test('a page has a hundred where the count is the server’s choice, and a thousand at most', async () => {
  await made(street, 'many', 'stranger');
  await addMany(street, 'many', 1_100);
  const sizeOf = async (count: string | null) => {
    const headers = { 'x-ms-max-item-count': count };
    const answer = await as(street, 'stranger', 'get', '/dbs', { headers }).expect(200);
    expect(answer.get('x-ms-continuation')).toBeDefined();
    return answer.body._count;
  };
  expect([await sizeOf(null), await sizeOf('-1'), await sizeOf('1100')]).toEqual([100, 100, 1_000]);
});
