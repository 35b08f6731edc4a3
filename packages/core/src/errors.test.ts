// One table of errors, which agrees with itself, and one way to ask an error for its code.
import { inspect } from 'node:util';
import { codeOf, ERRORS, fieldError, PlatformError, unknownReference } from './errors';

const rows = Object.entries(ERRORS);

test.each(rows)('%s has a snake_case code, a status of HTTP, a retry and a title', (code, { status, retry, title }) => {
  expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
  expect(status).toBeGreaterThanOrEqual(400);
  expect(status).toBeLessThan(600);
  expect(['never', 'count', 'postpone']).toContain(retry);
  expect(title).toMatch(/^[A-Z].*[^.]$/);
});

test('no two errors have one title', () => {
  const titles = rows.map(([, { title }]) => title);
  expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
});

test('what the caller got wrong is never tried again: it would be wrong again', () => {
  const retried = rows.filter(([, { status, retry }]) => status < 500 && retry !== 'never');
  expect(retried.map(([code]) => code)).toEqual([]);
});

test('only a server that cannot be reached is waited for without counting', () => {
  expect(rows.filter(([, { retry }]) => retry === 'postpone').map(([code]) => code)).toEqual(['server_unreachable']);
});

test('what one field is to blame for is said of the field and on the whole', () => {
  const message = 'The pool is too small.';
  expect(fieldError('disagree', 'pool', message)).toMatchObject({
    ...{ code: 'disagree', message },
    fields: [{ field: 'pool', message }],
  });
  const fields = [{ field: 'limits.pool', message: 'There is no pool "deep".' }];
  expect(unknownReference('limits.pool', 'deep', 'pool')).toMatchObject({ code: 'unknown_reference', fields });
});

describe('a PlatformError', () => {
  const cause = new Error('what strangers may not read');
  const fields = [{ field: 'name', message: 'choose another' }];
  const error = new PlatformError('contradicts', 'It is being deleted.', { cause, fields, actionId: 'act_1' });

  it('holds its code, its fields and the action that stands against it', () => {
    expect(error).toMatchObject({ code: 'contradicts', fields, actionId: 'act_1', message: 'It is being deleted.' });
    expect(new PlatformError('internal', 'x')).toMatchObject({ fields: [], actionId: null });
  });

  it('keeps its cause out of its message and out of JSON', () => {
    expect(error.cause).toBe(cause);
    expect(JSON.stringify({ error, message: error.message })).not.toContain('strangers');
    expect(inspect(error)).toContain('strangers'); // it is for the log
  });
});

describe('codeOf', () => {
  it.each(rows.map(([code]) => code))('finds %s', (code) => {
    const known = Object.keys(ERRORS).filter((each): each is keyof typeof ERRORS => each === code);
    expect(known.map((each) => codeOf(new PlatformError(each, 'x')))).toEqual([code]);
  });

  it('knows an error of another copy of this package', () => {
    expect(codeOf({ name: 'PlatformError', code: 'name_taken' })).toBe('name_taken');
  });

  it.each([
    ['nothing', undefined],
    ['null', null],
    ['text', 'name_taken'],
    ["another's error with a code of ours", Object.assign(new Error('x'), { code: 'name_taken' })],
    ["a driver's error", Object.assign(new Error('x'), { code: '23505', name: 'PlatformError' })],
    ['a code that every object has', { name: 'PlatformError', code: 'toString' }],
    ['a code that is no text', { name: 'PlatformError', code: 7 }],
    ['an error that merely wraps one of ours', new Error('x', { cause: new PlatformError('name_taken', 'x') })],
  ])('takes %s for internal', (_, thrown) => {
    expect(codeOf(thrown)).toBe('internal');
  });
});
