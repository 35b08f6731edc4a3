// The API's fixture as this face sees it: callers with a token that was exchanged, and what Go clients read of an answer.
import type { Scope } from '@berth/core';
import type { Access, Store } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeAccessOf, openTestApi, type TestApi } from '../../api.fixture';
import { worked } from '../../hand.fixture';

export const API = '/scalingo';
export const HOST = 'api.example.org';

/** `stranger` is of the other team; `reader` may only read; `limited` reaches one project. */
export type Who = 'owner' | 'stranger' | 'reader' | 'limited';

export interface Signer {
  access: Access;
  /** What operators gave out. */
  token: string;
  /** What it was exchanged for. */
  bearer: string;
}

export interface Street extends TestApi {
  store: Store;
  storeUrl: string;
  signers: Record<Who, Signer>;
  /** Of the second project of the team: `limited` reaches this one alone. */
  secondProjectId: string;
  productionId: string;
}

const ALL: Scope[] = ['public', 'admin', 'credentials'];

/** Opens all of it over a store of its own; `close` closes the store too. */
export async function openStreet(): Promise<Street> {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl);
  const { store } = api.context;
  const productionId = await addEnvironment(api, 'production');
  const second = await store.catalog.findProject(api.team.id, 'second');
  await store.catalog.ensurePlan({
    name: 'postgresql-starter-512',
    engine: 'postgresql',
    sizeBytesMax: 512n * 1024n ** 2n,
    connectionsMax: 10,
  });
  return {
    ...api,
    store,
    storeUrl: testStore.url,
    productionId,
    secondProjectId: second?.id ?? '',
    signers: {
      owner: await makeSigner(api, ALL),
      stranger: await makeSigner(api, ALL, { team: api.otherTeam }),
      reader: await makeSigner(api, ['public']),
      limited: await makeSigner(api, ALL, { limits: { project: 'second' }, hasDefaults: false }),
    },
    async close() {
      await api.close();
      await testStore.close();
    },
  };
}

/** A signer, exchanged once. */
export async function makeSigner(
  api: TestApi,
  scopes: Scope[],
  more: Partial<Parameters<typeof makeAccessOf>[2]> = {},
): Promise<Signer> {
  const { access, secret } = await makeAccessOf(api, 'jwt_signer', { scopes, ...more });
  const token = secret.reveal();
  const { body, status } = await exchange(api, token);
  if (status !== 200) throw new Error(`It was not exchanged: ${status} ${JSON.stringify(body)}`);
  return { access, token, bearer: body.token };
}

/** As go-scalingo asks. */
export function exchange({ app }: TestApi, token: string) {
  return request(app).post(`${API}/v1/tokens/exchange`).auth('', token).set('Host', HOST).send({});
}

/** Requests with this token: one that was exchanged, unless another is given. */
export function as({ app, signers }: Street, who: Who | { bearer: string } = 'owner') {
  const { bearer } = typeof who === 'string' ? signers[who] : who;
  return request.agent(app).set('Authorization', `Bearer ${bearer}`).set('Host', HOST);
}

/** A database that is there, by its name. Returns what the create answered. */
export async function made(street: Street, name: string, who: Who = 'owner', more: object = {}) {
  const database = { name, technology: 'postgresql', plan: 'small', ...more };
  const answer = await as(street, who).post(`${API}/v1/databases`).send({ database });
  if (answer.status !== 201) throw new Error(`It was not made: ${answer.status} ${answer.text}`);
  await settled(street);
  return answer.body.database;
}

/** Does everything that was asked for. */
export async function settled(street: Street): Promise<void> {
  await worked(street, as(street).get(`${API}/v1/users/self`));
}

/** The addon of a database, and the address of its Database API. */
export async function addonOf(street: Street, name: string, who: Who = 'owner') {
  const { body } = await as(street, who).get(`${API}/v1/apps/${name}/addons`).expect(200);
  const [addon] = body.addons;
  return { ...addon, path: `${API}/api/databases/${addon.id}` };
}
