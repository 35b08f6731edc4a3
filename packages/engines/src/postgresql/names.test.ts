// Names made from ids: always the same, always within the limit.
import { newId } from '@berth/core';
import { applicationNameOf, groupNameOf, lockNumberOf } from './names';

test('the group role of the longest name fits, and no character is cut in two', () => {
  const name = groupNameOf({ id: 'db_00000000000000000000000abc', name: `a${'é'.repeat(31)}` });
  expect(name).toBe(`a${'é'.repeat(23)}_00abc_owner`);
  expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
});

test('two databases of one name on one server have two group roles', () => {
  const names = ['db_1aaaaa', 'db_1aaaab'].map((id) => groupNameOf({ id, name: 'shop' }));
  expect(new Set(names).size).toBe(2);
});

test('a lock is the same number for the same key, and another for another', () => {
  const id = newId('database');
  expect(lockNumberOf(id)).toBe(lockNumberOf(id));
  expect(lockNumberOf(id)).not.toBe(lockNumberOf(newId('database')));
  expect(BigInt.asIntN(64, BigInt(lockNumberOf(id))).toString()).toBe(lockNumberOf(id));
});

test('a session is named after its lock within the 63 bytes the server keeps', () => {
  expect(Buffer.byteLength(applicationNameOf('k'.repeat(500)))).toBeLessThanOrEqual(63);
  expect(applicationNameOf('a')).not.toBe(applicationNameOf('b'));
});
