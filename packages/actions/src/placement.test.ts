// Where a new database goes: every reason against a server, and a choice that does not depend on chance.
import type { ServerRoom } from '@berth/store';
import { choose, judge, noRoom } from './placement';

const GIB = 1024n ** 3n;
const PLAN = { size_bytes_max: 2n * GIB, connections_max: 20 };

function room(change: Partial<ServerRoom> = {}): ServerRoom {
  return {
    id: 'srv_a',
    name: 'a',
    state: 'active',
    pool: 'pool',
    headroomPercent: 10,
    connectionsOvercommit: 2,
    sizeBytesMax: 100n * GIB,
    connectionsMax: 100,
    reservedBytes: 0n,
    reservedConnections: 0,
    databases: 0,
    ...change,
  };
}

describe('a server', () => {
  it('keeps its headroom, and promises connections as often as its pool allows', () => {
    expect(judge(room(), PLAN)).toMatchObject({
      fits: true,
      reasons: [],
      freeBytes: 90n * GIB,
      freeConnections: 180,
    });
  });

  it.each([
    ['the last byte', { reservedBytes: 88n * GIB }, true],
    ['a byte too few', { reservedBytes: 88n * GIB + 1n }, false],
    ['the last connection', { reservedConnections: 160 }, true],
    ['a connection too few', { reservedConnections: 161 }, false],
    ['no headroom and all of it', { headroomPercent: 0, reservedBytes: 98n * GIB }, true],
    ['more promised than there is, since it was made smaller', { reservedBytes: 500n * GIB }, false],
    ['a size that nobody knows', { sizeBytesMax: null, reservedBytes: 5_000n * GIB }, true],
    ['connections that nobody knows', { connectionsMax: null, reservedConnections: 5_000 }, true],
  ])('with %s: fits is %j %s', (_, change, fits) => {
    expect(judge(room(change), PLAN).fits).toBe(fits);
  });

  it('that is not for it says every reason, in words', () => {
    const full = judge(room({ state: 'draining', reservedBytes: 89n * GIB, reservedConnections: 175 }), PLAN);
    expect(full.reasons).toEqual([
      'it is draining',
      '2048 MiB needed, 1024 MiB free of 92160 MiB',
      '20 connections needed, 5 free of 180',
    ]);
    const over = judge(room({ reservedBytes: 100n * GIB, reservedConnections: 500 }), PLAN);
    expect(over.reasons.join()).toMatch(/0 MiB free.*, 0 free of 180/);
  });
});

describe('the choice', () => {
  const among = (...rooms: ServerRoom[]) => choose(rooms.map((each) => judge(each, PLAN)))?.name;

  it('is the server that is used least with it, whether by size or by connections', () => {
    const bySize = room({ name: 'by size', reservedBytes: 45n * GIB });
    const byConnections = room({ name: 'by connections', reservedConnections: 80 });
    const small = room({ name: 'small', sizeBytesMax: 10n * GIB });
    expect(among(bySize, byConnections)).toBe('by size');
    expect(among(bySize, byConnections, small)).toBe('small');
    expect(among(bySize, room({ name: 'empty' }))).toBe('empty');
  });

  it('of equals is the one with fewer databases, then the oldest, whatever was looked at in between', () => {
    const [one, two] = [room({ name: 'one', databases: 2 }), room({ name: 'two', databases: 1 })];
    expect(among(one, two)).toBe('two');
    expect(among(one, room({ name: 'later', databases: 2 }))).toBe('one');
    for (let times = 0; times < 20; times += 1)
      expect(among(room({ name: 'first' }), room({ name: 'second' }))).toBe('first');
  });

  it('is none where none fits', () => {
    expect(among(room({ state: 'offline' }), room({ reservedBytes: 99n * GIB }))).toBeUndefined();
    expect(among()).toBeUndefined();
  });
});

describe('the refusal', () => {
  const environment = { id: 'env_a', name: 'development' };
  const plan = { id: 'pln_a', name: 'small', engine: 'postgresql', environments: [], ...PLAN };
  const resolved = { engine: 'postgresql' as const, plan, environment, project: environment, pool: null };
  const told = (...rooms: ServerRoom[]) =>
    noRoom(
      rooms.map((each) => judge(each, PLAN)),
      resolved,
    ).message;

  it('sends to a preflight where a server is unchecked and nothing else, and to a smaller plan where none is', () => {
    const full = room({ reservedBytes: 90n * GIB });
    expect(told(full, room({ state: 'unchecked', connectionsMax: null }))).toMatch(/servers\/:id\/preflight/);
    expect(told(full, room({ state: 'unchecked', connectionsMax: null }))).not.toContain('smaller plan');
    for (const other of [full, room({ state: 'offline' }), room({ state: 'unchecked', reservedBytes: 90n * GIB })]) {
      expect(told(other)).toMatch(/smaller plan/);
      expect(told(other)).not.toContain('preflight');
    }
  });
});
