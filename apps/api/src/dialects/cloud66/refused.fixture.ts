// Requests that must be refused: with the product's three strings, and with nothing written.
import type { Secret } from '@berth/core';
import { Client } from 'pg';
import type { Test } from 'supertest';
import { decode } from './decode.fixture';
import { asked, type Street, succeedCreate } from './street.fixture';

export interface Refused {
  /** A statement in the store, past all functions. */
  sql: Client;
  /** Runs a request that must be refused, and sees that nothing was written. */
  refused(test: Test, status: number): Promise<ReturnType<typeof decode.refusal>>;
  /** A database that is there. */
  newDatabase(name: string, at: string, bearer: Secret): Promise<{ uid: string; number: number }>;
  close(): Promise<void>;
}

const TABLES = ['databases', 'actions', 'events', 'credentials', 'grants'];

/** Over the store of a street, which closes later. */
export async function openRefused(street: Street): Promise<Refused> {
  const sql = new Client({ connectionString: street.storeUrl });
  await sql.connect();

  async function rows(): Promise<number[]> {
    const counts = TABLES.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
    const { rows: found } = await sql.query(`SELECT ${counts.join(', ')}`);
    return Object.values(found[0]);
  }

  return {
    sql,
    async refused(test, status) {
      const before = await rows();
      const { body } = await test.expect('Content-Type', /^application\/json/).expect(status);
      expect(await rows()).toEqual(before);
      return decode.refusal(body);
    },
    async newDatabase(name, at, bearer) {
      const { id: number } = await asked(street, at, name, bearer);
      return { uid: await succeedCreate(street, number), number };
    },
    close: () => sql.end(),
  };
}
