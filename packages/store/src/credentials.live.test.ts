// The life of a credential and of its two secrets: the one that works is never lost, and none outlives the login.
import { CREDENTIAL_STATES, type CredentialState } from '@berth/core';
import type { Credential } from './credentials';
import { Overtaken } from './overtaken';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

async function credentialIn(state: CredentialState): Promise<Credential> {
  const made = await street.credential();
  if (state === 'active') await street.store.credentials.becomeActive(made.id);
  if (state === 'failed') await street.store.credentials.becomeFailed(made.id);
  if (state === 'deleted') await street.store.credentials.becomeDeleted(made.id);
  return made;
}

const rowOf = async (id: string) =>
  (await street.sql('SELECT *, xmin::text FROM credentials WHERE id = $1', [id]))[0] ?? {};

interface Arrow {
  from: CredentialState[];
  to: CredentialState | null;
  event: string;
  turn(id: string): Promise<Credential | null>;
}

const ARROWS: Record<string, Arrow> = {
  becomeActive: {
    from: ['creating'],
    to: 'active',
    event: 'credential.active',
    turn: (id) => street.store.credentials.becomeActive(id),
  },
  becomeFailed: {
    from: ['creating'],
    to: 'failed',
    event: 'credential.failed',
    turn: (id) => street.store.credentials.becomeFailed(id),
  },
  acceptDelete: {
    from: ['creating', 'active', 'failed'],
    to: null,
    event: 'credential.deleting',
    turn: (id) => street.store.credentials.acceptDelete(id),
  },
  becomeDeleted: {
    from: ['creating', 'active', 'failed'],
    to: 'deleted',
    event: 'credential.deleted',
    turn: (id) => street.store.credentials.becomeDeleted(id),
  },
};

const MATRIX = Object.entries(ARROWS).flatMap(([name, arrow]) =>
  CREDENTIAL_STATES.map((state): [string, CredentialState, Arrow] => [name, state, arrow]),
);

describe('an arrow', () => {
  it.each(MATRIX.filter(([, state, arrow]) => arrow.from.includes(state)))(
    '%s from %s turns, with its event in the same transaction',
    async (_, state, arrow) => {
      const { id } = await credentialIn(state);
      const since = await street.lastEvent();
      expect(await arrow.turn(id)).toMatchObject({ id, state: arrow.to ?? state });
      const { team_id, server_id, xmin } = await rowOf(id);
      expect(await street.events(since)).toEqual([
        { type: arrow.event, database_id: null, credential_id: id, action_id: null },
      ]);
      const sql =
        'SELECT team_id, server_id, mod(xid::text::numeric, 4294967296)::text AS xmin FROM events WHERE number > $1';
      expect(await street.sql(sql, [since])).toEqual([{ team_id, server_id, xmin }]);
    },
  );

  it.each(MATRIX.filter(([, state, arrow]) => !arrow.from.includes(state)))(
    '%s from %s does nothing and tells nothing',
    async (_, state, arrow) => {
      const { id } = await credentialIn(state);
      const [before, since] = [await rowOf(id), await street.lastEvent()];
      expect(await arrow.turn(id)).toBeNull();
      expect(await rowOf(id)).toEqual(before);
      expect(await street.events(since)).toEqual([]);
    },
  );
});

describe('the secrets', () => {
  it('a proposed one stands beside the working one, and the first proposal stays', async () => {
    const { id } = await credentialIn('active');
    await street.store.credentials.proposeSecret(id, 'new');
    await street.store.credentials.proposeSecret(id, 'newer');
    expect(await rowOf(id)).toMatchObject({ secret_sealed: 'sealed', pending_secret_sealed: 'new' });
  });

  it.each(['creating', 'failed', 'deleted'] as const)('none is proposed to a %s credential', async (state) => {
    const { id } = await credentialIn(state);
    await street.store.credentials.proposeSecret(id, 'new');
    expect((await rowOf(id)).pending_secret_sealed).toBeNull();
  });

  it('adopting makes the pending one the working one, with an event, and may be repeated', async () => {
    const { id } = await credentialIn('active');
    await street.store.credentials.proposeSecret(id, 'new');
    const since = await street.lastEvent();
    await street.store.credentials.adoptPendingSecret(id);
    expect((await street.events(since)).map((event) => event.type)).toEqual(['credential.reset']);
    await street.store.credentials.adoptPendingSecret(id);
    expect(await rowOf(id)).toMatchObject({ secret_sealed: 'new', pending_secret_sealed: null });
  });

  it('dropping the pending one leaves the working one', async () => {
    const { id } = await credentialIn('active');
    await street.store.credentials.proposeSecret(id, 'new');
    await street.store.credentials.dropPendingSecret(id);
    expect(await rowOf(id)).toMatchObject({ secret_sealed: 'sealed', pending_secret_sealed: null });
  });

  it('both are wiped when the login is deleted', async () => {
    const { id } = await credentialIn('active');
    await street.store.credentials.proposeSecret(id, 'new');
    await street.store.credentials.becomeDeleted(id);
    expect(await rowOf(id)).toMatchObject({ secret_sealed: null, pending_secret_sealed: null });
  });
});

describe('names', () => {
  const again = (of: Credential, change: { username?: string; engineUsername?: string }) =>
    street.store.credentials.insert({
      id: street.store.credentials.newId(),
      teamId: of.team_id,
      serverId: of.server_id,
      username: `${of.username}_x`,
      engineUsername: `${of.engine_username}_x`,
      secretSealed: 's',
      accessId: null,
      ...change,
    });

  it('the asked one is taken until a delete is accepted', async () => {
    const one = await credentialIn('active');
    const { username } = one;
    await expect(again(one, { username })).rejects.toMatchObject({
      code: 'name_taken',
      fields: [{ field: 'username' }],
    });
    await street.store.credentials.acceptDelete(one.id);
    await again(one, { username });
  });

  it('the one on the server is held until the login is really gone', async () => {
    const one = await credentialIn('active');
    const { engine_username: engineUsername } = one;
    const held = () => street.store.credentials.isLoginNameHeld(street.serverId, engineUsername);
    await street.store.credentials.acceptDelete(one.id);
    expect(await held()).toBe(true);
    await expect(again(one, { engineUsername })).rejects.toThrow(Overtaken);
    await street.store.credentials.becomeDeleted(one.id);
    expect(await held()).toBe(false);
    await again(one, { engineUsername });
  });

  it('the one on the server can be changed while the login is being made, and never after', async () => {
    const { id } = await credentialIn('creating');
    await street.store.credentials.renameOnEngine(id, 'other');
    await street.store.credentials.becomeActive(id);
    await street.store.credentials.renameOnEngine(id, 'too_late');
    expect((await rowOf(id)).engine_username).toBe('other');
  });
});

test('lists of a database hold its living logins alone, each with its grants', async () => {
  const [one, other] = [await street.database(), await street.database()];
  const [shared, gone] = [await street.credential(one.id), await street.credential(one.id)];
  await street.store.credentials.grant(shared, other.id, 'owner');
  await street.credential(other.id);
  await street.store.credentials.becomeDeleted(gone.id);
  const listed = await street.store.credentials.listOfDatabase(one.id);
  expect(listed.map(({ id, grants }) => [id, grants.map((grant) => grant.database_id)])).toEqual([
    [shared.id, [one.id, other.id]],
  ]);
  const { data } = await street.store.credentials.list(one.id, { cursor: null, limit: 10 });
  expect(data.map((each) => each.id)).toEqual([shared.id]);
  expect(await street.store.credentials.listOfDatabases([one.id, other.id])).toHaveLength(2);
});
