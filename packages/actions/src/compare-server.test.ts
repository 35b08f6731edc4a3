// What counts as a difference, and what does not: the cases that a server shows seldom.
import type { SeenAccess } from '@berth/engines/contract';
import type { KnownServer } from '@berth/store';
import { compareServer } from './compare-server';

const DATABASE = { id: 'db_1', name: 'shop', engine_name: 'shop', state: 'available', isBusy: false };
const LOGIN = { id: 'cred_1', engine_username: 'shop', state: 'active', isBusy: false };
const GRANT = { credential_id: 'cred_1', database_id: 'db_1', role: 'owner' };
const DOOR = { name: 'shop', id: 'db_1', isOpen: true, isShut: false, isPublic: false };
const SEEN_LOGIN = { name: 'shop', id: 'cred_1', isLocked: false, powers: [] };
const SEEN_GRANT: SeenAccess['grants'][number] = { login: 'shop', database: 'shop', roles: ['owner'], beyond: [] };
const NOTHING = { lost: [], unknown: [], altered: [] };

const known = (change: Partial<KnownServer> = {}): KnownServer => {
  return { databases: [DATABASE], credentials: [LOGIN], grants: [GRANT], ...change };
};
const seen = (change: Partial<SeenAccess> = {}): SeenAccess => {
  return { databases: [DOOR], logins: [SEEN_LOGIN], grants: [SEEN_GRANT], ...change };
};

test('nothing, where all is as it should be', () => {
  expect(compareServer(known(), seen())).toEqual(NOTHING);
});

test.each([
  ['open to everybody', { databases: [{ ...DOOR, isPublic: true }] }, 'open to its own logins', 'open to everybody'],
  ['shut', { databases: [{ ...DOOR, isShut: true, isOpen: false }] }, 'open', 'shut'],
  [
    'a login with more rights',
    { logins: [{ ...SEEN_LOGIN, powers: ['SUPERUSER'] }] },
    'no rights but its grants',
    'SUPERUSER',
  ],
  [
    'a login of another name',
    { logins: [{ ...SEEN_LOGIN, name: 'shopper' }], grants: [{ ...SEEN_GRANT, login: 'shopper' }] },
    'shop',
    'shopper',
  ],
  [
    'two roles at once',
    { grants: [{ ...SEEN_GRANT, roles: ['owner' as const, 'readonly' as const] }] },
    'owner',
    'owner, readonly',
  ],
  ['a role and more', { grants: [{ ...SEEN_GRANT, beyond: ['CONNECT'] }] }, 'owner', 'owner, CONNECT'],
])('altered: %s', (_, change, expected, found) => {
  const { lost, unknown, altered } = compareServer(known(), seen(change));
  expect([lost, unknown]).toEqual([[], []]);
  expect(altered).toEqual([expect.objectContaining({ expected, found })]);
});

test('a database that was deleted and is still there is unknown, by the mark that it bears', () => {
  const { unknown } = compareServer(
    known({ databases: [], credentials: [], grants: [] }),
    seen({ logins: [], grants: [] }),
  );
  expect(unknown).toEqual([expect.objectContaining({ what: 'database', database: 'shop', database_id: 'db_1' })]);
});

test('what is being made, was never made, or is worked on is passed over, whatever the server shows of it', () => {
  const shown = [
    seen(),
    seen({ databases: [], logins: [], grants: [] }),
    seen({ databases: [{ ...DOOR, id: null }], logins: [{ ...SEEN_LOGIN, id: null, isLocked: true }], grants: [] }),
  ];
  for (const state of ['creating', 'failed']) {
    const databases = [{ ...DATABASE, state }];
    const credentials = [{ ...LOGIN, state }];
    for (const each of shown) expect(compareServer(known({ databases, credentials }), each)).toEqual(NOTHING);
  }
  const busy = known({ databases: [{ ...DATABASE, isBusy: true }], credentials: [{ ...LOGIN, isBusy: true }] });
  for (const each of shown) expect(compareServer(busy, each)).toEqual(NOTHING);
});

test('nobody says that a login should be locked while one of its databases is worked on', () => {
  const quarantined = { ...DATABASE, state: 'quarantined' };
  const other = { ...DATABASE, id: 'db_2', engine_name: 'other', isBusy: true };
  const grants = [GRANT, { ...GRANT, database_id: 'db_2' }];
  const shut = seen({
    databases: [
      { ...DOOR, isOpen: false, isShut: true },
      { ...DOOR, name: 'other', id: 'db_2' },
    ],
    grants: [],
  });
  expect(compareServer(known({ databases: [quarantined, other], grants }), shut)).toEqual(NOTHING);
  const settled = known({ databases: [quarantined], grants: [GRANT] });
  expect(compareServer(settled, { ...shut, databases: shut.databases.slice(0, 1) }).altered).toEqual([
    expect.objectContaining({ what: 'login', expected: 'locked', found: 'unlocked' }),
  ]);
});

/** Each thing held against each other one took 55 s of 40,000 logins: every action of the worker lost its hold meanwhile. */
test('what it reads of a large server grows as the server does, and not as its square', () => {
  const few = readsOf(200);
  const many = readsOf(2_000);
  expect(few).toBeGreaterThan(0);
  expect(many).toBeLessThan(few * 15);
});

/** How many fields are read of a server with so many logins, each with a grant on a database of its own. */
function readsOf(count: number): number {
  let reads = 0;
  const counted = <Thing extends object>(thing: Thing): Thing =>
    new Proxy(thing, {
      get(target, field) {
        reads += 1;
        return Reflect.get(target, field);
      },
    });
  const all = Array.from({ length: count }, (_, index) => `shop_${index}`);
  const each = <Thing extends object>(make: (name: string) => Thing) => all.map((name) => counted(make(name)));
  const berth = known({
    databases: each((name) => ({ ...DATABASE, id: `db_${name}`, engine_name: name })),
    credentials: each((name) => ({ ...LOGIN, id: `cred_${name}`, engine_username: name })),
    grants: each((name) => ({ ...GRANT, credential_id: `cred_${name}`, database_id: `db_${name}` })),
  });
  const server = seen({
    databases: each((name) => ({ ...DOOR, name, id: `db_${name}` })),
    logins: each((name) => ({ ...SEEN_LOGIN, name, id: `cred_${name}` })),
    grants: each((name) => ({ ...SEEN_GRANT, login: name, database: name })),
  });
  expect(compareServer(berth, server)).toEqual(NOTHING);
  return reads;
}
