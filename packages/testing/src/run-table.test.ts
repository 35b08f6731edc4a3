// The table at the end of a run.
import { runTable, versionOf } from './run-table';

test('names each server, its version and what it was', () => {
  const tried = [
    { server: 'MariaDB', version: '10.11.19', what: 'real' },
    { server: 'Redis', version: null, what: 'left out: it is not on the PATH' },
  ];
  expect(runTable(tried)).toBe(`This run was tried on:
  MariaDB  10.11.19  real
  Redis    -         left out: it is not on the PATH
`);
});

test('a version is what the program says, and a program that is not there has none', () => {
  expect(versionOf(process.execPath)).toBe(process.versions.node);
  expect(versionOf('no-such-server')).toBeNull();
});
