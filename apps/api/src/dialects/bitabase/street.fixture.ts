// The API's fixture as this face sees it: people with a login and a session of it, an origin whose pages are let in, and sign-up.
import { openSession } from '@berth/actions';
import { type Scope, uuidOf } from '@berth/core';
import type { SignUpDefaults } from '@berth/runtime';
import type { Store } from '@berth/store';
import { openTestStore } from '@berth/testing';
import type { Express } from 'express';
import { Client } from 'pg';
import request from 'supertest';
import { appBeside, makeBasicAccess, openTestApi, type TestApi } from '../../api.fixture';
import type { Serving } from '../../app';

export const API = '/bitabase/v1';

export const PASSWORD = 'pw-123456';
export const PAGE = 'https://www.bitabase.example';
export const SIGN_UP: SignUpDefaults = { engine: 'postgresql', plan: 'small', environment: 'development', quota: 3 };

/** `stranger` is of the other team, `reader` may only read, `writer` only write, `bare` has no defaults. */
const PEOPLE = {
  dev: ['public', 'admin', 'credentials'],
  colleague: ['public', 'admin'],
  stranger: ['public', 'admin', 'credentials'],
  reader: ['public'],
  writer: ['admin'],
  bare: ['public', 'admin'],
} satisfies Record<string, Scope[]>;

export type Person = keyof typeof PEOPLE;

/** The two headers of a session. */
export interface SessionHeaders {
  'X-Session-Id': string;
  'X-Session-Secret': string;
}

export interface Street {
  api: TestApi;
  app: Express;
  store: Store;
  sessions: Record<Person, SessionHeaders>;
  sql: Client;
  close(): Promise<void>;
}

/** Opens all of it over a store of its own; `close` closes the store too. */
export async function openStreet(): Promise<Street> {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl);
  const sql = new Client({ connectionString: testStore.url });
  await sql.connect();
  return {
    api,
    app: appOn(api),
    store: api.context.store,
    sessions: {
      dev: await sessionOf(api, 'dev'),
      colleague: await sessionOf(api, 'colleague'),
      stranger: await sessionOf(api, 'stranger'),
      reader: await sessionOf(api, 'reader'),
      writer: await sessionOf(api, 'writer'),
      bare: await sessionOf(api, 'bare'),
    },
    sql,
    async close() {
      await sql.end();
      await api.close();
      await testStore.close();
    },
  };
}

/** The same street behind another app, which remembers nothing yet. */
export function streetWith(street: Street, change: Partial<Serving>): Street {
  return { ...street, app: appOn(street.api, change) };
}

/** Sign-up is open, and the pages of one origin are let in. */
function appOn(api: TestApi, change: Partial<Serving> = {}): Express {
  return appBeside(api, { signUp: SIGN_UP, allowedOrigins: [PAGE], ...change });
}

async function sessionOf(api: TestApi, name: Person): Promise<SessionHeaders> {
  const team = name === 'stranger' ? api.otherTeam : api.team;
  const who = { login: `${name}@example.org`, password: PASSWORD, scopes: PEOPLE[name], team };
  const login = await makeBasicAccess(api, { ...who, hasDefaults: name !== 'bare' });
  const { secret, session } = await openSession(api.context, login);
  return { 'X-Session-Id': uuidOf(session.id), 'X-Session-Secret': secret.reveal() };
}

/** Requests of this person, or of nobody. */
export function as({ app, sessions }: Street, person: Person | null = 'dev') {
  const agent = request.agent(app);
  return person === null ? agent : agent.set(sessions[person]);
}

/** A database that was asked for. Returns what the create answered. */
export async function asked(street: Street, name: string, person: Person = 'dev') {
  const answer = await as(street, person).post(`${API}/databases`).send({ name });
  if (answer.status !== 201) throw new Error(`It was not taken: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** How many rows there are of all that a request could write. */
export async function rows({ sql }: Street): Promise<number[]> {
  const tables = ['databases', 'actions', 'events', 'credentials', 'grants', 'projects', 'teams', 'accesses'];
  const counts = tables.map((table) => `(SELECT count(*)::int FROM ${table}) AS ${table}`);
  const { rows: found } = await sql.query(`SELECT ${counts.join(', ')}`);
  return Object.values(found[0]);
}
