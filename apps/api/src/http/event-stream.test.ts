// A stream that breaks leaves nothing behind: nothing beats for it, nothing waits for the end of the process, nothing counts.
import { getEventListeners } from 'node:events';
import { systemClock } from '@berth/core';
import { openLog, openMetrics } from '@berth/runtime';
import { eventually } from '@berth/testing';
import express from 'express';
import { streamEvents } from './event-stream';
import { listen } from './listen';
import { openStreams } from './streams';

test('what breaks a stream is thrown, and all that belonged to it has ended', async () => {
  const stopping = new AbortController();
  const streams = openStreams(openMetrics('api'), { heartbeatMs: 5 });
  const context = { clock: systemClock, log: openLog('api test', 'silent'), stopping: stopping.signal, streams };
  const seen = { asked: 0, thrown: '' };
  const app = express().get('/', (request, response) =>
    streamEvents(
      context,
      { request, response },
      {
        accessId: 'acc_1',
        cursor: 'c1',
        async *follow() {
          await eventually(() => seen.asked > 1, { what: 'heartbeats' });
          yield await Promise.reject(new Error('broken'));
        },
        show: () => ({}),
        findRefusal: async () => {
          seen.asked += 1;
          return null;
        },
        mayEnd: () => false,
        isOver: async () => false,
      },
    ).catch((error: Error) => {
      seen.thrown = error.message;
      response.destroy();
    }),
  );
  const door = await listen(app, '127.0.0.1', 0);
  await fetch(door.url)
    .then((answer) => answer.text())
    .catch(() => {}); // cut off
  await eventually(() => seen.thrown === 'broken', { what: 'the stream to break' });
  expect(getEventListeners(stopping.signal, 'abort')).toEqual([]);
  expect(streams.counts().open).toBe(0);
  const { asked } = seen;
  const laterMs = performance.now() + 50;
  await eventually(() => performance.now() > laterMs);
  expect(seen.asked).toBe(asked);
  await door.close();
});
