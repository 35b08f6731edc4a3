// A team that tries another team's ids and names wherever a request may hold one: in paths, queries and bodies. It is
// answered to the letter as it is for what was never there, and nothing changes. A field that is added is tried by itself.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { newId, type Secret } from '@berth/core';
import { openTestStore, type TestStore } from '@berth/testing';
import { withClient } from '@berth/testing/journey';
import request from 'supertest';
import { makeAccess, openTestApi, type TestApi } from '../../api.fixture';
import { listen } from '../../http/listen';
import { bearer, furnish, type Noun, type Row, TABLE, type Things } from './routes.fixture';

/** What belongs to one team. Environments, plans and pools are everybody's; servers are the operators'. */
const NOUNS = ['database', 'credential', 'action', 'project', 'access', 'team'] as const;

/** Of the other team, one of its projects, and its database. */
const NAME = 'secretive';

let testStore: TestStore;
let api: TestApi;
let token: Secret;
let own: Things;
let theirs: Things;
let door: Awaited<ReturnType<typeof listen>>;

beforeAll(async () => {
  testStore = await openTestStore();
  api = await openTestApi(testStore.secretUrl);
  token = (await makeAccess(api, { scopes: ['public', 'admin', 'credentials'] })).token;
  const { catalog } = api.context.store;
  const team = await catalog.ensureTeam(NAME);
  for (const project of ['default', NAME]) await catalog.ensureProject(team.id, project);
  own = await furnish(api, api.team, 'mine');
  theirs = await furnish(api, team, NAME);
  door = await listen(api.app, '127.0.0.1', 0);
});
afterAll(async () => {
  await door?.close();
  await api?.close();
  await testStore?.close();
});

/** Every field of a body or query that may hold a name or an id, as the schemas of this folder have it. */
function referenceFields(): string[] {
  const files = readdirSync(__dirname).filter((name) => /^[a-z-]+\.ts$/.test(name));
  const texts = files.map((name) => readFileSync(join(__dirname, name), 'utf8'));
  const fields = texts.flatMap((text) => [
    ...text.matchAll(/(\w+): (?:z\.array\()?(?:reference|idOf|choice|ofThe|ofName)\b/g),
  ]);
  return [...new Set(fields.map(([, name = '']) => name))].sort();
}

/** What is there and theirs, and what nobody has, alike but for that. */
interface Pair {
  theirs: string;
  nobodys: string;
}

const idPair = (noun: Noun): Pair => ({ theirs: theirs[noun], nobodys: newId(noun) });
/** What a field of this name might refer to. */
function pairsFor(field: string): Pair[] {
  const noun = NOUNS.find((each) => field.startsWith(each)) ?? 'database';
  return [idPair(noun), { theirs: NAME, nobodys: 'unknownxx' }];
}

/** The end of the log: it moves on with every transaction of the server. */
const HEAD = /(?<="next_cursor":")[\w-]+(?=")/;

/** Everything but the time, of an answer in which the tried word is made alike. The length says what the text does. */
async function answerOf(sent: request.Test, tried: string): Promise<unknown> {
  const { status, headers, text } = await sent;
  const { date: _, etag: __, 'content-length': ___, ...rest } = headers;
  return JSON.parse(JSON.stringify({ status, rest, text: text.replace(HEAD, 'HEAD') }).replaceAll(tried, 'TRIED'));
}

const send = (row: Row, path: string, body: object | undefined) =>
  request(door.url)[row.method](`/v1${path}`).set(bearer(token)).send(body);

/** The path of a row about one's own things, or with another id where `:id` stands. */
const pathOf = ({ noun, path, query }: Row, id = noun === null ? '' : own[noun], databaseId = own.database) =>
  `${path.replace(':id', id).replace(':database_id', databaseId)}${query ?? ''}`;

const OPEN = TABLE.filter(({ scopes }) => scopes.some((scope) => scope !== 'operator'));
const ROWS = OPEN.map((row): [string, Row] => [`${row.method} ${row.path}`, row]);

interface Attempt {
  what: string;
  pair: Pair;
  send(word: string): request.Test;
}

/** The requests that a row can be tried with, each with something of the pair. */
async function attemptsOf(row: Row): Promise<Attempt[]> {
  const attempts: Attempt[] = NOUNS.filter((noun) => noun === row.noun).map((noun) => ({
    what: `the id of ${noun}`,
    pair: idPair(noun),
    send: (word) => send(row, pathOf(row, word), row.body),
  }));
  if (row.path.includes(':database_id')) {
    const beside = (word: string) => send(row, pathOf(row, undefined, word), row.body);
    attempts.push({ what: 'the database beside it', pair: idPair('database'), send: beside });
  }
  for (const field of referenceFields()) {
    const sendField = (word: string) => sendWith(row, field, word);
    const { body } = await sendField('');
    if (JSON.stringify(body.errors).includes('is not known here')) continue;
    if (field === 'name' && row.method !== 'get') continue; // that is a new one
    attempts.push(...pairsFor(field).map((pair) => ({ what: `${field} ${pair.theirs}`, pair, send: sendField })));
  }
  return attempts;
}

/** Its request with one more field, in the body where there is one, else in the query. */
function sendWith(row: Row, field: string, word: string): request.Test {
  const path = pathOf(row);
  if (row.method === 'post' || row.method === 'patch') return send(row, path, { ...row.body, [field]: word });
  return send(row, `${path}${path.includes('?') ? '&' : '?'}${field}=${word}`, undefined);
}

const TABLES = ['teams', 'projects', 'databases', 'credentials', 'grants', 'actions', 'events', 'idempotency_keys'];
const everything = () =>
  withClient(testStore.url, async (client) => {
    const texts = TABLES.map((table) => `(SELECT json_agg(t::text ORDER BY t::text) FROM ${table} t) AS ${table}`);
    return (await client.query(`SELECT ${texts.join(', ')}`)).rows[0];
  });

/** What was tried, by route. */
const tried = new Map<string, string[]>();

test.each(ROWS)('%s', async (name, row) => {
  const before = await everything();
  const attempts = await attemptsOf(row);
  for (const { what, pair, send: attempt } of attempts) {
    const answers = [pair.theirs, pair.nobodys].map((word) => answerOf(attempt(word), word));
    const [answer, same] = await Promise.all(answers);
    expect([what, answer]).toEqual([what, same]);
  }
  expect(await everything()).toEqual(before);
  tried.set(name, [...new Set(attempts.map(({ what }) => what.split(' ')[0] ?? ''))]);
});

test('fields were found and tried, not passed over', () => {
  expect(tried.get('post /databases')).toEqual(['engine', 'environment', 'plan', 'pool', 'project']);
  expect(tried.get('patch /databases/:id')).toEqual(expect.arrayContaining(['the', 'plan', 'project']));
  expect(tried.get('post /credentials/:id/grants')).toEqual(['the', 'database']);
  expect(tried.get('get /actions')).toEqual(['database_id']);
  expect(tried.get('get /events')).toEqual(['action_id', 'credential_id', 'database_id', 'server_id']);
  expect(tried.get('get /projects')).toEqual(['name', 'team']);
});
