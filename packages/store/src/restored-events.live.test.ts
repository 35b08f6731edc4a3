// A store that was put on another server from a dump: its old events are read before its new ones, and all can be read.
import { eventually } from '@berth/testing';
import { BEGINNING } from './event-cursor';
import { openStreet, type Street } from './street.fixture';

let street: Street;

beforeAll(async () => {
  street = await openStreet();
});
afterAll(() => street?.close());

const read = async () => (await street.store.events.listAfter(BEGINNING, {}, 100)).events.map(({ id }) => id);
const settle = () => street.store.exclusively('test', (tx) => tx.events.settleRestored());
const all = async () => (await street.sql('SELECT id FROM events ORDER BY number')).map(({ id }) => String(id));

test('what is of transactions to come is put before what comes, in the order of its numbers; a sane log is left alone', async () => {
  const first = await street.database();
  const before = await street.sql('SELECT id, xid::text FROM events ORDER BY number');
  await settle();
  expect(await street.sql('SELECT id, xid::text FROM events ORDER BY number')).toEqual(before);

  // as a dump of a server that was 5,000,000,000 transactions old leaves them here
  await street.sql(`UPDATE events SET xid = (5000000000 - number)::text::xid8`);
  await street.sql(`INSERT INTO forgotten_events (xid, number) VALUES ('4000000000', 7)`);
  await street.store.databases.becomeFailed(first.id);
  await eventually(async () => (await read()).length === 1, { what: 'the new one, which alone can be read' });
  await settle();
  await street.store.databases.becomeCreating(first.id);
  await eventually(async () => (await read()).length === before.length + 2, { what: 'all of them to be readable' });
  expect(await read()).toEqual(await all());
  expect(await street.store.events.findLagMs()).toBe(0);
  expect((await street.store.events.listTold(null, {}, 100)).events.map(({ id }) => id)).toEqual(await all());
});
