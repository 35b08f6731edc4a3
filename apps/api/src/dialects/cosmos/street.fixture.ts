// The API's fixture as this face sees it: callers with a key, who sign what they send as the product's documentation says.
import { createHmac } from 'node:crypto';
import type { Scope, Secret } from '@berth/core';
import type { Access, Store } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeAccessOf, openTestApi, type TestApi, type TestApiOptions } from '../../api.fixture';
import { worked } from '../../hand.fixture';

export interface Key {
  secret: Secret;
  access: Access;
}

/** `stranger` is of the other team; `limited` sees the environment `production` alone. */
export type Who = 'owner' | 'reader' | 'stranger' | 'limited' | 'bare';

export interface Street extends TestApi {
  store: Store;
  storeUrl: string;
  productionId: string;
  keys: Record<Who, Key>;
}

/** Opens all of it over a store of its own; `close` closes the store too. */
export async function openStreet(options: TestApiOptions = {}): Promise<Street> {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl, options);
  const productionId = await addEnvironment(api, 'production');
  const all: Scope[] = ['public', 'admin'];
  const limited = await makeAccessOf(api, 'cosmos_key', { scopes: all });
  const there = { limit_environment_id: productionId, default_environment_id: productionId };
  await api.context.store.accesses.update(limited.access.id, there);
  return {
    ...api,
    store: api.context.store,
    storeUrl: testStore.url,
    productionId,
    keys: {
      owner: await makeAccessOf(api, 'cosmos_key', { scopes: all }),
      reader: await makeAccessOf(api, 'cosmos_key', { scopes: ['public'] }),
      stranger: await makeAccessOf(api, 'cosmos_key', { scopes: all, team: api.otherTeam }),
      limited,
      bare: await makeAccessOf(api, 'cosmos_key', { scopes: all, hasDefaults: false }),
    },
    async close() {
      await api.close();
      await testStore.close();
    },
  };
}

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options';

/** What is signed and sent; default: as clients do it, now. */
export interface Signed {
  key?: string;
  date?: string;
  verb?: string;
  type?: string;
  link?: string;
  /** Over all others; null leaves one out. */
  headers?: Record<string, string | null>;
}

export const MOUNT = '/cosmos';

/** Sends this, signed by hand: nothing of the dialect's own signing is used. `path` is percent-encoded. */
export function send(street: Street, method: Method, path: string, signed: Signed = {}): request.Test {
  const sent = request(street.app)[method](`${MOUNT}${path}`);
  for (const [name, value] of Object.entries(signedHeaders(street, method, path, signed))) sent.set(name, value);
  return sent;
}

/** What `send` sends. */
export function signedHeaders(street: Street, method: Method, path: string, signed: Signed = {}) {
  const date = signed.date ?? new Date().toUTCString();
  const [, resource = '', id] = /^\/+(dbs)?(?:\/+([^/]+)\/?)?\/*$/.exec(path) ?? [];
  const type = signed.type ?? resource;
  const link = signed.link ?? (id === undefined ? '' : `dbs/${decodeURIComponent(id)}`);
  const payload = `${signed.verb ?? method}\n${type}\n${link}\n${date.toLowerCase()}\n\n`;
  const key = signed.key ?? street.keys.owner.secret.reveal();
  const headers: Record<string, string | null> = {
    'x-ms-date': date,
    'x-ms-version': '2015-08-06',
    authorization: authorizationOf(key, payload),
    ...signed.headers,
  };
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== null) sent[name] = value;
  return sent;
}

/** Escapes in capitals, as JavaScript writes them. */
export function authorizationOf(key: string, payload: string): string {
  const signature = createHmac('sha256', Buffer.from(key, 'base64')).update(payload).digest('base64');
  return encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
}

/** As one of them. */
export function as(street: Street, who: Who, method: Method, path: string, signed: Signed = {}): request.Test {
  return send(street, method, path, { key: street.keys[who].secret.reveal(), ...signed });
}

/** A database that is there, by its id. Returns what the create answered. */
export async function made(street: Street, id: string, who: Who = 'owner') {
  const answer = await worked(street, as(street, who, 'post', '/dbs').send({ id }));
  if (answer.status !== 201) throw new Error(`It was not made: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** A query as the SDK sends it. */
export function query(street: Street, text: string, parameters: unknown[] = [], signed: Signed = {}): request.Test {
  const headers = {
    'x-ms-documentdb-isquery': 'true',
    'content-type': 'application/query+json',
    ...signed.headers,
  };
  return send(street, 'post', '/dbs', { ...signed, headers }).send(JSON.stringify({ query: text, parameters }));
}
