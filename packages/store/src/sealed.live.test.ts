// Sealed texts by key: which keys are in use, and a text replaced only by who has read it, without waiting for anybody.
import { SEALED_PLACES, type SealedRow } from './sealed';
import { openStreet, type Street } from './street.fixture';

let street: Street;
beforeAll(async () => {
  street = await openStreet();
  await street.sql(`UPDATE servers SET admin_sealed = 'v1.k1.a.a'`);
});
afterAll(() => street?.close());

const SECRET = 'credentials.secret_sealed';

/** A login whose secret is sealed so. */
async function login(sealed: string): Promise<SealedRow> {
  const { id } = await street.credential();
  await street.sql('UPDATE credentials SET secret_sealed = $2 WHERE id = $1', [id, sealed]);
  return { id: [id], sealed };
}

const sealedOf = async ({ id }: SealedRow) =>
  (await street.sql('SELECT secret_sealed FROM credentials WHERE id = $1', id))[0]?.secret_sealed;

test('the places are the sealed columns of the schema', async () => {
  const rows = await street.sql(`SELECT table_name || '.' || column_name AS place FROM information_schema.columns
    WHERE table_schema = 'public' AND column_name LIKE '%\\_sealed' ORDER BY 1`);
  expect(rows.map((row) => row.place)).toEqual([...SEALED_PLACES].sort());
});

test('each key in use is told with its place, the dead rows left out', async () => {
  const gone = await login('v1.gone.a.a');
  await street.sql(
    `UPDATE credentials SET state = 'deleted', deleted_at = now(), delete_accepted_at = now(),
    secret_sealed = NULL WHERE id = $1`,
    gone.id,
  );
  for (const sealed of ['v1.k1.a.a', 'v1.k1.b.b', 'v1.k2.a.a', 'no envelope']) await login(sealed);
  const pending = await login('v1.k2.b.b');
  await street.sql(`UPDATE credentials SET pending_secret_sealed = 'v1.k3.a.a' WHERE id = $1`, pending.id);
  await street.sql(
    `INSERT INTO accesses (id, team_id, kind, name, person, scopes, secret_sealed, revoked_at)
    VALUES ('acc_1', $1, 'cosmos_key', 'a', 'p', '{}', 'v1.revoked.a.a', now()), ('acc_2', $1, 'jwt_signer', 'b', 'p', '{}', 'v1.k4.a.a', NULL)`,
    [street.teamId],
  );
  await street.sql(
    `INSERT INTO idempotency_keys (access_id, key, fingerprint, answer_sealed) VALUES ('acc_2', 'a', 'f', 'v1.k5.a.a')`,
  );
  const told = (await street.store.sealed.listKeys()).map(({ place, keyId }) => `${place} ${keyId}`);
  expect(told.sort()).toEqual([
    'accesses.secret_sealed k4',
    'credentials.pending_secret_sealed k3',
    'credentials.secret_sealed ',
    'credentials.secret_sealed k1',
    'credentials.secret_sealed k2',
    'idempotency_keys.answer_sealed k5',
    'servers.admin_sealed k1',
  ]);
});

test('rows are listed by key in batches that go on where the last one ended', async () => {
  const made = await Promise.all(Array.from({ length: 5 }, (_, index) => login(`v1.listed.${index}.a`)));
  const { sealed } = street.store;
  const first = await sealed.list(SECRET, 'listed', null, 3);
  const rest = await sealed.list(SECRET, 'listed', first.at(-1)?.id ?? null, 3);
  expect([first.length, rest.length]).toEqual([3, 2]);
  const byId = (one: SealedRow, other: SealedRow) => String(one.id).localeCompare(String(other.id));
  expect([...first, ...rest].sort(byId)).toEqual([...made].sort(byId));
  const answers = 'idempotency_keys.answer_sealed';
  expect(await sealed.list(answers, 'k5', null, 3)).toEqual([{ id: ['acc_2', 'a'], sealed: 'v1.k5.a.a' }]);
  expect(await sealed.list(answers, 'k5', ['acc_2', 'a'], 3)).toEqual([]);
});

test('a text is replaced only while it is what was read', async () => {
  const [one, other] = [await login('v1.k1.one.a'), await login('v1.k1.other.a')];
  await street.sql(`UPDATE credentials SET secret_sealed = 'v1.k1.reset.a' WHERE id = $1`, other.id);
  const anew = (row: SealedRow) => ({ ...row, anew: 'v1.k9.anew.a' });
  expect(await street.store.sealed.replace(SECRET, [anew(one), anew(other)])).toBe(1);
  expect([await sealedOf(one), await sealedOf(other)]).toEqual(['v1.k9.anew.a', 'v1.k1.reset.a']);
  expect(await street.store.sealed.replace(SECRET, [anew(one)])).toBe(0);
  const answer = { id: ['acc_2', 'a'], sealed: 'v1.k5.a.a', anew: 'v1.k9.a.a' };
  expect(await street.store.sealed.replace('idempotency_keys.answer_sealed', [answer])).toBe(1);
});

test('a row that somebody holds is passed over, and the others are not kept waiting', async () => {
  const [held, free] = [await login('v1.k1.held.a'), await login('v1.k1.free.a')];
  const rows = [held, free].map((row) => ({ ...row, anew: 'v1.k9.anew.a' }));
  const { store } = street;
  const heldMeanwhile = await store.transaction(async (tx) => {
    await tx.credentials.dropPendingSecret(held.id[0] ?? ''); // its row is locked until commit
    return store.sealed.replace(SECRET, rows);
  });
  expect(heldMeanwhile).toBe(1);
  expect([await sealedOf(held), await sealedOf(free)]).toEqual(['v1.k1.held.a', 'v1.k9.anew.a']);
});
