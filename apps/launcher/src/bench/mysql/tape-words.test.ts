// What in a create on MySQL or MariaDB is made of chance is renamed and told alike, however it is spelled.
import { anonymous, type Move, renameTape } from '../tape';
import { mysqlWords } from './tape-words';

const ask = (sql: string): Move => ({ kind: 'query', session: 0, sql, values: null, after: [] });

const HEX_24 = '0123456789abcdef01234567';
const ID = `cred_${'01j'.padEnd(26, '0')}`;

test('a create of another name has other patterns in its grants, other locks, other check tables and other ids', () => {
  const renamed = renameTape(
    [
      ask("GRANT SELECT ON `my\\_shop`.* TO 'my_shop'@'%'"),
      ask("SELECT 'my_shop' LIKE Db, 'my\\\\_shop'"),
      ask(`SELECT GET_LOCK('berth ${HEX_24}${HEX_24}', 0)`),
      ask(`CREATE TABLE berth_check_${HEX_24} (written VARCHAR(64))`),
      ask(`REPLACE INTO berth.things VALUES ('login', 'my_shop', '${ID}', 'open')`),
    ],
    'my_shop',
    'bench_99',
    mysqlWords,
  );
  expect(renamed.map((move) => (move.kind === 'query' ? move.sql : ''))).toEqual([
    "GRANT SELECT ON `bench\\_99`.* TO 'bench_99'@'%'",
    "SELECT 'bench_99' LIKE Db, 'bench\\\\_99'",
    `SELECT GET_LOCK('berth ${HEX_24}${HEX_24.slice(0, -2)}99', 0)`,
    `CREATE TABLE berth_check_${HEX_24.slice(0, -2)}99 (written VARCHAR(64))`,
    `REPLACE INTO berth.things VALUES ('login', 'bench_99', '${ID.slice(0, -2)}99', 'open')`,
  ]);
});

test('names, ids, locks and verifiers of two creates are told alike, and nothing else is', () => {
  const told = (text: string, name: string) => anonymous(text, name, mysqlWords);
  const statement = (name: string, hex: string, privilege: string) =>
    `GRANT ${privilege} ON \`${name.replaceAll('_', '\\_')}\`.*; '*${hex.repeat(20)}' 'berth ${hex.toLowerCase().repeat(24)}'`;
  const one = told(statement('my_shop', 'A1', 'SELECT'), 'my_shop');
  expect(one).toBe(told(statement('bench_1', 'B2', 'SELECT'), 'bench_1'));
  expect(one).not.toBe(told(statement('bench_1', 'B2', 'INSERT'), 'bench_1'));
  expect(one).not.toBe(told(statement('other_1', 'B2', 'SELECT'), 'bench_1'));
});
