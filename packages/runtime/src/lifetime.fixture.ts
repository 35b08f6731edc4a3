// A process that lives as its arguments say, for lifetime.test.ts: it tells its parent each thing that it closes.
import { setTimeout as pause } from 'node:timers/promises';
import { PlatformError } from '@berth/core';
import { live } from './lifetime';
import { openLog } from './log';

const fault = process.argv[2];

void live(openLog('test', 'info'), async (lifetime) => {
  const open = (name: string, close: () => Promise<void> = async () => {}) =>
    lifetime.onStop(name, async () => {
      process.stdout.write(`closing ${name}, stopping: ${lifetime.stopping.aborted}\n`);
      await close();
      process.stdout.write(`closed ${name}\n`);
    });
  open('store');
  if (fault === 'no start')
    throw new PlatformError('store_unreachable', 'The store is down.', { cause: 'secret cause' });
  open('queue', async () => {
    if (fault === 'broken closer') throw new Error('it will not close');
    if (fault === 'slow closer') await pause(60_000);
    else await pause(20);
  });
  open('door');
  if (fault === 'slow start') {
    lifetime.announceReady({});
    await new Promise(() => {});
  }
  setInterval(() => {}, 1_000); // something to live for
  lifetime.announceReady({ url: 'http://127.0.0.1:1' });
  if (fault === 'throws later')
    setImmediate(() => {
      throw new Error('nobody catches this');
    });
  if (fault === 'rejects later') setImmediate(() => void Promise.reject(new Error('nobody catches this')));
});
