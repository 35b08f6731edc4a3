// Two creates are compared connection by connection: what a benchmark compares must be alike, whichever connection came first.
import { differenceOf, type Move, scriptsOf, type Tape, watchersIn } from './tape';

const open = (session: number, database: string): Move => ({
  kind: 'open',
  session,
  startup: { user: 'admin', database },
  isRefused: false,
  after: [],
});
const ask = (session: number, sql: string): Move => ({ kind: 'query', session, sql, values: null, after: [] });
const close = (session: number): Move => ({ kind: 'close', session, after: [] });

const wanted: Tape = [
  open(0, 'postgres'),
  ask(0, 'CREATE DATABASE shop'),
  open(1, 'shop'),
  ask(0, 'COMMENT ON DATABASE shop'),
  ask(1, 'CREATE SCHEMA one'),
  ask(1, 'CREATE SCHEMA two'),
  close(1),
  close(0),
];

const differs = (found: Tape) => differenceOf(scriptsOf(wanted, 'shop'), scriptsOf(found, 'shop'));

test('whichever of two connections comes first, or is counted first, the creates are alike', () => {
  const [first, make, other, comment, one, two, bye, goodbye] = wanted;
  const moved = [first, make, comment, other, one, two, goodbye, bye].filter((move) => move !== undefined);
  expect(differs(moved)).toBeNull();
  expect(differs(wanted.map((move) => ({ ...move, session: 1 - move.session })))).toBeNull();
});

test.each<[string, Tape, { wanted: string; found: string }]>([
  [
    'another order on one connection',
    wanted.map((move, index) => wanted[{ 4: 5, 5: 4 }[index] ?? index] ?? move),
    { wanted: 'CREATE SCHEMA one null', found: 'CREATE SCHEMA two null' },
  ],
  [
    'a statement on the other connection',
    wanted.map((move, index) => (index === 3 ? { ...move, session: 1 } : move)),
    { wanted: 'CREATE SCHEMA one null', found: 'COMMENT ON DATABASE NAME null' },
  ],
  [
    'a statement that is left out',
    wanted.filter((_, index) => index !== 5),
    { wanted: 'CREATE SCHEMA two null', found: 'closes' },
  ],
  [
    'a connection more',
    [...wanted, open(2, 'template1'), close(2)],
    { wanted: '(no such connection)', found: 'opens {"user":"admin","database":"template1"}' },
  ],
  [
    'a connection that is refused',
    wanted.map((move, index) => (index === 2 && move.kind === 'open' ? { ...move, isRefused: true } : move)),
    {
      wanted: 'opens {"user":"admin","database":"NAME"}',
      found: 'opens {"user":"admin","database":"NAME"}: refused',
    },
  ],
])('%s is told', (_, found, difference) => {
  expect(differs(found)).toEqual(difference);
});

test('who asks what is in the way of a slow statement is no part of a create; every other connection is', () => {
  const application = `berth ${'0a'.repeat(16)}`;
  const beside = (session: number, startup: Record<string, string> = {}): Move => ({
    kind: 'open',
    session,
    startup: { user: 'admin', database: 'postgres', application_name: application, ...startup },
    isRefused: false,
    after: [],
  });
  const look = 'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids($1))';
  const tape: Tape = [
    ...wanted,
    ...[beside(2), ask(2, look), ask(2, 'SELECT gid FROM pg_prepared_xacts'), close(2)],
    ...[beside(3), close(3)], // its statement was done by then
    ...[beside(4), ask(4, 'DROP DATABASE shop'), close(4)],
    ...[beside(5, { database: 'shop' }), ask(5, look), close(5)],
    ...[beside(6, { application_name: 'berth check' }), close(6)],
  ];
  expect([...watchersIn(tape)]).toEqual([2, 3]);
});
