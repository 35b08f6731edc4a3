// The look at every test's store sees an event that the catalogue does not have, and one that says too little or too much.
import { Client } from 'pg';
import { eventComplaints } from './event-complaints';
import { openTestStore } from './stack';

const GOOD = { name: 's', engine: 'postgresql', state: 'active' };

test.each<[string, string, string | null, object, string[]]>([
  ['one of the catalogue', 'server.active', 'srv', GOOD, []],
  ['an unknown type', 'server.melted', 'srv', GOOD, ['no event server.melted']],
  ['nothing that it is about', 'server.active', null, GOOD, ['server.active was raised without server_id']],
  ['a field too few', 'server.active', 'srv', { ...GOOD, name: undefined }, ['server.active holds other data']],
  ['a field too many', 'server.active', 'srv', { ...GOOD, password: 'x' }, ['server.active holds other data']],
])('%s', async (_, type, serverId, data, complaints) => {
  const store = await openTestStore();
  const client = new Client({ connectionString: store.url });
  await client.connect();
  const insert = `INSERT INTO events (id, type, server_id, data) VALUES ('evt', $1, $2, $3)`;
  await client.query(insert, [type, serverId, JSON.stringify(data)]);
  const told = await eventComplaints(store.url);
  expect(told).toEqual(complaints.map((each) => expect.stringContaining(each)));
  if (complaints.length > 0) await client.query('DELETE FROM events');
  await client.end();
  await store.close();
});

test('closing a store throws what is wrong with it, and drops it all the same', async () => {
  const store = await openTestStore();
  const client = new Client({ connectionString: store.url });
  await client.connect();
  await client.query(`INSERT INTO events (id, type) VALUES ('evt', 'server.melted')`);
  await client.end();
  await expect(store.close()).rejects.toThrow('The catalogue has no event server.melted.');
  await store.close();
});
