// A poll says what the single reads say, in one statement.
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

async function access(change: { secretHash: string; expiresAt?: Date }) {
  const who = { teamId: street.teamId, name: 'a', person: 'p', scopes: ['public' as const], defaults: {} };
  return street.store.accesses.ensureBearer({ expiresAt: null, ...who, ...change });
}

test('the access, the action with its steps, its place and its wait are as they are read one by one', async () => {
  const { accesses, actions, databases, polls } = street.store;
  await access({ secretHash: 'good', expiresAt: new Date('2100-01-02T03:04:05.678Z') });
  const database = await street.database();
  const [running, waiting] = [await street.action(database.id), await street.action(database.id)];
  const held = await actions.claim(running.id, 'holder');
  if (held === null) throw new Error('it was not claimed');
  for (const name of ['first', 'second'])
    await actions.recordStep(held, { name, state: 'succeeded', durationMs: 5, evidence: { a: [name, null, 1.5] } });
  const { team_id, project_id, environment_id, state, hidden } = (await databases.find(database.id)) ?? {};
  const place = { team_id, project_id, environment_id, state, hidden };
  for (const { id } of [running, waiting]) {
    const polled = await polls.find('good', id);
    expect(polled).toEqual({
      access: await accesses.findBearer('good'),
      action: await actions.find(id),
      place,
      wait: await actions.findWait(id),
    });
  }
  expect((await polls.find('good', waiting.id))?.wait?.ahead).toMatchObject({ id: running.id });
  await actions.fail(held, 'engine_refused', 'refused');
  expect((await polls.find('good', running.id))?.action).toEqual(await actions.find(running.id));
});

test('an id of nothing is no action, and one about a server has no place', async () => {
  await access({ secretHash: 'other' });
  expect(await street.store.polls.find('other', '')).toMatchObject({ action: null, place: null, wait: null });
  const look = await street.action(null, { kind: 'server_preflight' });
  expect(await street.store.polls.find('other', look.id)).toMatchObject({ action: { id: look.id }, place: null });
});

test('what opens nothing reads nothing: unknown, expired, revoked, and a token before the last when its time is over', async () => {
  const { accesses, polls } = street.store;
  const { id } = await street.action((await street.database()).id);
  await access({ secretHash: 'expired', expiresAt: new Date(0) });
  const rotated = await access({ secretHash: 'before' });
  await accesses.rotate(rotated.id, 'after', 60);
  expect(await polls.find('before', id)).toMatchObject({ access: { id: rotated.id } });
  await street.sql(`UPDATE accesses SET previous_until = now() - interval '1 ms' WHERE id = $1`, [rotated.id]);
  expect(await polls.find('after', id)).toMatchObject({ access: { id: rotated.id } });
  const revoked = await access({ secretHash: 'revoked' });
  await accesses.revoke(revoked.id);
  for (const hash of ['unknown', 'expired', 'before', 'revoked'])
    expect([hash, await polls.find(hash, id)]).toEqual([hash, null]);
});
