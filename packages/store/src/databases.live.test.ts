// The life of a database and of its names: asked names are free as soon as a delete is accepted, engine names only when
// it is really gone.
import { DATABASE_STATES, type DatabaseState } from '@berth/core';
import type { Database } from './databases';
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
    await expect(street.database({ engineName })).rejects.toThrow('databases_engine_name_free');
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
