// Every example of the document, sent to the real API as it stands: the status, the headers and the body of the answer are
// those that the document tells. Ids become real ones, and a name that was taken by an example before gets a number. What is
// called by its name is what a new Berth has, so that whoever tries an example on one is answered as is shown.
import { ensureFirstRows } from '@berth/actions';
import type { Secret } from '@berth/core';
import { makeToken } from '@berth/secrets';
import { openStore } from '@berth/store';
import { eventually, openTestStore } from '@berth/testing';
import request from 'supertest';
import { claim, makeAccess, makeAccessOf, makeBasicAccess, openTestApi, succeed, type TestApi } from '../api.fixture';
import { furnish, furnishOperated } from '../dialects/native/routes.fixture';
import { complaintsAbout } from '../witness.fixture';
import { successes, type ToldExample, toldExamples, toldRefusals } from './told-examples.fixture';

const EXAMPLES = toldExamples();

let api: TestApi;
let closeStore: () => Promise<void>;
let token: Secret;
let sent = 0;

/** The world that the examples are about: a new Berth with one database. */
beforeAll(async () => {
  const store = await openTestStore();
  closeStore = store.close;
  const seeded = openStore({ url: store.secretUrl, connectionsMax: 1, process: 'examples test' });
  await ensureFirstRows(seeded, makeToken(), 'operator@localhost');
  await seeded.close();
  api = await openTestApi(store.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'credentials', 'operator'] })).token;
  await furnish(api, api.team, 'orders');
});

afterAll(async () => {
  await api?.close();
  await closeStore?.();
});

const send = (method: ToldExample['method'], path: string) =>
  request(api.app)[method](path).set('authorization', `Bearer ${token.reveal()}`);

type Ids = Record<string, string>;

async function newAction(): Promise<Ids> {
  const { body } = await send('post', '/v1/databases').send({ name: `made${sent}` });
  return { action: body.action.id, database: body.database.id };
}

/** What an example is about, where a thing of its noun as it is when it was made will not do. */
const ARRANGED: Record<string, () => Promise<Ids>> = {
  restoreDatabase: quarantined,
  extendQuarantine: quarantined,
  'cancelAction still queued': newAction,
  'cancelAction a running create': async () => {
    const ids = await newAction();
    await claim(api, ids.action ?? '');
    return ids;
  },
  retryAction: async () => {
    const ids = await newAction();
    await api.context.store.actions.fail(await claim(api, ids.action ?? ''), 'engine_refused', 'It refused.');
    return ids;
  },
  readActionEvents: async () => {
    const ids = await furnish(api, api.team, `made${sent}`);
    await api.sql('DELETE FROM events WHERE action_id = $1', [ids.action]); // as retention does in the end
    return ids;
  },
  'rotateAccess of a login': async () => {
    const password = 'a password';
    return { access: (await makeBasicAccess(api, { login: `made${sent}`, password, scopes: ['public'] })).id };
  },
  'rotateAccess of a key': async () => ({
    access: (await makeAccessOf(api, 'cosmos_key', { scopes: ['public'] })).access.id,
  }),
  'rotateAccess of a signer': async () => ({
    access: (await makeAccessOf(api, 'jwt_signer', { scopes: ['public'] })).access.id,
  }),
  deleteGrant: async () => {
    const { credential } = await furnish(api, api.team, `made${sent}`);
    const { database } = await furnish(api, api.team, `other${sent}`);
    const { body } = await send('post', `/v1/credentials/${credential}/grants`).send({ database, role: 'owner' });
    await succeed(api, body.action.id);
    return { credential, database };
  },
};

async function quarantined(): Promise<Ids> {
  const ids = await furnish(api, api.team, `made${sent}`);
  await api.context.store.databases.becomeQuarantined(ids.database, 7);
  return ids;
}

async function arrange({ ids, name, operationId }: ToldExample): Promise<Ids> {
  const arranged = ARRANGED[`${operationId} ${name}`] ?? ARRANGED[operationId];
  if (arranged !== undefined) return arranged();
  if (Object.values(ids).some((id) => /^(db|cred|act)_/.test(id))) return furnish(api, api.team, `made${sent}`);
  return Object.keys(ids).length === 0 ? {} : furnishOperated(api, api.team, `made${sent}`);
}

/** An id of the document says by its prefix what it names. */
const PREFIXES: Record<string, string> = {
  ...{ acc: 'access', act: 'action', cred: 'credential', db: 'database', env: 'environment' },
  ...{ plan: 'plan', pool: 'pool', proj: 'project', srv: 'server', team: 'team' },
};

function pathOf({ ids, template }: ToldExample, real: Ids): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const noun = PREFIXES[(ids[name] ?? '').replace(/_.*/, '')] ?? '';
    const id = real[noun];
    if (id === undefined) throw new Error(`There is no ${noun} for ${template}.`);
    return id;
  });
}

/** Names that examples took, or that they are about, behind what they name. */
const taken = new Set(['/v1/databases orders']);

/** As it stands where no example took it before: on a new Berth nothing else has it. */
function nameFor(template: string, name: string): string {
  const place = `${template.replace(/\/\{.*/, '')} ${name}`;
  if (taken.has(place)) return `${name}-${sent}`;
  taken.add(place);
  return name;
}

/** The body with names and hosts that no example took before. */
function bodyOf({ body, template }: ToldExample): object | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const renewed = Object.entries(body).map(([field, value]) => {
    if (field === 'name' || field === 'username') return [field, nameFor(template, String(value))];
    return [field, field === 'admin_url' ? String(value).replace('pg-1', `pg-${sent}`) : value];
  });
  return Object.fromEntries(renewed);
}

/** The newest action; for one that is waited for to be ended as a worker would. */
async function newestAction(): Promise<string> {
  const { data } = await api.context.store.actions.list({}, { cursor: null, limit: 1 });
  return data[0]?.id ?? '';
}

async function answerTo(example: ToldExample): Promise<request.Response> {
  const path = pathOf(example, await arrange(example));
  const before = await newestAction();
  const call = send(example.method, path).query(example.query).set(example.headers).send(bodyOf(example));
  const answer = call.then((response) => response);
  if (example.headers.Prefer !== undefined) {
    const id = await eventually(async () => {
      const newest = await newestAction();
      return newest !== before && newest;
    });
    await succeed(api, id);
  }
  return answer;
}

/** What an example says of an action that holds for the real one as well; null without an action. */
function actionIn(answer: unknown): object | null {
  const { action } = Object(answer);
  if (action === undefined) return null;
  return { kind: action.kind, state: action.state, steps: action.steps.map(({ name }: { name: string }) => name) };
}

const NAMED = EXAMPLES.map((each): [string, ToldExample] => [
  `${each.operationId}: ${each.name}, ${each.status}`,
  each,
]);

test.each(NAMED)('%s', async (_, example) => {
  sent += 1;
  const { status, headers, body, text, request: asked } = await answerTo(example);
  expect([status, status === example.status ? null : body]).toEqual([example.status, null]);
  expect(actionIn(body)).toEqual(actionIn(example.answer?.value));
  expect((headers['content-type'] ?? '').replace(/;.*/, '')).toBe(example.answer?.type ?? '');
  const { pathname: path } = new URL(asked.url);
  expect(complaintsAbout({ method: example.method.toUpperCase(), path, status, headers, text })).toEqual([]);
});

test('every success that is documented has an example', () => {
  const shown = EXAMPLES.map(({ method, status, template }) => `${method.toUpperCase()} ${template} ${status}`);
  expect(successes().filter((success) => !shown.includes(success))).toEqual([]);
});

test.each(NAMED.filter(([, { answer }]) => answer?.type === 'application/json'))(
  'what is shown for %s is what may be answered',
  (_, { answer, ids, method, status, template }) => {
    const path = template.replace(/\{(\w+)\}/g, (__, name: string) => ids[name] ?? '');
    const headers = { 'content-type': 'application/json', location: path };
    const shown = { method: method.toUpperCase(), path, status, headers, text: JSON.stringify(answer?.value) };
    expect(complaintsAbout(shown).filter((each) => !each.includes('location is not documented'))).toEqual([]);
  },
);

test('what is shown for refusals is what the API says of the code', () => {
  expect(toldRefusals().length).toBeGreaterThan(20);
  for (const { component, type, value } of toldRefusals()) {
    const [status = ''] = component.split('.');
    expect([type, value]).toEqual([
      'application/problem+json',
      expect.objectContaining({ status: Number(status), code: expect.stringMatching(/^[a-z_]+$/) }),
    ]);
  }
});
