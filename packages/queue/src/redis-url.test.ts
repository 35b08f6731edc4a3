// What a BERTH_QUEUE_URL of Redis may say, and that what is wrong with it is told without showing it.
import { inspect } from 'node:util';
import { codeOf, Secret } from '@berth/core';
import { openConsumer } from './consume';
import { parseRedisUrl } from './redis-url';
import { openSender } from './send';

const parse = (url: string) => parseRedisUrl(new Secret(url));
const node = (host: string, port = 6379) => ({ host, port });

test.each([
  ['redis://cache', { nodes: [node('cache')] }],
  ['redis://cache.example.org:6380/7', { nodes: [node('cache.example.org', 6380)], db: 7 }],
  ['redis://127.0.0.1:1/', { nodes: [node('127.0.0.1', 1)] }],
  ['redis://[::1]:6380', { nodes: [node('::1', 6380)] }],
  ['redis://:pass@cache', { nodes: [node('cache')], password: 'pass' }],
  ['redis://user:p%40s%2Fs%25%3A@cache', { nodes: [node('cache')], username: 'user', password: 'p@s/s%:' }],
  ['rediss://us%40er:pass@cache', { nodes: [node('cache')], username: 'us@er', password: 'pass', tls: {} }],
  ['redis://one:7000,two,[::3]:7002', { nodes: [node('one', 7000), node('two'), node('::3', 7002)] }],
  ['rediss://u:p@one,two', { nodes: [node('one'), node('two')], username: 'u', password: 'p', tls: {} }],
])('%s', (url, place) => {
  expect(parse(url)).toEqual(place);
});

test.each([
  ['redis://', 'must be redis://'],
  ['redis://hidden@hidden/hidden', 'must be redis://'],
  ['redis://hidden:hid/den@cache', 'must be redis://'],
  ['redis://hidden:hid@den@cache', 'must be redis://'],
  ['redis://cache?password=hidden', 'must be redis://'],
  ['redis://cache/-1', 'must be redis://'],
  ['redis://hidden@cache', 'no password'],
  ['redis://hidden:@cache', 'no password'],
  ['redis://:hid%den@cache', 'percent-encoded'],
  ['redis://:hid%E0%A4%A@cache', 'percent-encoded'],
  ['redis://cache:0', 'a port is a number'],
  ['redis://cache:65536', 'a port is a number'],
  ['redis://cache:hidden', 'each host is'],
  ['redis://hidden host', 'each host is'],
  ['redis://one,,two', 'each host is'],
  ['redis://one,', 'each host is'],
  ['redis://one,two/0', 'leave out the number'],
])('%s is refused when a sender or a consumer is opened, by the name of the variable', (url, reason) => {
  const options = { url: new Secret(url), process: 'test', onError: () => {} };
  const consumer = { ...options, engine: 'postgresql' as const, concurrency: 1, work: async () => {} };
  for (const open of [() => openSender(options), () => openConsumer(consumer)]) {
    const error = refusalOf(open);
    expect(codeOf(error)).toBe('invalid_request');
    expect(error).toMatchObject({
      message: expect.stringContaining(reason),
      fields: [{ field: 'BERTH_QUEUE_URL', message: expect.stringContaining(reason) }],
    });
    expect(inspect(error, { depth: null, showHidden: true }).replaceAll(__dirname, '')).not.toContain('hid');
  }
});

function refusalOf(open: () => unknown): unknown {
  try {
    open();
  } catch (error) {
    return error;
  }
  throw new Error('it was not refused');
}
