// Two creates are compared connection by connection: what a benchmark compares must be alike, whichever connection came first.
import { postgresqlWords } from './postgresql/tape-words';
import { differenceOf, type Move, scriptsOf, type Tape } from './tape';

const open = (session: number, database: string): Move => ({
  kind: 'open',
  session,
  startup: { user: 'admin', database },
  refusal: null,
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

const scripts = (tape: Tape) => scriptsOf(tape, 'shop', postgresqlWords);
const differs = (found: Tape) => differenceOf(scripts(wanted), scripts(found));

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
    wanted.map((move, index) => (index === 2 && move.kind === 'open' ? { ...move, refusal: '42501' } : move)),
    {
      wanted: 'opens {"user":"admin","database":"NAME"}',
      found: 'opens {"user":"admin","database":"NAME"}: refused with 42501',
    },
  ],
])('%s is told', (_, found, difference) => {
  expect(differs(found)).toEqual(difference);
});
