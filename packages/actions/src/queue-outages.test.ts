// However often a queue that is away is tried: one line when it goes, one a minute, one when it is back.
import type { Log, LogFields } from '@berth/runtime';
import { type TestClock, testClock } from '@berth/testing';
import { openQueueOutages, type QueueOutages } from './queue-outages';

let lines: { level: string; fields: LogFields; message: string }[];
let clock: TestClock;
let outages: QueueOutages;
const refused = new Error('connect ECONNREFUSED');

beforeEach(() => {
  lines = [];
  clock = testClock();
  const to = (level: string) => (fields: LogFields, message: string) => void lines.push({ level, fields, message });
  const log: Log = { debug: to('debug'), info: to('info'), infoSoon: to('info'), warn: to('warn'), error: to('error') };
  outages = openQueueOutages(log, clock);
});

/** Twice a second. */
function failFor(seconds: number): void {
  for (let half = 0; half < 2 * seconds; half += 1) {
    outages.failed(refused);
    clock.advance(500);
  }
}

test('a queue that goes for 65 s and is back: three lines, which count what failed', () => {
  outages.answered();
  expect(lines).toEqual([]);
  failFor(65);
  outages.answered();
  outages.answered();
  expect(lines).toEqual([
    { level: 'warn', fields: { reason: refused, count: 1 }, message: expect.stringContaining('does not answer') },
    {
      level: 'warn',
      fields: { reason: refused, count: 121, durationMs: 60_000 },
      message: expect.stringContaining('still does not'),
    },
    { level: 'info', fields: { count: 130, durationMs: 65_000 }, message: 'The queue answers again' },
  ]);
});

test('one that goes and comes all the time is told of twice a minute, and nothing that failed is left out', () => {
  for (let second = 0; second < 120; second += 1) {
    failFor(1);
    outages.answered();
  }
  failFor(1);
  outages.answered();
  const told = lines.map(({ level, fields }) => [level, fields.count]);
  expect(told).toEqual([
    ['warn', 1],
    ['info', 2],
    ['warn', 119],
    ['info', 120],
    ['warn', 119],
    ['info', 120],
  ]);
});

test('one that goes soon after it was back is told of within a minute', () => {
  failFor(1);
  outages.answered();
  failFor(58);
  expect(lines).toHaveLength(2);
  failFor(2);
  expect(lines.at(-1)).toMatchObject({ level: 'warn', fields: { count: 119 } });
});
