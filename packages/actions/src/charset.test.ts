// What is refused before any server hears of it, by the names of the fields.
import { readCharset } from './charset';

const refusal = (code: string, ...fields: string[]) =>
  expect.objectContaining({ code, fields: fields.map((field) => ({ field, message: expect.any(String) })) });

test('what is asked for is spelt as the engine does, and nothing is nothing', () => {
  expect(readCharset('postgresql', { charset: 'utf-8', collation: 'C' })).toEqual({ charset: 'UTF8', collation: 'C' });
  expect(readCharset('mysql', { charset: 'LATIN1' })).toEqual({ charset: 'latin1', collation: null });
  expect(readCharset('mysql', { collation: 'utf8mb4_bin' })).toEqual({ charset: null, collation: 'utf8mb4_bin' });
  for (const engine of ['postgresql', 'mysql', 'mongodb'] as const)
    expect(readCharset(engine, {})).toEqual({ charset: null, collation: null });
});

test.each([
  ['postgresql', { charset: 'utf8mb4' }, refusal('unknown_reference', 'charset')],
  ['mysql', { charset: 'UTF8' }, refusal('unknown_reference', 'charset')],
  ['mysql', { collation: "utf8mb4_bin' --" }, refusal('unknown_reference', 'collation')],
  ['postgresql', { collation: 'no such thing' }, refusal('unknown_reference', 'collation')],
  ['mysql', { charset: 'latin1', collation: 'utf8mb4_bin' }, refusal('disagree', 'charset', 'collation')],
  ['mongodb', { charset: 'UTF-8' }, refusal('disagree', 'charset', 'engine')],
  ['mongodb', { charset: 'x', collation: 'y' }, refusal('disagree', 'charset', 'collation', 'engine')],
] as const)('%s refuses %j', (engine, asked, expected) => {
  expect(() => readCharset(engine, asked)).toThrow(expected);
});

test('a charset that is not there is told with those that are', () => {
  expect(() => readCharset('mysql', { charset: 'utf8' })).toThrow(/utf8mb4, utf8mb3/);
});

test('only a server knows its collations', () => {
  expect(readCharset('mysql', { charset: 'latin1', collation: 'latin1_klingon_ci' }).collation).toBe(
    'latin1_klingon_ci',
  );
  expect(readCharset('mysql', { charset: 'latin1', collation: 'uca1400_ai_ci' }).collation).toBe('uca1400_ai_ci');
});
