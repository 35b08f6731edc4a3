// What in a create on PostgreSQL is made of chance is renamed and told alike; what is no part of it is left out.
import { anonymous, type Move, renameTape, type Tape } from '../tape';
import { postgresqlWords, watchersIn } from './tape-words';

const ask = (session: number, sql: string, values: (string | null)[] | null = null): Move => ({
  kind: 'query',
  session,
  sql,
  values,
  after: [],
});
const close = (session: number): Move => ({ kind: 'close', session, after: [] });

test('a create of another name has other roles, other locks and other names of sessions', () => {
  const tape: Tape = [
    ask(0, 'SELECT pg_try_advisory_lock($1)', ['-1234567890123456789', null]),
    ask(0, 'GRANT "shop_x7k2p_owner" TO "shop"'),
  ];
  const [lock, grant] = renameTape(tape, 'shop', 'bench_12', postgresqlWords);
  expect(lock).toMatchObject({ values: ['-1234567890123456712', null] });
  expect(grant).toMatchObject({ sql: 'GRANT "bench_12_x7k2p_owner" TO "bench_12"' });
});

test('names, ids, hashes and verifiers of two creates are told alike, and nothing else is', () => {
  const told = (text: string, name: string) => anonymous(text, name, postgresqlWords);
  const one = `GRANT shop_abcde_owner TO shop; '${'0a'.repeat(16)}' PASSWORD 'SCRAM-SHA-256$4096:x'`;
  const other = `GRANT bench_1_fghij_owner TO bench_1; '${'b1'.repeat(16)}' PASSWORD 'SCRAM-SHA-256$4096:y'`;
  expect(told(one, 'shop')).toBe(told(other, 'bench_1'));
  expect(told(one, 'shop')).not.toBe(told(other.replace('_owner', '_writer'), 'bench_1'));
  const values = (...oids: string[]) => told(JSON.stringify([oids[0], `{"${oids.slice(1).join('","')}"}`]), 'shop');
  expect(values('16387', '16385', '0')).toBe(values('1016432', '1016430', '0'));
  expect(values('16387', '16385', '0')).not.toBe(values('16387', '16385', '16386'));
});

test('who asks what is in the way of a slow statement is no part of a create; every other connection is', () => {
  const application = `berth ${'0a'.repeat(16)}`;
  const beside = (session: number, startup: Record<string, string> = {}): Move => ({
    kind: 'open',
    session,
    startup: { user: 'admin', database: 'postgres', application_name: application, ...startup },
    refusal: null,
    after: [],
  });
  const look = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1))';
  const tape: Tape = [
    ...[ask(0, 'CREATE DATABASE shop'), close(0)],
    ...[beside(2), ask(2, look), ask(2, 'SELECT gid FROM pg_prepared_xacts'), close(2)],
    ...[beside(3), close(3)], // its statement was done by then
    ...[beside(4), ask(4, 'DROP DATABASE shop'), close(4)],
    ...[beside(5, { database: 'shop' }), ask(5, look), close(5)],
    ...[beside(6, { application_name: 'berth check' }), close(6)],
  ];
  expect([...watchersIn(tape)]).toEqual([2, 3]);
});
