// The life of a database and of its names: asked names are free as soon as a delete is accepted, engine names only when
// it is really gone.
import { DATABASE_STATES, type DatabaseState } from '@berth/core';
import type { Database } from './databases';
import { Overtaken } from './overtaken';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const FACTS = { sizeBytes: 7_000_000, charset: 'UTF8', collation: 'C' };

async function databaseIn(state: DatabaseState): Promise<Database> {
  const made = await street.database();
  const values = { quarantined: 'quarantined_at = now(), purge_after = now()', deleted: 'deleted_at = now()' };
  const more = state === 'quarantined' || state === 'deleted' ? `, ${values[state]}` : '';
  await street.sql(`UPDATE databases SET state = $2${more} WHERE id = $1`, [made.id, state]);
  return made;
}

const rowOf = async (id: string) =>
  (await street.sql('SELECT *, xmin::text FROM databases WHERE id = $1', [id]))[0] ?? {};

interface Arrow {
  from: DatabaseState[];
  /** Null: it is no state that changes. */
  to: DatabaseState | null;
  event: string;
  turn(id: string): Promise<Database | null>;
}

const ARROWS: Record<string, Arrow> = {
  becomeAvailable: {
    from: ['creating'],
    to: 'available',
    event: 'database.available',
    turn: (id) => street.store.databases.becomeAvailable(id, FACTS),
  },
  becomeFailed: {
    from: ['creating'],
    to: 'failed',
    event: 'database.failed',
    turn: (id) => street.store.databases.becomeFailed(id),
  },
  acceptDelete: {
    from: ['creating', 'available', 'failed', 'quarantined'],
    to: null,
    event: 'database.deleting',
    turn: (id) => street.store.databases.acceptDelete(id),
  },
  becomeQuarantined: {
    from: ['available'],
    to: 'quarantined',
    event: 'database.quarantined',
    turn: (id) => street.store.databases.becomeQuarantined(id, 3),
  },
  becomeRestored: {
    from: ['quarantined'],
    to: 'available',
    event: 'database.restored',
    turn: (id) => street.store.databases.becomeRestored(id),
  },
  extend: {
    from: ['quarantined'],
    to: null,
    event: 'database.extended',
    turn: (id) => street.store.databases.extend(id, 3),
  },
  becomeDeleted: {
    from: ['creating', 'available', 'failed', 'quarantined'],
    to: 'deleted',
    event: 'database.deleted',
    turn: (id) => street.store.databases.becomeDeleted(id),
  },
};

const MATRIX = Object.entries(ARROWS).flatMap(([name, arrow]) =>
  DATABASE_STATES.map((state): [string, DatabaseState, Arrow] => [name, state, arrow]),
);

describe('an arrow', () => {
  it.each(MATRIX.filter(([, state, arrow]) => arrow.from.includes(state)))(
    '%s from %s turns, with its event in the same transaction',
    async (_, state, arrow) => {
      const { id } = await databaseIn(state);
      const since = await street.lastEvent();
      expect(await arrow.turn(id)).toMatchObject({ id, state: arrow.to ?? state });
      const { team_id, server_id, xmin } = await rowOf(id);
      expect(await street.events(since)).toEqual([
        { type: arrow.event, database_id: id, credential_id: null, action_id: null },
      ]);
      const sql =
        'SELECT team_id, server_id, mod(xid::text::numeric, 4294967296)::text AS xmin FROM events WHERE number > $1';
      expect(await street.sql(sql, [since])).toEqual([{ team_id, server_id, xmin }]);
    },
  );

  it.each(MATRIX.filter(([, state, arrow]) => !arrow.from.includes(state)))(
    '%s from %s does nothing and tells nothing',
    async (_, state, arrow) => {
      const { id } = await databaseIn(state);
      const [before, since] = [await rowOf(id), await street.lastEvent()];
      expect(await arrow.turn(id)).toBeNull();
      expect(await rowOf(id)).toEqual(before);
      expect(await street.events(since)).toEqual([]);
    },
  );

  it('becomeAvailable keeps what was seen of it', async () => {
    const { id } = await databaseIn('creating');
    const made = await street.store.databases.becomeAvailable(id, FACTS);
    expect(made).toMatchObject({ size_bytes: 7_000_000n, charset: 'UTF8', collation: 'C' });
    expect(made?.measured_at).not.toBeNull();
  });

  it('a second delete is not accepted again; becomeDeleted keeps when the first was', async () => {
    const { id } = await databaseIn('available');
    const accepted = await street.store.databases.acceptDelete(id);
    expect(await street.store.databases.acceptDelete(id)).toBeNull();
    const deleted = await street.store.databases.becomeDeleted(id);
    expect(deleted?.delete_accepted_at).toEqual(accepted?.delete_accepted_at);
    expect(
      (await street.store.databases.becomeDeleted((await databaseIn('failed')).id))?.delete_accepted_at,
    ).not.toBeNull();
  });
});

const DAY_MS = 24 * 60 * 60 * 1000;

describe('a quarantine', () => {
  it('ends so many days after it began, and later by as many as it is extended', async () => {
    const { id } = await databaseIn('available');
    const kept = await street.store.databases.becomeQuarantined(id, 3);
    const endMs = kept?.purge_after?.getTime() ?? 0;
    expect(endMs - (kept?.quarantined_at?.getTime() ?? 0)).toBe(3 * DAY_MS);
    const extended = await street.store.databases.extend(id, 4);
    expect(extended?.purge_after?.getTime()).toBe(endMs + 4 * DAY_MS);
    expect(await street.store.databases.becomeRestored(id)).toMatchObject({ purge_after: null, quarantined_at: null });
  });

  it('that is over is to be purged: not before its time, not while protected, not beside a drop nor right after one', async () => {
    const [over, guarded, young, tried] = await Promise.all(Array.from({ length: 4 }, () => databaseIn('available')));
    const ids = [over, guarded, young, tried].map((each) => each?.id ?? '');
    for (const id of ids) await street.store.databases.becomeQuarantined(id, 3);
    await street.store.databases.extend(ids[2] ?? '', 1);
    await street.sql('UPDATE databases SET protected = true WHERE id = $1', [ids[1]]);
    const now = Date.now();
    const purgeable = async (days: number, triedBefore = 0) => {
      const triedAfter = new Date(Date.now() - triedBefore);
      const found = await street.store.databases.listToPurge(new Date(now + days * DAY_MS), triedAfter, 9);
      return [found.ids.filter((id) => ids.includes(id)), found.protectedCount];
    };
    const drop = await street.action(ids[3] ?? '', { kind: 'database_delete' });
    expect(await purgeable(2.9)).toEqual([[], 0]);
    expect(await purgeable(3.1)).toEqual([[ids[0]], 1]);
    expect(await purgeable(4.1)).toEqual([[ids[0], ids[2]], 1]);
    const claimed = await street.store.actions.claim(drop.id, 'worker');
    if (claimed !== null) await street.store.actions.fail(claimed, 'engine_refused', 'no');
    expect(await purgeable(3.1, DAY_MS)).toEqual([[ids[0]], 1]); // tried within a day
    expect(await purgeable(3.1)).toEqual([[ids[0], ids[3]], 1]);
  });

  it('that is hidden is in no list but one that asks for it; its name is free, and taken back only while it is', async () => {
    const { id, name } = await databaseIn('available');
    await street.store.databases.acceptDelete(id);
    await street.store.databases.hide(id);
    await street.store.databases.becomeQuarantined(id, 3);
    const listed = async (withHidden: boolean) => {
      const filter = { teamId: street.teamId, name, ...(withHidden && { withHidden: true as const }) };
      return (await street.store.databases.list(filter, { cursor: null, limit: 100 })).data.map((each) => each.id);
    };
    expect([await listed(false), await listed(true)]).toEqual([[], [id]]);
    await street.store.databases.reclaimName({ id, name });
    await expect(street.database({ name, engineName: 'reclaimed' })).rejects.toMatchObject({ code: 'name_taken' });
    await street.store.databases.yieldName(id);
    const next = await street.database({ name, engineName: 'yielded' });
    const late = street.store.databases.reclaimName({ id, name });
    await expect(late).rejects.toMatchObject({ code: 'name_taken' });
    await street.store.databases.acceptDelete(next.id);
    await street.store.databases.reclaimName({ id, name });
    expect(await street.store.databases.becomeRestored(id)).toMatchObject({ hidden: false, delete_accepted_at: null });
    expect(await listed(false)).toContain(id);
  });
});

test('against a quota counts what its team knows of: not what is on its way out, nor what is kept unseen until it is restored', async () => {
  const { databases } = street.store;
  const before = await databases.countOfTeam(street.teamId);
  const [, going, hidden, gone] = await Promise.all(Array.from({ length: 4 }, () => street.database()));
  expect(await databases.countOfTeam(street.teamId)).toBe(before + 4);
  await databases.acceptDelete(going?.id ?? '');
  await databases.acceptDelete(hidden?.id ?? '');
  await databases.hide(hidden?.id ?? '');
  await databases.becomeDeleted(gone?.id ?? '');
  expect(await databases.countOfTeam(street.teamId)).toBe(before + 1);
  const facts = { sizeBytes: 1, charset: 'UTF8', collation: 'C' };
  await databases.becomeAvailable(hidden?.id ?? '', facts);
  await databases.becomeQuarantined(hidden?.id ?? '', 7);
  expect(await databases.countOfTeam(street.teamId)).toBe(before + 1);
  await databases.reclaimName({ id: hidden?.id ?? '', name: hidden?.name ?? '' });
  expect(await databases.countOfTeam(street.teamId)).toBe(before + 2);
});

describe('the asked name', () => {
  it('is taken while the database lives, in whatever state', async () => {
    for (const state of ['creating', 'available', 'failed', 'quarantined'] as const) {
      const { name } = await databaseIn(state);
      const again = street.database({ name });
      await expect(again).rejects.toMatchObject({ code: 'name_taken', fields: [{ field: 'name' }] });
    }
  });

  it('is free as soon as a delete is accepted, for one of many who ask for it at once', async () => {
    const { id, name } = await databaseIn('available');
    await street.store.databases.acceptDelete(id);
    const asked = Array.from({ length: 10 }, (_, index) => street.database({ name, engineName: `again_${index}` }));
    const made = (await Promise.allSettled(asked)).filter((each) => each.status === 'fulfilled');
    expect(made).toHaveLength(1);
  });

  it("is no other team's business, nor another environment's", async () => {
    const { name } = await street.database();
    const other = await street.store.catalog.ensureTeam('other');
    const project = await street.store.catalog.ensureProject(other.id, 'project');
    const production = await street.store.catalog.ensureEnvironment('production');
    await street.database({ name, teamId: other.id, projectId: project.id, engineName: 'other_1' });
    await street.database({ name, environmentId: production.id, engineName: 'other_2' });
  });
});

describe('the engine name', () => {
  it('is held until the database is really deleted', async () => {
    const { id, engine_name: engineName } = await databaseIn('available');
    const held = () => street.store.databases.isEngineNameHeld(street.serverId, engineName);
    await street.store.databases.acceptDelete(id);
    expect(await held()).toBe(true);
    await expect(street.database({ engineName })).rejects.toThrow(Overtaken);
    await street.store.databases.becomeDeleted(id);
    expect(await held()).toBe(false);
    await street.database({ engineName });
  });

  it('can be changed while the database is being made, and never after', async () => {
    const { id } = await databaseIn('creating');
    await street.store.databases.renameOnEngine(id, 'first_choice_was_taken');
    expect((await rowOf(id)).engine_name).toBe('first_choice_was_taken');
    await street.store.databases.becomeAvailable(id, FACTS);
    await street.store.databases.renameOnEngine(id, 'too_late');
    expect((await rowOf(id)).engine_name).toBe('first_choice_was_taken');
  });
});

describe('a list', () => {
  it('leaves deleted ones out unless they are asked for; find finds them', async () => {
    const gone = await databaseIn('deleted');
    const ids = async (state?: string) => {
      const filter = { teamId: street.teamId, ...(state !== undefined && { state }) };
      const { data } = await street.store.databases.list(filter, { cursor: null, limit: 100 });
      return data.map((database) => database.id);
    };
    expect(await ids()).not.toContain(gone.id);
    expect(await ids('deleted')).toContain(gone.id);
    expect((await street.store.databases.find(gone.id))?.state).toBe('deleted');
  });
});
