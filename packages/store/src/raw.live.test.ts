// Raw statements by pg: the same rows as by Prisma, in the transaction that they belong to and in no other.
import { openTestStore, type TestStore } from '@berth/testing';
import { PrismaPg } from '@prisma/adapter-pg';
import { Prisma, PrismaClient } from './generated/client';
import { type Raw, rawOver, TransactionOver, TransactionPool, withRaw } from './raw';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const VALUES = Prisma.sql`
  SELECT 9007199254740993::int8 AS "large", 7 AS "whole", 1.5::float8 AS "part", true AS "flag", ${'text'} AS "text",
    ${['a', 'b,"c"']}::text[] AS "list", NULL::text AS "nothing", '{"a": [1, null]}'::jsonb AS "json",
    ${new Date(86_400_001)}::timestamptz(3) AS "time", ${12n}::int8 + 1 AS "sum"`;

test('a row is what Prisma makes of it', async () => {
  const testStore = await openTestStore();
  const pool = new TransactionPool({ connectionString: testStore.url, max: 1 });
  const client = new PrismaClient({ adapter: new PrismaPg(pool) });
  const raw = rawOver(() => pool, { nameOf: () => '', onDone: () => {} });
  const [ours, theirs] = [await raw.$queryRaw<object[]>(VALUES), await client.$queryRaw<object[]>(VALUES)];
  expect(ours[0]).toEqual(theirs[0]);
  expect(Object.keys(ours[0] ?? {})).toHaveLength(10);
  const statement = Prisma.sql`SELECT generate_series(1, 3)`;
  expect(await raw.$executeRaw(statement)).toBe(await client.$executeRaw(statement));
  await client.$disconnect();
  await pool.end();
  await testStore.close();
});

test('raw statements and models see what their transaction wrote, and others do not', async () => {
  const { store } = street;
  const undone = store.transaction(async (tx) => {
    const { id } = await tx.catalog.ensureTeam('inside'); // a raw insert, read again by the model
    await tx.teams.update(id, { database_quota: 3 });
    expect(await tx.teams.lockQuota(id)).toBe(3);
    expect(await store.teams.lockQuota(id)).toBeNull();
    expect(await store.catalog.findTeam(id)).toBeNull();
    await store.transaction(async (other) => expect(await other.teams.lockQuota(id)).toBeNull());
    expect(await tx.teams.lockQuota(id)).toBe(3);
    throw new Error('not to be kept');
  });
  await expect(undone).rejects.toThrow('not to be kept');
  expect(await store.catalog.findTeam('inside')).toBeNull();
});

test('a statement that comes after its transaction is refused', async () => {
  const { store } = street;
  const late = await store.transaction(async (tx) => tx.catalog);
  await expect(late.ensureTeam('late')).rejects.toThrow('a transaction that is over');
  expect(await store.catalog.findTeam('late')).toBeNull();
});

describe('what Prisma ends of its own accord', () => {
  let testStore: TestStore;
  let pool: TransactionPool;
  let client: PrismaClient;
  const options = { nameOf: () => '', onDone: () => {} };
  const said = async () => (await pool.query('SELECT number FROM said ORDER BY 1')).rows.map((row) => row.number);

  beforeAll(async () => {
    testStore = await openTestStore();
    pool = new TransactionPool({ connectionString: testStore.url, max: 2 });
    client = new PrismaClient({ adapter: new PrismaPg(pool) });
    await pool.query('CREATE TABLE said (number int)');
  });
  afterAll(async () => {
    await client?.$disconnect();
    await pool?.end();
    await testStore?.close();
  });

  it('keeps nothing of a transaction that took too long, also not what it says next', async () => {
    const work = async (raw: Raw) => {
      await raw.$executeRaw`INSERT INTO said VALUES (1)`;
      await raw.$queryRaw`SELECT pg_sleep(0.6)::text`; // longer than the transaction may take
      await raw.$executeRaw`INSERT INTO said VALUES (2)`;
    };
    const late = withRaw(options, (raw) => client.$transaction(() => work(raw), { timeout: 200 }));
    await expect(late).rejects.toThrow();
    expect(await said()).toEqual([]);
  });

  it('keeps nothing of what outlives a work that threw', async () => {
    let outliving: Promise<unknown> | null = null;
    const threw = withRaw(options, (raw) =>
      client.$transaction(async () => {
        outliving = raw.$queryRaw`SELECT pg_sleep(0.2)::text`.then(() => raw.$executeRaw`INSERT INTO said VALUES (3)`);
        outliving.catch(() => {});
        throw new Error('it broke');
      }),
    );
    await expect(threw).rejects.toThrow('it broke');
    await expect(outliving).rejects.toThrow(TransactionOver);
    expect(await said()).toEqual([]);
  });

  it('leaves no promise of the process with something to carry on', async () => {
    const carried = () => Object.getOwnPropertySymbols(Promise.resolve()).filter(isStoreOfNode).length;
    const before = carried();
    let waiting = 0;
    const work = () =>
      withRaw(options, () => {
        waiting = carried();
        return client.$transaction(async () => carried());
      });
    const during = await Promise.all([work(), work(), work()]); // of two connections
    expect(waiting).toBe(before + 1);
    expect([Math.min(...during), carried()]).toEqual([before, before]); // the last that was given one, and after all
  });

  it('gives its connections back as they were', async () => {
    const sums = Array.from({ length: 6 }, (_, number) =>
      withRaw(options, (raw) => client.$transaction(() => raw.$executeRaw`INSERT INTO said VALUES (${10 + number})`)),
    );
    await Promise.all(sums);
    expect(await said()).toEqual([10, 11, 12, 13, 14, 15]);
    await expect(pool.query('ROLLBACK')).resolves.toBeDefined();
  });
});

/** What Node 20 puts on each promise for every AsyncLocalStorage in use. */
function isStoreOfNode({ description }: symbol): boolean {
  return description === 'kResourceStore';
}
