// How many actions of one server a process takes: never more than it may, one of a silent one, and nobody is forgotten who
// was refused in the very moment in which a place became free.
import { openSlots, type Slots } from './slots';

/** A store of queued actions by server, which is asked as a worker asks the real one. */
function openLine(servers: Record<string, string>) {
  const taken: string[] = [];
  const crowded: string[] = [];
  return {
    taken,
    crowded,
    take: (slots: Slots, id: string) =>
      slots.take(
        async (full) => {
          const server = servers[id];
          if (server === undefined || full.includes(server)) return null;
          taken.push(id);
          return { id, server_id: server };
        },
        async (full) => {
          const server = servers[id];
          if (server === undefined || !full.includes(server)) return null;
          crowded.push(id);
          return server;
        },
      ),
  };
}

test('two of one server at once, however many are asked for in the same moment; those of another are taken beside them', async () => {
  const slots = openSlots(2);
  const line = openLine({ a: 'slow', b: 'slow', c: 'slow', d: 'slow', e: 'other' });
  await Promise.all(['a', 'b', 'c', 'd', 'e'].map((id) => line.take(slots, id)));
  expect([line.taken, line.crowded]).toEqual([
    ['a', 'b', 'e'],
    ['c', 'd'],
  ]);
  expect(slots.release('slow', false)).toBe(1);
  expect(await line.take(slots, 'c')).toMatchObject({ id: 'c' });
  expect(await line.take(slots, 'd')).toBeNull();
});

test('a server that was silent is given one, until one had an answer', async () => {
  const slots = openSlots(3);
  const line = openLine({ a: 's', b: 's', c: 's', d: 's' });
  for (const id of ['a', 'b', 'c']) await line.take(slots, id);
  expect([slots.release('s', true), slots.release('s', true)]).toEqual([0, 0]); // c is still at work
  expect(await line.take(slots, 'd')).toBeNull();
  expect(slots.release('s', true)).toBe(1);
  expect(await line.take(slots, 'd')).toMatchObject({ id: 'd' });
  expect(slots.release('s', false)).toBe(3);
});

test('who was refused as the last place became free is taken, for whoever freed it did not see it wait', async () => {
  const slots = openSlots(1);
  const line = openLine({ a: 's', b: 's' });
  await line.take(slots, 'a');
  let free = 0;
  const taking = slots.take(
    async (full) => (full.length > 0 ? null : { id: 'b', server_id: 's' }),
    async () => {
      free = slots.release('s', false); // looks for those who wait, and finds nobody
      return 's';
    },
  );
  expect(await taking).toMatchObject({ id: 'b' });
  expect(free).toBe(1);
});

test('a claim that throws is told to who asked, and holds up nobody', async () => {
  const slots = openSlots(1);
  const broken = slots.take(
    () => Promise.reject(new Error('the store is away')),
    async () => null,
  );
  const line = openLine({ a: 's' });
  await expect(broken).rejects.toThrow('the store is away');
  expect(await line.take(slots, 'a')).toMatchObject({ id: 'a' });
});
