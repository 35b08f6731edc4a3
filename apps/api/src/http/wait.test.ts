// Whoever waits for a caller gives up when that one has left.
import { once } from 'node:events';
import { eventually } from '@berth/testing';
import express from 'express';
import { listen } from './listen';
import { routerOf } from './route';
import { whileCallerStays } from './wait';

test('a caller that leaves is waited for no longer, and a process that stops waits for nobody', async () => {
  const stopping = new AbortController();
  const waits = { begun: 0, ended: 0 };
  const handle = async (call: Parameters<typeof whileCallerStays>[1]) => {
    waits.begun += 1;
    await whileCallerStays({ stopping: stopping.signal }, call, (giveUp) => once(giveUp, 'abort'));
    waits.ended += 1;
    call.response.end();
  };
  const door = await listen(express().use(routerOf([{ method: 'get', path: '/', handle }])), '127.0.0.1', 0);
  const leaving = new AbortController();
  const gone = fetch(door.url, { signal: leaving.signal }).catch(() => 'left');
  await eventually(() => waits.begun === 1, { what: 'the first to be waited for' });
  leaving.abort();
  expect(await gone).toBe('left');
  await eventually(() => waits.ended === 1, { what: 'the wait to be given up' });

  const staying = fetch(door.url);
  await eventually(() => waits.begun === 2, { what: 'the second to be waited for' });
  stopping.abort();
  expect((await staying).status).toBe(200);
  await door.close();
});
