// What the product answers when a thing is done: what is soon over is waited for, what fails is told and cleaned, and what
// takes longer goes on, seen as a task. The clock's seconds pass by the process being asked to stop: then nobody waits on.
import { API, as, type Hand, made, openStreet, pathOf, refuseAny, type Street, worked } from './street.fixture';

let street: Street;

/** An API that is asked to stop answers at once, with what there is. */
async function openHurried(): Promise<Street> {
  const opened = await openStreet();
  opened.stopping.abort();
  return opened;
}

describe('what is over in time', () => {
  beforeAll(async () => {
    street = await openStreet();
  });
  afterAll(() => street?.close());

  const body = (name: string) => ({ name, plan: street.plan, environment: street.environment });

  test('a create that is refused is 400 with the reason, and its name is free again', async () => {
    const hand: Hand = async (at, action) => {
      if (action.kind === 'database_create') await refuseAny(at, action);
    };
    const answer = await worked(street, as(street).post(`${API}/database/`).send(body('refused')), hand);
    expect(answer.status).toBe(400);
    expect(answer.body).toEqual({ _links: expect.anything(), detail: 'The server refused: no more of that.' });
    expect((await as(street).get(`${API}/database/?name=refused`)).body._links.count).toBe(0);
    const { data } = await street.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
    expect(data.map(({ kind }) => kind)).toEqual(['database_delete']);
    expect(await made(street, 'refused')).toMatchObject({ name: 'refused' });
  });

  test('a credential, a reset and a delete that are refused are 400, and what there was stands', async () => {
    const first = await made(street, 'refusing');
    const database = pathOf(first._links.self);
    const credential = pathOf(first.credentials[0]);
    const before = (await as(street).get(credential)).body;
    for (const sent of [
      as(street).post(`${API}/credential/`).send({ user: 'u_more', database }),
      as(street).post(`${credential}reset_password/`).type('form').send(''),
      as(street).delete(credential),
      as(street).delete(database),
    ]) {
      const answer = await worked(street, sent, refuseAny);
      expect([answer.status, answer.body.detail]).toEqual([400, 'The server refused: no more of that.']);
    }
    const list = await as(street).get(database);
    expect(list.body).toMatchObject({ name: 'refusing', quarantine_dt: null });
    expect((await as(street, 'manager').get(database)).body.name).toBe('refusing');
    expect(before.password).toHaveLength(32);
  });
});

describe('what takes longer', () => {
  beforeAll(async () => {
    street = await openHurried();
  });
  afterAll(() => street?.close());

  const body = (name: string) => ({ name, plan: street.plan, environment: street.environment });

  test('a create is 201 with the database as it will be, locked, and the task that makes it', async () => {
    const { body: created, status } = await as(street).post(`${API}/database/`).send(body('slow'));
    expect(status).toBe(201);
    expect(created).toMatchObject({ name: 'slow', status: 2, is_locked: true, used_size_in_bytes: null });
    expect(created.credentials).toHaveLength(1);
    const waiting = await as(street).get(pathOf(created.task)).expect(200);
    expect(waiting.body.taskhistory).toMatchObject([
      { task_status: 'WAITING', task_name: 'create_database', object_id: null, db_id: null, database_name: 'slow' },
    ]);
    expect((await as(street).get(pathOf(created.credentials[0]))).body).toMatchObject({
      user: 'u_slow',
      password: null,
    });
    await worked(street, as(street).get(`${API}/`));
    const done = await as(street).get(pathOf(created.task));
    expect(done.body.taskhistory).toMatchObject([
      { task_status: 'SUCCESS', task_name: 'notification.tasks.create_database', object_id: created.id },
    ]);
    const { status: none, ...finished } = (await as(street).get(pathOf(created._links.self))).body;
    expect([none, Object.keys(finished)]).toEqual([undefined, expect.not.arrayContaining(['is_locked', 'task'])]);
  });

  test('a credential and a reset are 503 with when to come again, and who comes again joins the one under way', async () => {
    const { body: database } = await as(street).get(`${API}/database/?name=slow`);
    const link = database.database[0]._links.self;
    for (const ask of [
      () => as(street).post(`${API}/credential/`).send({ user: 'u_later', database: link }),
      () => as(street).post(`${API}/credential/1/reset_password/`).type('form').send(''),
    ]) {
      const before = await actions();
      const [one, other] = [await ask(), await ask()];
      for (const answer of [one, other]) {
        expect([answer.status, answer.get('retry-after')]).toEqual([503, '5']);
        expect(answer.body.task).toBe(one.body.task);
      }
      expect(await actions()).toBe(before + 1);
      expect((await as(street).get(pathOf(one.body.task))).body.taskhistory[0].task_status).toBe('WAITING');
    }
  });

  test('who comes again when it is over gets the password that nobody heard, once; after that it is another request', async () => {
    const { body: database } = await as(street).get(`${API}/database/?name=slow`);
    const create = (which: Parameters<typeof as>[1]) =>
      as(street, which)
        .post(`${API}/credential/`)
        .send({ user: 'u_later', database: database.database[0]._links.self });
    const reset = () => as(street).post(`${API}/credential/1/reset_password/`).type('form').send('');
    await worked(street, as(street).get(`${API}/`));
    const before = await actions();
    expect((await create('manager')).status).toBe(400); // it did not ask for that one
    const heard = [await create('ordinary'), await reset()];
    expect(heard.map(({ status }) => status)).toEqual([201, 200]);
    for (const { body } of heard)
      expect((await as(street).get(pathOf(body._links.self))).body.password).toBe(body.password);
    expect(await actions()).toBe(before);
    expect((await create('ordinary')).status).toBe(400);
    expect((await reset()).status).toBe(503);
    expect(await actions()).toBe(before + 1);
    await worked(street, as(street).get(`${API}/`));
  });

  const actions = async () => (await street.store.actions.list({}, { cursor: null, limit: 100 })).data.length;

  test('a delete is 204, and the database is not there any more for who may not see what is in quarantine', async () => {
    const { body } = await as(street).get(`${API}/database/?name=slow`);
    const [{ _links, credentials }] = body.database;
    const self = pathOf(_links.self);
    expect((await as(street).delete(self)).status).toBe(204);
    for (const path of [self, pathOf(credentials[0])]) await as(street).get(path).expect(404);
    await as(street).delete(self).expect(404);
    await as(street).patch(self).send({ quarantine_dt: null }).expect(404);
    for (const list of ['database', 'credential'])
      expect((await as(street).get(`${API}/${list}/`)).body._links.count).toBe(0);
    const kept = await as(street, 'manager').get(self).expect(200);
    expect(kept.body).toMatchObject({ quarantine_dt: new Date().toISOString().slice(0, 10), is_locked: true });
    expect((await as(street, 'manager').delete(self)).status).toBe(204); // it joins: a repeated delete never drops
    await worked(street, as(street).get(`${API}/`));
    const quarantined = (await as(street, 'manager').get(self)).body;
    expect(quarantined).toMatchObject({ name: 'slow', quarantine_dt: expect.any(String) });
    expect((await as(street, 'manager').get(pathOf(credentials[0]))).body.password).toBeNull();
  });

  test('a project cannot be changed while a database is brought back: the task that does is named as callers know it', async () => {
    const { body } = await as(street, 'manager').get(`${API}/database/?name=slow`);
    const self = pathOf(body.database[0]._links.self);
    const { body: projects } = await as(street, 'manager').get(`${API}/project/`);
    const change = { quarantine_dt: null, project: projects.project[0]._links.self };
    const refused = await as(street, 'manager').patch(self).send(change);
    const detail = expect.stringMatching(
      /^Task \d+ \(database_restore\) is under way\. Try again when it has ended\.$/,
    );
    expect([refused.status, refused.body.detail]).toEqual([400, detail]);
    await worked(street, as(street).get(`${API}/`));
    const again = await as(street, 'manager').patch(self).send(change).expect(200);
    expect(again.body).toMatchObject({ quarantine_dt: null, project: change.project });
  });

  test('what fails later is in nobody’s way: who asked for it asks again', async () => {
    const { body: failing } = await as(street).post(`${API}/database/`).send(body('later'));
    await worked(street, as(street).get(`${API}/`), refuseAny);
    await as(street).get(pathOf(failing._links.self)).expect(404);
    const again = await as(street).post(`${API}/database/`).send(body('later'));
    expect([again.status, again.body.name, again.body.id === failing.id]).toEqual([201, 'later', false]);
    await worked(street, as(street).get(`${API}/`));
    const ask = () => as(street).post(`${API}/credential/`).send({ user: 'u_twice', database: again.body._links.self });
    expect((await ask()).status).toBe(503);
    await worked(street, as(street).get(`${API}/`), refuseAny);
    expect((await ask()).status).toBe(503);
    await worked(street, as(street).get(`${API}/`));
    expect([(await ask()).status, (await ask()).status]).toEqual([201, 400]);
  });
});
