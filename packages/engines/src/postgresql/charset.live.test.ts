// Collations of ICU: asked for by the names that PostgreSQL gives them, shown by the same, and sorted by.
import { idTail, newId } from '@berth/core';
import { openGround, refusalOf } from '../conformance/ground';
import { postgresql } from '.';
import { liveServer } from './live-server';

const live = liveServer(process.env.BERTH_TEST_POSTGRESQL_URL ?? '');
const ground = openGround(postgresql, async () => live);

const sorted = async (database: string) => {
  const sql =
    "SELECT string_agg(word, ' ' ORDER BY word) AS words FROM (VALUES ('Zug'), ('äpfel'), ('abc'), ('Zaun')) v(word)";
  return (await live.asSuperuser(sql, database))[0]?.words;
};

test('a database sorts by the rules of the language that was asked for, and says so', async () => {
  const german = ground.newDatabase();
  const facts = await ground.session().ensureDatabase({ ...german, collation: 'de-x-icu' });
  expect(facts).toMatchObject({ charset: 'UTF8', collation: 'de-x-icu' });
  const seen = await ground.session().observeDatabases();
  expect(seen.find(({ name }) => name === german.name)).toMatchObject({ charset: 'UTF8', collation: 'de-x-icu' });
  expect(await sorted(german.name)).toBe('abc äpfel Zaun Zug');
  const plain = ground.newDatabase();
  expect(await ground.session().ensureDatabase({ ...plain, collation: 'C' })).toMatchObject({ collation: 'C' });
  expect(await sorted(plain.name)).toBe('Zaun Zug abc äpfel');
});

test('a character set without a collation is refused where the one of the server does not fit it, and says which would', async () => {
  const id = newId('database');
  const database = { id, name: `shop_${idTail(id)}`, connectionsMax: 5, charset: 'LATIN1' };
  const refusal: unknown = await ground
    .session()
    .ensureDatabase(database)
    .catch((error: unknown) => error);
  expect(refusal).toMatchObject({
    code: 'charset_refused',
    message: expect.stringMatching(/LATIN1 does not fit .* such as C/),
  });
  expect(await live.tracesOf(database.name)).toEqual([]);
});

test('what is refused for another reason is not called a character set', async () => {
  const database = { ...ground.newDatabase(), charset: 'LATIN1', collation: 'C' };
  await live.asSuperuser(`CREATE ROLE "${database.name}_${idTail(database.id)}_owner"`);
  expect(await refusalOf(ground.session().ensureDatabase(database))).toBe('taken_on_server');
  await live.asSuperuser(`DROP ROLE "${database.name}_${idTail(database.id)}_owner"`);
});
