// Sessions that logins opened are forgotten when they are over; nothing that opens something, or that operators made, ever is.
import { randomUUID } from 'node:crypto';
import { BATCH } from './batch';
import { openStreet, type Street } from './street.fixture';

const DAY_MS = 24 * 60 * 60 * 1000;

let street: Street;
let login: string;

beforeAll(async () => {
  street = await openStreet();
  login = await insert({ kind: 'basic', login: 'a login' });
});
afterEach(() => street.sql(`DELETE FROM accesses WHERE kind = 'session'`));
afterAll(() => street?.close());

const ago = (days: number) => new Date(Date.now() - days * DAY_MS);

async function insert(row: Record<string, unknown>): Promise<string> {
  const id = `acc_${randomUUID()}`;
  const all = {
    id,
    team_id: street.teamId,
    kind: 'session',
    name: 'a',
    person: 'p',
    secret_hash: id,
    scopes: [],
    ...row,
  };
  const columns = Object.keys(all);
  await street.sql(
    `INSERT INTO accesses (${columns.join(', ')}) VALUES (${columns.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(all),
  );
  return id;
}

const opened = (row: Record<string, unknown> = {}) => insert({ parent_id: login, created_at: ago(90), ...row });

/** What a bite takes away that ended more than a day ago. */
async function goneOf(...ids: string[]): Promise<string[]> {
  await street.store.transaction((tx) => tx.oldSessions.remove(ago(1), 0));
  const there = await street.sql('SELECT id FROM accesses WHERE id = ANY($1)', [ids]);
  return ids.filter((id) => !there.some((row) => row.id === id));
}

test('what was revoked, is over, or was not used for a month and a day goes', async () => {
  const over = [
    await opened({ revoked_at: ago(2), last_used_at: ago(2) }),
    await opened({ expires_at: ago(2), last_used_at: ago(2) }),
    await opened({ last_used_at: ago(32) }),
    await opened({ created_at: ago(32) }),
  ];
  expect(await goneOf(...over)).toEqual(over);
});

test('what lives, or ended less than a day ago, stays', async () => {
  expect(
    await goneOf(
      await opened({ last_used_at: ago(0) }),
      await opened({ last_used_at: ago(30.9) }),
      await opened({ created_at: ago(29) }),
      await opened({ last_used_at: ago(0), revoked_at: ago(0.9) }),
      await opened({ last_used_at: ago(0), expires_at: ago(0.9) }),
      await opened({ last_used_at: ago(0), expires_at: ago(-1) }),
    ),
  ).toEqual([]);
});

test('what operators made stays, revoked and never used as it may be, and so does every login', async () => {
  const made = await insert({ created_at: ago(900), revoked_at: ago(800) });
  const other = await insert({ kind: 'basic', login: 'another', created_at: ago(900), revoked_at: ago(800) });
  expect(await goneOf(made, other, login)).toEqual([]);
});

test('one that an action names stays with it, and keeps no other', async () => {
  const [named, other] = [await opened({ revoked_at: ago(2) }), await opened({ revoked_at: ago(2) })];
  const { id: actionId } = await street.action((await street.database()).id);
  await street.sql('UPDATE actions SET requested_by = $2 WHERE id = $1', [actionId, named]);
  expect(await goneOf(named, other)).toEqual([other]);
  await street.sql('UPDATE actions SET requested_by = NULL WHERE id = $1', [actionId]);
});

test('they go a bite at a time, and the bite after goes on behind it', async () => {
  await street.sql(
    `INSERT INTO accesses (id, team_id, kind, name, person, secret_hash, scopes, parent_id, created_at, revoked_at)
     SELECT 'acc_' || n, $1, 'session', 'a', 'p', 'many ' || n, '{}', $2, now() - interval '9 days', now() - interval '8 days'
     FROM generate_series(1, ${BATCH + 1}) n`,
    [street.teamId, login],
  );
  const remove = (after: number) => street.store.transaction((tx) => tx.oldSessions.remove(ago(1), after));
  const first = await remove(0);
  expect([first.removed, first.next]).toEqual([BATCH, expect.any(Number)]);
  expect(await remove(first.next ?? 0)).toEqual({ removed: 1, next: null });
});
