// Pages are complete and without doubles while rows come in, and only a cursor that a page gave is a cursor.
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const list = (cursor: string | null, limit: number) =>
  street.store.databases.list({ teamId: street.teamId }, { cursor, limit });

test('pages hold what was there at the start, newest first, each once, while others come in between', async () => {
  const made: string[] = [];
  for (let index = 0; index < 25; index += 1) made.unshift((await street.database()).id);
  const seen: string[] = [];
  const sizes: number[] = [];
  let cursor: string | null = null;
  do {
    const asked = list(cursor, 4);
    const [page] = await Promise.all([asked, street.database(), street.database()]);
    seen.push(...page.data.map((database) => database.id));
    sizes.push(page.data.length);
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(new Set(seen).size).toBe(seen.length);
  expect(seen.filter((id) => made.includes(id))).toEqual(made);
  expect(sizes.slice(0, -1).every((size) => size === 4)).toBe(true);
});

test('a row that is deleted between two pages takes no other with it', async () => {
  const [oldest, middle, newest] = [await street.database(), await street.database(), await street.database()];
  const first = await list(null, 1);
  expect(first.data[0]?.id).toBe(newest.id);
  await street.store.databases.becomeDeleted(newest.id);
  await street.store.databases.becomeDeleted(middle.id);
  expect((await list(first.nextCursor, 1)).data[0]?.id).toBe(oldest.id);
});

test('the last page has no cursor, also when it is full, and nothing has one page', async () => {
  const other = await street.store.catalog.ensureTeam('other');
  const project = await street.store.catalog.ensureProject(other.id, 'project');
  const listOther = (limit: number) => street.store.databases.list({ teamId: other.id }, { cursor: null, limit });
  expect(await listOther(2)).toEqual({ data: [], nextCursor: null });
  for (let index = 0; index < 2; index += 1) await street.database({ teamId: other.id, projectId: project.id });
  expect(await listOther(2)).toMatchObject({ nextCursor: null });
  expect((await listOther(1)).nextCursor).not.toBeNull();
});

const encoded = (text: string) => Buffer.from(text).toString('base64url');

test.each([
  ['nothing', ''],
  ['a number', '5'],
  ['another word', encoded('m5')],
  ['no number', encoded('n')],
  ['zero', encoded('n0')],
  ['a number with a zero before it', encoded('n05')],
  ['a negative number', encoded('n-5')],
  ['a fraction', encoded('n5.5')],
  ['a power', encoded('n1e3')],
  ['a number past the column', encoded('n2147483648')],
  ['a number of twenty digits', encoded(`n${'9'.repeat(20)}`)],
  ['text behind the number', encoded('n5 ')],
  ['a line feed behind', encoded('n5\n')],
  ['SQL', encoded("n5' OR '1'='1")],
  ['padding', `${encoded('n55')}=`],
  ['plain base64 of the same', Buffer.from('n5').toString('base64')],
  ['other last bits that decode alike', encoded('n5').replace(/.$/, 'V')],
  ['a space in it', `${encoded('n5').slice(0, 2)} ${encoded('n5').slice(2)}`],
  ['something long', 'A'.repeat(100_000)],
])('a cursor made by hand is refused: %s', async (_, cursor) => {
  await expect(list(cursor, 10)).rejects.toMatchObject({ code: 'invalid_cursor' });
});
