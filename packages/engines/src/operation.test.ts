// A trace is told what kind of statement was sent, and nothing of what was in it.
import { operationOf } from './operation';

test.each([
  [`ALTER ROLE "shop" PASSWORD 'SCRAM-SHA-256$secret'`, 'ALTER ROLE'],
  ['\n      create database "shop" TEMPLATE template0', 'CREATE DATABASE'],
  ['ALTER DEFAULT PRIVILEGES FOR ROLE x GRANT SELECT ON TABLES TO y', 'ALTER DEFAULT PRIVILEGES'],
  ['DROP OWNED BY "shop"', 'DROP OWNED'],
  ['SELECT secret FROM shop', 'SELECT'],
  [`GRANT CONNECT ON DATABASE "shop" TO "secret"`, 'GRANT'],
  ['ROLLBACK PREPARED $1', 'ROLLBACK PREPARED'],
  ['"shop" is no statement', 'other'],
  ['SECRETS of the shop', 'other'],
  ['', 'other'],
])('%j is %s', (sql, operation) => {
  expect(operationOf(sql)).toBe(operation);
});
