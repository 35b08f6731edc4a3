// What goes wrong in the middle of a quarantine or a restore: what the API says of the database is so, whatever failed.
import { PlatformError } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import {
  askRemove,
  askRestore,
  type Kept,
  makeKept,
  quarantine,
  refusalOf,
  restoreAndSee,
  rowsOf,
  runToEnd,
  stateOf,
} from '../quarantine';
import { runAction } from '../run-action';
import { openTestPostgresql, type TestPostgresql } from '../test-postgresql';

let server: TestPostgresql;
let journey: Journey;
let count = 0;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const made = () => {
  count += 1;
  return makeKept(journey, `faulty_${count}`);
};
const onServer = (sql: string) => withClient(server.url().reveal(), (client) => client.query(sql));
const onStore = (sql: string) => withClient(journey.storeUrl, (client) => client.query(sql));

/** Refuses for good once this step is recorded. */
const refusing = (last: string) => async (moment: string, step: string) => {
  if (moment === 'recorded' && step === last) throw new PlatformError('engine_refused', 'No.');
};

/** The action that stands for the database now, if any. */
async function openAction({ databaseId }: Kept) {
  const { data } = await journey.context.store.actions.list({ databaseId }, { cursor: null, limit: 10 });
  return data.find(({ state }) => state === 'queued') ?? null;
}

describe('a server that goes away in the middle', () => {
  it.each(['shut_out', 'check_refused'])(
    'of a quarantine, after %s: it is never called quarantined before the server was asked again',
    async (last) => {
      const kept = await made();
      const { id } = await askRemove(journey, kept.databaseId);
      const cut = await runAction(journey.context, id, {
        onMoment: async (moment, step) => {
          if (moment === 'started' && step === last) await server.stop();
        },
      });
      expect(cut).toMatchObject({ state: 'queued', failures: 0 });
      expect(await stateOf(journey, kept.databaseId)).toBe('available');
      await server.restart();
      expect(await runToEnd(journey, id)).toMatchObject({ state: 'succeeded' });
      expect(await refusalOf(kept.uri)).toBe('28P01');
      await restoreAndSee(journey, kept);
    },
  );

  it('of a restore: it is quarantined until the server has let everybody in', async () => {
    const kept = await made();
    await quarantine(journey, kept.databaseId);
    const { id } = await askRestore(journey, kept.databaseId);
    const cut = await runAction(journey.context, id, {
      onMoment: async (moment, step) => {
        if (moment === 'recorded' && step === 'give_back') await server.stop();
      },
    });
    expect(cut).toMatchObject({ state: 'queued', failures: 0 });
    expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
    await server.restart();
    expect(await runToEnd(journey, id)).toMatchObject({ state: 'succeeded' });
    expect(await rowsOf(kept.uri)).toEqual(['first']);
  });

  it('of a restore, for longer than it is waited for: what may be half open is shut when it is back', async () => {
    const kept = await made();
    await quarantine(journey, kept.databaseId);
    const { id } = await askRestore(journey, kept.databaseId);
    await runAction(journey.context, id, {
      onMoment: async (moment, step) => {
        if (moment === 'recorded' && step === 'give_back') await server.stop();
      },
    });
    await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = '${id}'`);
    expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
    await server.restart();
    expect(await refusalOf(kept.uri)).toBeNull(); // this is why
    const shut = await openAction(kept);
    expect(shut).toMatchObject({ kind: 'database_quarantine', requested_by: null });
    expect(await journey.runHere(shut?.id ?? '')).toMatchObject({ state: 'succeeded' });
    expect(await refusalOf(kept.uri)).toBe('28P01');
    await restoreAndSee(journey, kept);
  });
});

test.each(['shut_out', 'check_refused'])(
  'a quarantine that fails for good after %s lets in again, and can be asked again',
  async (last) => {
    const kept = await made();
    const { id } = await askRemove(journey, kept.databaseId);
    expect(await runToEnd(journey, id, refusing(last))).toMatchObject({ state: 'failed' });
    expect(await stateOf(journey, kept.databaseId)).toBe('available');
    expect(await rowsOf(kept.uri)).toEqual(['first']);
    await quarantine(journey, kept.databaseId);
  },
);

test.each(['give_back', 'check_isolation'])(
  'a restore that fails for good after %s leaves it quarantined, and shut',
  async (last) => {
    const kept = await made();
    await quarantine(journey, kept.databaseId);
    const { id } = await askRestore(journey, kept.databaseId);
    expect(await runToEnd(journey, id, refusing(last))).toMatchObject({ state: 'failed' });
    expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
    expect(await refusalOf(kept.uri)).toBe('28P01');
    expect(await openAction(kept)).toBeNull();
    await restoreAndSee(journey, kept);
  },
);

test('a database that vanished from its server is not restored as an empty one', async () => {
  const kept = await made();
  await quarantine(journey, kept.databaseId);
  await onServer(`DROP DATABASE "${kept.name}"`);
  const { id } = await askRestore(journey, kept.databaseId);
  expect(await runToEnd(journey, id)).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
  const { rows } = await onServer(`SELECT FROM pg_database WHERE datname = '${kept.name}'`);
  expect(rows).toEqual([]);
  const drop = await askRemove(journey, kept.databaseId);
  expect(await runToEnd(journey, drop.id)).toMatchObject({ kind: 'database_delete', state: 'succeeded' });
});

test('a password whose key is gone stops a quarantine before it begins, and the login goes on working', async () => {
  const kept = await made();
  const { rows } = await onStore(`SELECT secret_sealed FROM credentials WHERE id = '${kept.credentialId}'`);
  await onStore(
    `UPDATE credentials SET secret_sealed = replace(secret_sealed, 'v1.k1.', 'v1.gone.') WHERE id = '${kept.credentialId}'`,
  );
  const { id } = await askRemove(journey, kept.databaseId);
  expect(await runToEnd(journey, id)).toMatchObject({ state: 'failed', error_code: 'key_missing', steps: [] });
  expect(await rowsOf(kept.uri)).toEqual(['first']);
  await onStore(`UPDATE credentials SET secret_sealed = '${rows[0]?.secret_sealed}' WHERE id = '${kept.credentialId}'`);
  await quarantine(journey, kept.databaseId);
});

test('a login that somebody dropped behind our back comes back with the restore', async () => {
  const kept = await made();
  const user = decodeURIComponent(new URL(kept.uri).username);
  await onServer(`REVOKE ALL ON DATABASE "${kept.name}" FROM "${user}"`);
  await withClient(new URL(`/${kept.name}`, server.url().reveal()).href, (client) =>
    client.query(`DROP OWNED BY "${user}"; DROP ROLE "${user}"`),
  );
  await quarantine(journey, kept.databaseId);
  await restoreAndSee(journey, kept);
});

test('one name, deleted and made again a hundred times in a row: each is another database, and one is left', async () => {
  const behind: Promise<unknown>[] = [];
  const databaseIds = new Set<string>();
  let last = '';
  for (let round = 1; round <= 100; round += 1) {
    const create = await journey.requestDatabase('again');
    last = create.database_id ?? '';
    databaseIds.add(last);
    const isMade = round % 10 === 0; // the others are deleted before anybody began to make them
    if (isMade) expect(await journey.runHere(create.id)).toMatchObject({ state: 'succeeded' });
    if (round === 100) break;
    const drop = await askRemove(journey, last, 'drop'); // and the next create does not wait for it
    behind.push(journey.runHere(drop.id).then(({ state }) => expect(state).toBe('succeeded')));
    if (behind.length > AT_ONCE) await behind.shift();
  }
  await Promise.all(behind);
  expect(databaseIds.size).toBe(100);
  const { rows } = await onServer(`SELECT datname FROM pg_database WHERE datname LIKE 'again%'`);
  const row = await journey.context.store.databases.find(last);
  expect(rows).toEqual([{ datname: row?.engine_name }]);
  const { rows: roles } = await onServer(`SELECT FROM pg_roles WHERE rolname LIKE 'again%'`);
  expect(roles).toHaveLength(2); // its group and its login
}, 120_000);

/** Drops under way beside the requests. */
const AT_ONCE = 12;
