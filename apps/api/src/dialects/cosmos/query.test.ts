// The queries that are understood, and what each asks for.
import { codeOf } from '@berth/core';
import { parseQuery } from './query';

const parameters = [
  { name: '@id', value: 'x' },
  { name: '@number', value: 1 },
];

test.each([
  ['SELECT * FROM c', null],
  ['select * from root', null],
  ['  SELECT\n*\tFROM root r ; ', null],
  ['SELECT * FROM root AS r', null],
  ['SELECT VALUE r FROM root r', null],
  ['SELECT * FROM root r WHERE r.id = @id', 'x'],
  ['SELECT * FROM root r WHERE r["id"]=@id', 'x'],
  ["SELECT * FROM root r WHERE r[ 'id' ] = 'a b'", 'a b'],
  ['SELECT * FROM root WHERE root.id = "it\'s"', "it's"],
  ["SELECT VALUE c FROM c WHERE c.id = ''", ''],
  ['SELECT * FROM root r WHERE r.id = @number', ''],
])('%j asks for %j', (query, id) => {
  expect(parseQuery({ query, parameters })).toEqual({ id });
});

const refusalOf = (body: unknown) => {
  try {
    return parseQuery(body);
  } catch (error) {
    return codeOf(error);
  }
};

test.each([
  '',
  'SELECT',
  'SELECT * FROM',
  'SELECT r.id FROM root r',
  'SELECT VALUE c FROM root r',
  'SELECT VALUE COUNT(1) FROM root r',
  'SELECT * FROM root r WHERE root.id = @id',
  'SELECT * FROM root r WHERE r.name = @id',
  'SELECT * FROM root r WHERE r.id = @other',
  'SELECT * FROM root r WHERE r.id = 1',
  "SELECT * FROM root r WHERE r.id = 'a\\'b'",
  "SELECT * FROM root r WHERE r.id = 'a' OR 1 = 1",
  'SELECT * FROM root r WHERE r.id > @id',
  'SELECT * FROM root r ORDER BY r.id',
  'SELECT TOP 1 * FROM root r',
  'DROP TABLE databases',
  `SELECT * FROM root r${' '.repeat(2_000)}!`,
])('%j is refused', (query) => {
  expect(refusalOf({ query, parameters })).toBe('invalid_request');
});

test.each([undefined, null, [], {}, { query: 1 }, { query: ['SELECT * FROM r'] }])('so is the body %j', (body) => {
  expect(refusalOf(body)).toBe('invalid_request');
});

test('and parameters that are none: they are not given', () => {
  for (const given of [undefined, null, 'x', [null], [1], [{ value: 'x' }]]) {
    expect(refusalOf({ query: 'SELECT * FROM r WHERE r.id = @id', parameters: given })).toBe('invalid_request');
  }
});
