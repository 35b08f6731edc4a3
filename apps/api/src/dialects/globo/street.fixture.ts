// The API's fixture as this face sees it: callers with a login and a password.
import type { Scope } from '@berth/core';
import type { Store, Team } from '@berth/store';
import { openTestStore } from '@berth/testing';
import request from 'supertest';
import { addEnvironment, makeBasicAccess, openTestApi, type TestApi } from '../../api.fixture';
import { type Hand, refuseAny, succeedAny, worked } from '../../hand.fixture';

export const API = '/globo/api';

/** A login and its password. `manager` sees what is in quarantine; `stranger` is of the other team. */
export const LOGINS = {
  manager: ['admin', '123456'],
  ordinary: ['dev', 'dev-123456'],
  stranger: ['stranger', 'stranger-1'],
  reader: ['reader', 'reader-123'],
} as const;

export type Login = keyof typeof LOGINS;

export interface Street extends TestApi {
  store: Store;
  storeUrl: string;
  productionId: string;
  /** Links as a body names them. */
  plan: string;
  environment: string;
  production: string;
}

/** Opens all of it over a store of its own; `close` closes the store too. */
export async function openStreet(): Promise<Street> {
  const testStore = await openTestStore();
  const api = await openTestApi(testStore.secretUrl);
  const { store } = api.context;
  const productionId = await addEnvironment(api, 'production');
  const all: Scope[] = ['public', 'admin', 'credentials'];
  await addLogin(api, 'manager', all, api.team, true);
  await addLogin(api, 'ordinary', all, api.team, false);
  await addLogin(api, 'stranger', all, api.otherTeam, true);
  await addLogin(api, 'reader', ['public'], api.team, false);
  const plan = await store.catalog.findPlan('small', 'postgresql');
  const environments = await store.catalog.listEnvironments();
  const numberOf = (id: string) => environments.find((each) => each.id === id)?.number ?? 0;
  return {
    ...api,
    store,
    storeUrl: testStore.url,
    productionId,
    plan: `/api/plan/${plan?.number}/`,
    environment: `/api/environment/${numberOf(api.environmentId)}/`,
    production: `/api/environment/${numberOf(productionId)}/`,
    async close() {
      await api.close();
      await testStore.close();
    },
  };
}

async function addLogin(api: TestApi, which: Login, scopes: Scope[], team: Team, seesQuarantine: boolean) {
  const [login, password] = LOGINS[which];
  await makeBasicAccess(api, { login, password, scopes, team, seesQuarantine, hasDefaults: false });
}

/** As the vendor's examples have it; of every address in an answer. */
export const HOST = 'localhost:8000';

/** Requests with this login. */
export function as({ app }: Street, which: Login = 'ordinary') {
  const [login, password] = LOGINS[which];
  return request.agent(app).auth(login, password).set('Host', HOST);
}

export { type Hand, refuseAny, succeedAny, worked };

/** A database that is there, by its name. Returns what the create answered. */
export async function made(street: Street, name: string, which: Login = 'ordinary') {
  const { environment, plan } = street;
  const answer = await worked(street, as(street, which).post(`${API}/database/`).send({ name, plan, environment }));
  if (answer.status !== 201) throw new Error(`It was not made: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The path that a link of an answer leads to. */
export function pathOf(url: string): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
