// The main job as clients of the native face see it: ask, poll, connect; and what must hold when many ask at
// once or the API dies between its commit and the word to the queue.
import { type Answer, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';
import { type Journey, openJourney } from '../journey';
import { onEachEngineAndQueue } from '../tenants/on-each-engine';
import { withSession } from '../tenants/tenants';
import { onEachQueue } from '../test-queue';

onEachEngineAndQueue((engine, queue) => {
  let berth: TestBerth;

  beforeAll(async () => {
    berth = await startBerth({ engine, queue });
  });
  afterAll(() => berth?.close());

  const ended = (actionId: string) => endedOf(berth, actionId);
  const uriOf = (credentialId: string) => shownUri(berth, credentialId);

  test('the native face makes a database, tells each step, opens it, resets its password, and drops it', async () => {
    const made = await berth.call('POST', '/v1/databases', { ...berth.place, name: 'orders' });
    expect(made).toMatchObject({
      status: 202,
      body: { action: { kind: 'database_create' }, database: { name: 'orders' } },
    });
    expect(made.headers.get('location')).toBe(`/v1/actions/${made.body.action.id}`);
    const created = await ended(made.body.action.id);
    expect(created).toMatchObject({ state: 'succeeded', error: null, database_id: made.body.database.id });
    expect(created.steps.map((step: { state: string }) => step.state)).toEqual(Array(5).fill('succeeded'));

    const { body: list } = await berth.call('GET', `/v1/databases/${made.body.database.id}/credentials`);
    const uri = await uriOf(list.data[0].id);
    const session = await engine.enter(uri);
    await session.write('first');
    const asked = await berth.call('POST', `/v1/databases/${made.body.database.id}/credentials`, { role: 'readonly' });
    expect(await ended(asked.body.action.id)).toMatchObject({ state: 'succeeded' });
    const reader = await engine.enter(await uriOf(asked.body.credential.id));
    expect(await reader.read()).toEqual(['first']);
    await expect(reader.insert('no')).rejects.toThrow();
    await reader.end();

    const reset = await berth.call('POST', `/v1/credentials/${list.data[0].id}/reset`);
    expect(await ended(reset.body.action.id)).toMatchObject({ state: 'succeeded' });
    await expect(session.read()).rejects.toThrow(); // it ended with its password, or its login did
    await session.end();
    expect(await engine.refusalOf(uri)).toBe('login');
    await withSession(engine, await uriOf(list.data[0].id), async (renewed) => {
      expect(await renewed.read()).toEqual(['first']);
    });

    const drop = await berth.call('DELETE', `/v1/databases/${made.body.database.id}?purge=true`);
    expect(await ended(drop.body.action.id)).toMatchObject({ state: 'succeeded' });
    expect((await berth.call('GET', '/v1/databases?name=orders')).body.data).toEqual([]);
  });
});

onEachQueue((queue) => {
  let berth: TestBerth;

  beforeAll(async () => {
    berth = await startBerth({ queue });
  });
  afterAll(() => berth?.close());

  const ended = (actionId: string) => endedOf(berth, actionId);

  describe('the native face', () => {
    it('answers one of a hundred parallel requests for one name with 202, the rest with 409', async () => {
      const body = { name: 'crowd', engine: 'postgresql' };
      const answers = await Promise.all(Array.from({ length: 100 }, () => berth.call('POST', '/v1/databases', body)));
      const statuses = answers.map((answer) => answer.status).sort();
      expect(statuses).toEqual([202, ...Array(99).fill(409)]);
      const refused = answers.find((answer) => answer.status === 409);
      expect(refused?.body).toMatchObject({ code: 'name_taken', errors: [{ field: 'name' }] });
      const winner = answers.find((answer) => answer.status === 202);
      expect(await ended(winner?.body.action.id)).toMatchObject({ state: 'succeeded' });
    });
  });

  describe('an API killed between commit and nudge', () => {
    let journey: Journey;
    beforeAll(async () => {
      journey = await openJourney({ queue });
    });
    afterAll(() => journey?.close());

    it('has lost no action: maintenance says the word that it did not', async () => {
      const api = await journey.startApi('committed');
      const post = fetch(`${api.url}/v1/databases`, {
        method: 'POST',
        headers: { authorization: `Bearer ${journey.token.reveal()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ name: `unsaid_${process.pid}_${queue.toLowerCase()}`, engine: 'postgresql' }),
      });
      const answered = await post.then(
        () => true,
        () => false, // the process may be gone before its answer is
      );
      await api.ended;
      const { data } = await journey.context.store.actions.list({ state: 'queued' }, { cursor: null, limit: 10 });
      expect({ answered, kinds: data.map((action) => action.kind) }).toMatchObject({ kinds: ['database_create'] });
      await journey.letNudgesGrowOld();
      await Promise.all([journey.startWorker(), journey.startMaintenance()]);
      expect(await journey.ended(data[0]?.id ?? '', 45_000)).toMatchObject({ state: 'succeeded', nudges: 2 });
    });
  });
});

async function endedOf(berth: TestBerth, actionId: string): Promise<Answer['body']> {
  return eventually(
    async () => {
      const { body } = await berth.call('GET', `/v1/actions/${actionId}`);
      return body.ended_at === null ? null : body;
    },
    { timeoutMs: 30_000, what: `${actionId} to end` },
  );
}

async function shownUri(berth: TestBerth, credentialId: string): Promise<string> {
  const { body } = await berth.call('GET', `/v1/credentials/${credentialId}?reveal=true`);
  return body.uri;
}
