// No event is missed, told twice or told in another order, however late its transaction commits: many writers that
// commit out of order, readers with small pages, and followers that are cut off and come back. Each seed is one history.
import { setImmediate as breathe } from 'node:timers/promises';
import { chanceOf, eventually, openLateWriters } from '@berth/testing';
import { BEGINNING, type Place } from './event-cursor';
import type { EventFilter } from './events';
import { openStreet, type Street } from './street.fixture';

let street: Street;
let databaseIds: string[];

const WRITERS = 6;
const DEEDS = 140;

beforeAll(async () => {
  street = await openStreet();
  databaseIds = [];
  for (let each = 0; each < WRITERS; each += 1) databaseIds.push((await street.database()).id);
});
afterAll(() => street?.close());

/** Reads one small page at a time, by the cursor alone. */
function openReader(cursor: string, filter: EventFilter, chance: () => number) {
  const told: string[] = [];
  let at = cursor;
  return {
    told,
    async read(): Promise<void> {
      const { events } = street.store;
      const page = await events.listAfter(await events.findPlace(at), filter, 1 + Math.floor(chance() * 3));
      told.push(...page.events.map(({ id }) => id));
      const last = page.events.at(-1);
      if (last !== undefined) at = last.cursor;
    },
  };
}

/** Follows, is cut off after some events, and comes back with the cursor of the last one that it got. */
function openFollower(start: string, chance: () => number) {
  const told: string[] = [];
  const leave = new AbortController();
  const times = { cut: 0 };
  const following = (async () => {
    let at = start;
    while (!leave.signal.aborted) {
      const cut = new AbortController();
      const place: Place = await street.store.events.findPlace(at);
      let left = 1 + Math.floor(chance() * 8);
      for await (const { events } of street.store.feed.follow(place, {}, AbortSignal.any([leave.signal, cut.signal]))) {
        for (const { id, cursor } of events.slice(0, left)) {
          told.push(id);
          at = cursor;
        }
        left -= events.length;
        if (left > 0) continue;
        cut.abort();
        times.cut += 1;
        break;
      }
      await breathe();
    }
  })();
  return {
    told,
    times,
    async close() {
      leave.abort();
      await following;
    },
  };
}

/** As one would read without the bound: whatever can be seen, in the order of the log. */
function openRashReader(since: number) {
  const told: string[] = [];
  let place = { ...BEGINNING };
  return {
    told,
    async read(): Promise<void> {
      const rows = await street.sql(
        `SELECT id, xid::text, number FROM events WHERE number > $1 AND (xid, number) > ($2::xid8, $3) ORDER BY xid, number`,
        [since, place.xid.toString(), place.number],
      );
      for (const { id, xid, number } of rows) {
        told.push(String(id));
        place = { xid: BigInt(String(xid)), number: Number(number) };
      }
    },
  };
}

test.each([1, 2, 3])('history %i: every reader gets every event once, in one order', async (seed) => {
  const chance = chanceOf(seed);
  const since = await street.lastEvent();
  const start = (await startHere()).cursor;
  const readers = [openReader(start, {}, chance), openReader(start, { teamId: street.teamId }, chance)];
  const followers = [openFollower(start, chance), openFollower(start, chance), openFollower(start, chance)];
  const rash = openRashReader(since);
  const writers = openLateWriters(street.store, databaseIds, chance);
  for (let deed = 0; deed < DEEDS; deed += 1) {
    await writers.deed();
    for (const reader of [...readers, rash]) if (chance() < 0.5) await reader.read();
  }
  await writers.commitAll();
  await rash.read();

  const rows = await street.sql('SELECT id FROM events WHERE number > $1 ORDER BY xid, number', [since]);
  const all = rows.map(({ id }) => id);
  expect(all.length).toBeGreaterThan(DEEDS / 3);
  for (const reader of readers) {
    const isThrough = () => reader.read().then(() => reader.told.length >= all.length);
    await eventually(isThrough, { what: 'the reader to get through' });
    await reader.read();
    expect(reader.told).toEqual(all);
  }
  for (const follower of followers) {
    await eventually(() => follower.told.length >= all.length, { what: 'the follower' });
    await follower.close();
    expect(follower.told).toEqual(all);
    expect(follower.times.cut).toBeGreaterThan(3);
  }
  expect(rash.told.length).toBeLessThan(all.length); // this history is one in which a bound is needed
});

/** A cursor behind all that is there, which is so once nobody holds the log back. */
async function startHere() {
  const { events } = street.store;
  const last = await street.lastEvent();
  return eventually(async () => {
    const { events: all } = await events.listAfter(BEGINNING, {}, 5_000);
    return all.some(({ place }) => place.number === last) && all.at(-1);
  });
}
