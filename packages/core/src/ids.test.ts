// Ids say what they name, sort by time, and are UUIDs in another spelling.
import { fromString, fromUUIDBytes, toUUID } from 'typeid-js';
import { ID_PREFIXES, type IdNoun, idOfUuid, idTail, isId, newId, uuidOf } from './ids';

const NOUNS = Object.keys(ID_PREFIXES).filter((noun): noun is IdNoun => noun in ID_PREFIXES);

test('every noun has a prefix of its own, in lower case letters', () => {
  const prefixes = Object.values(ID_PREFIXES);
  expect(new Set(prefixes).size).toBe(prefixes.length);
  for (const prefix of prefixes) expect(prefix).toMatch(/^[a-z]+$/);
});

test.each(NOUNS)('an id of %s bears its prefix, and is an id of no other noun', (noun) => {
  const id = newId(noun);
  expect(id).toMatch(new RegExp(`^${ID_PREFIXES[noun]}_[0-9a-hjkmnp-tv-z]{26}$`));
  expect(NOUNS.filter((other) => isId(other, id))).toEqual([noun]);
});

test('ten thousand ids made in a row differ, and each is later than the one before', () => {
  const ids = Array.from({ length: 10_000 }, () => newId('action'));
  expect(new Set(ids).size).toBe(ids.length);
  expect([...ids].sort()).toEqual(ids);
});

test('ids are what BullMQ takes as a job id: never digits only, never with a colon', () => {
  for (const noun of NOUNS) expect(newId(noun)).not.toMatch(/^\d+$|:/);
});

test('the UUID inside an id is a version 7 of now, and leads back to the id', () => {
  const before = Date.now();
  const id = newId('database');
  const uuid = toUUID(fromString(id));
  expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuidOf(id)).toBe(uuid);
  expect([idOfUuid('database', uuid), idOfUuid('database', uuid.toUpperCase())]).toEqual([id, id]);
  for (const any of ['f', '0', '9'].map((digit) => uuid.replaceAll(/[^-]/g, digit)))
    expect(uuidOf(idOfUuid('action', any) ?? '')).toBe(any);
  for (const none of ['', id, `${uuid}0`, uuid.replaceAll('-', '')]) expect(idOfUuid('database', none)).toBeNull();
  expect(fromUUIDBytes('db', Buffer.from(uuid.replaceAll('-', ''), 'hex')).toString()).toBe(id);
  const madeAt = Number.parseInt(uuid.replaceAll('-', '').slice(0, 12), 16);
  expect(madeAt).toBeGreaterThanOrEqual(before);
  expect(madeAt).toBeLessThanOrEqual(Date.now());
});

const good = newId('database');

test.each([
  ['nothing', ''],
  ['a prefix alone', 'db'],
  ['a prefix and no more', 'db_'],
  ['another noun', good.replace('db_', 'srv_')],
  ['no prefix', good.slice(3)],
  ['upper case', good.toUpperCase()],
  ['one character too few', good.slice(0, -1)],
  ['one character too many', `${good}0`],
  ['a letter that base32 leaves out', `${good.slice(0, -1)}u`],
  ['more than 128 bits', `db_8${'0'.repeat(25)}`],
  ['a line feed behind', `${good}\n`],
  ['a space before', ` ${good}`],
  ['two prefixes', `db_${good}`],
  ['a UUID', toUUID(fromString(good))],
  ['digits', '42'],
  ['a path', `../${good}`],
  ['NUL', `${good.slice(0, -1)}\0`],
])('isId refuses %s', (_, text) => {
  expect(isId('database', text)).toBe(false);
});

test('the tail of an id is five characters that any engine takes in a name', () => {
  const tails = Array.from({ length: 1_000 }, () => idTail(newId('database')));
  for (const tail of tails) expect(tail).toMatch(/^[0-9a-z]{5}$/);
  expect(new Set(tails).size).toBeGreaterThan(990); // 25 random bits: a pair among a thousand has a chance of 1.5 %
});
