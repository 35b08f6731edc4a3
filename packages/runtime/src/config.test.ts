// The environment: complete and right, or refused by the name of each variable and without a value of any.
import { inspect } from 'node:util';
import { codeOf } from '@berth/core';
import { readConfig } from './config';

const complete = { BERTH_STORE_URL: 'postgres://berth:hush@localhost/berth', BERTH_KEYS: 'k1:hush' };

function thrownBy(environment: Record<string, string>): unknown {
  try {
    return readConfig(environment);
  } catch (error) {
    return error;
  }
}

test('the least environment: the queue lives in the store, the rest has defaults', () => {
  const config = readConfig(complete);
  expect(config.queueUrl.reveal()).toBe(complete.BERTH_STORE_URL);
  expect(config).toMatchObject({ host: '127.0.0.1', port: 8080, migrate: 'apply', logLevel: 'info' });
  expect(config).toMatchObject({ workerConcurrency: 4, sweepIntervalMs: 5_000 });
  expect(inspect(config, { depth: null })).not.toContain('hush');
});

test('an empty variable counts as one that is not set', () => {
  const config = readConfig({ ...complete, BERTH_QUEUE_URL: '', BERTH_PORT: '', BERTH_HOST: '' });
  expect(config).toMatchObject({ host: '127.0.0.1', port: 8080 });
  expect(config.queueUrl.reveal()).toBe(complete.BERTH_STORE_URL);
});

test('every variable that is missing or wrong is named, and no value of any is repeated', () => {
  const wrong = {
    BERTH_STORE_URL: 'mysql://hush',
    BERTH_PORT: '65536',
    BERTH_MIGRATE: 'hush',
    BERTH_LOG_LEVEL: 'loud',
  };
  const error = thrownBy(wrong);
  expect(codeOf(error)).toBe('invalid_request');
  for (const name of ['BERTH_STORE_URL', 'BERTH_KEYS', 'BERTH_PORT', 'BERTH_MIGRATE', 'BERTH_LOG_LEVEL']) {
    expect(inspect(error)).toContain(name);
  }
  expect(inspect(error, { depth: null })).not.toMatch(/hush|65536|loud/);
});

test.each([
  ['BERTH_PORT', '-1'],
  ['BERTH_PORT', '80.5'],
  ['BERTH_WORKER_CONCURRENCY', '0'],
  ['BERTH_SWEEP_INTERVAL_MS', '49'],
])('%s=%s is refused', (name, value) => {
  expect(codeOf(thrownBy({ ...complete, [name]: value }))).toBe('invalid_request');
});
