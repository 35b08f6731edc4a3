// The product answers when a thing is done: what is soon over is waited for, what fails is told and cleaned, and what takes longer
// goes on, there or gone as if it were done. The clock's seconds pass by the process being asked to stop: then nobody waits on.
import { type Hand, refuseAny, worked } from '../../hand.fixture';
import { as, made, openStreet, type Street, send } from './street.fixture';

let street: Street;

const create = (id: string) => send(street, 'post', '/dbs').send({ id });
const get = (id: string) => send(street, 'get', `/dbs/${id}`);
const remove = (id: string) => send(street, 'delete', `/dbs/${id}`);
const ids = async () => (await send(street, 'get', '/dbs')).body.Databases.map(({ id }: { id: string }) => id);

async function kindsQueued(): Promise<string[]> {
  const { data } = await street.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
  return data.map(({ kind }) => kind);
}

describe('what is over in time', () => {
  beforeAll(async () => {
    street = await openStreet();
  });
  afterAll(() => street?.close());

  test('a create is 201 with the database, its etag and nothing of where it is', async () => {
    const answer = await worked(street, create('soon'));
    expect([answer.status, answer.get('etag')]).toEqual([201, answer.body._etag]);
    expect((await get('soon')).body).toEqual(answer.body);
    const [row] = await street.store.databases.listByName(street.team.id, 'soon');
    expect(row).toMatchObject({ state: 'available', owner_login: 'auto', environment_id: street.environmentId });
  });

  test('a throughput and whatever else a body has are not read', async () => {
    const body = { id: 'throughput', throughput: 400, engine: 'mysql', name: 'x' };
    const headers = {
      'x-ms-offer-throughput': '400',
      'x-ms-cosmos-offer-autopilot-settings': '{"maxThroughput":4000}',
    };
    const answer = await worked(street, send(street, 'post', '/dbs', { headers }).send(body));
    expect([answer.status, answer.body.id]).toEqual([201, 'throughput']);
  });

  test('a body needs no type, as in the examples of the product', async () => {
    const sent = send(street, 'post', '/dbs').set('content-type', '').send('{"id":"typeless"}');
    expect((await worked(street, sent)).status).toBe(201);
  });

  test('a name that the engine reserves is another one on its server', async () => {
    expect((await made(street, 'postgres')).id).toBe('postgres');
    const [row] = await street.store.databases.listByName(street.team.id, 'postgres');
    expect(row?.engine_name).not.toBe('postgres');
  });

  test('a create that is refused is 503 with the reason, and its name is free again', async () => {
    const hand: Hand = async (at, action) => {
      if (action.kind === 'database_create') await refuseAny(at, action);
    };
    const answer = await worked(street, create('refused'), hand);
    expect([answer.status, answer.body.code]).toEqual([503, 'ServiceUnavailable']);
    expect(answer.body.message).toMatch(/^The server refused: no more of that\.\r\nActivityId: /);
    expect((await get('refused')).status).toBe(404);
    expect(await kindsQueued()).toEqual(['database_delete']);
    expect((await made(street, 'refused')).id).toBe('refused');
  });

  test('of two creates of one id at once one is 201 and the other 409', async () => {
    const both = await worked(street, Promise.all([create('twice'), create('twice')]));
    const statuses = both.map(({ status }) => status);
    expect(statuses.sort()).toEqual([201, 409]);
  });

  test('of two deletes at once one is 204, and the other that or 404: for clients it is gone', async () => {
    await made(street, 'gone');
    const both = await worked(street, Promise.all([remove('gone'), remove('gone')]));
    const statuses = both.map(({ status }) => status).sort();
    expect([statuses[0], [204, 404].includes(Number(statuses[1]))]).toEqual([204, true]);
    expect((await get('gone')).status).toBe(404);
  });

  test('a delete of the state that it is in is 204 with nothing in it', async () => {
    const { _etag } = await made(street, 'matched');
    const sent = send(street, 'delete', '/dbs/matched', { headers: { 'if-match': _etag } });
    const answer = await worked(street, sent);
    expect([answer.status, answer.text]).toEqual([204, '']);
    expect((await remove('matched')).status).toBe(404);
  });

  test('a delete that is refused is 503 with the reason', async () => {
    await made(street, 'staying');
    const answer = await worked(street, remove('staying'), refuseAny);
    expect([answer.status, answer.body.code]).toEqual([503, 'ServiceUnavailable']);
    expect((await get('staying')).status).toBe(404); // it is the operators' to try again
  });

  test('what is in quarantine is not there, and keeps its name from nobody but its team', async () => {
    await made(street, 'kept');
    await street.sql(
      `UPDATE databases SET state = 'quarantined', quarantined_at = now(), purge_after = now() + interval '1 day'
        WHERE name = 'kept'`,
    );
    expect((await get('kept')).status).toBe(404);
    expect(await ids()).not.toContain('kept');
    expect((await create('kept')).status).toBe(409);
    expect((await worked(street, as(street, 'stranger', 'post', '/dbs').send({ id: 'kept' }))).status).toBe(201);
  });
});

describe('where operators keep unseen what clients delete', () => {
  beforeAll(async () => {
    street = await openStreet({ change: { hiddenQuarantine: ['cosmos'] } });
  });
  afterAll(() => street?.close());

  test('it is gone for clients all the same, and its id free', async () => {
    const { _rid: rid } = await made(street, 'hidden');
    expect((await worked(street, remove('hidden'))).status).toBe(204);
    const kept = await street.store.databases.list({ withHidden: true, name: 'hidden' }, { cursor: null, limit: 10 });
    expect(kept.data).toMatchObject([{ state: 'quarantined', hidden: true }]);
    for (const id of ['hidden', rid]) expect([(await get(id)).status, (await remove(id)).status]).toEqual([404, 404]);
    expect(await ids()).toEqual([]);
    expect((await made(street, 'hidden'))._rid).not.toBe(rid);
  });
});

describe('what takes longer', () => {
  beforeAll(async () => {
    street = await openStreet();
    street.stopping.abort();
  });
  afterAll(() => street?.close());

  test('a create is 201 with the database as it will be, there at once', async () => {
    const answer = await create('slow');
    expect([answer.status, answer.body.id]).toEqual([201, 'slow']);
    expect(await ids()).toEqual(['slow']);
    await worked(street, get('slow'));
    expect((await get('slow')).body).toEqual(answer.body);
  });

  test('a delete is 204, and the database gone at once, its id free', async () => {
    expect((await remove('slow')).status).toBe(204);
    expect([(await get('slow')).status, (await remove('slow')).status, await ids()]).toEqual([404, 404, []]);
    expect((await create('slow')).status).toBe(201);
    await worked(street, get('slow'));
  });

  test('a create that is deleted before it is made is gone at once', async () => {
    expect((await create('hasty')).status).toBe(201);
    expect((await remove('hasty')).status).toBe(204);
    expect((await get('hasty')).status).toBe(404);
    await worked(street, get('hasty'));
  });

  test('what fails later is in nobody’s way: who asked for it asks again', async () => {
    const first = await create('later');
    await worked(street, get('later'), refuseAny);
    expect((await get('later')).status).toBe(404);
    const again = await create('later');
    expect([again.status, again.body._rid === first.body._rid]).toEqual([201, false]);
  });
});
