// A Berth as clients of Globo's API meet it: logins in place of tokens, links in place of ids, and curl.
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Answer, type BerthOptions, startBerth, type TestBerth } from '../berth';
import { withClient } from '../journey';
import { testServers } from '../stack';

/** One request of one login. `path` is below the mount, or a link of an answer; `body` is sent as JSON. */
export type Caller = (method: string, path: string, body?: unknown) => Promise<Answer>;

export interface Globo {
  berth: TestBerth;
  /** `admin:123456`, as the vendor's documentation has it: sees what is in quarantine. */
  manager: Caller;
  /** Of the same team, and sees none of that. */
  ordinary: Caller;
  /** Of another team, where it may do everything. */
  stranger: Caller;
}

/** Links of a body to the engine's plan and its environment: in `openGlobo` both have the number 1. */
export const PLACE = { plan: '/api/plan/1/', environment: '/api/environment/1/' };

const MOUNT = '/globo/api';

/** Starts a berth with the three logins, of which `localhost` is Globo's own host. Close `berth` in afterAll. */
export async function openGlobo(options: BerthOptions): Promise<Globo> {
  const env = { BERTH_DIALECT_HOSTS: 'globo=localhost', ...options.env };
  const berth = await startBerth({ ...options, env });
  try {
    await countFromOne(berth);
    const team = await berth.call('POST', '/v1/teams', { name: 'strangers' });
    await berth.call('POST', '/v1/projects', { name: 'theirs', team: team.body.id });
    return {
      berth,
      manager: await openCaller(berth, 'admin', { sees_quarantine: true }),
      ordinary: await openCaller(berth, 'dev'),
      stranger: await openCaller(berth, 'stranger', { sees_quarantine: true, team: team.body.id }),
    };
  } catch (error) {
    await berth.close();
    throw error;
  }
}

/** The plan of this engine is the first, as in the sample data that the vendor's examples are about. */
async function countFromOne({ place, store }: TestBerth): Promise<void> {
  await withClient(store.url, async (client) => {
    await client.query('UPDATE plans SET number = number + 100');
    await client.query('UPDATE plans SET number = 1 WHERE name = $1 AND engine = $2', [place.plan, place.engine]);
  });
}

const PASSWORD = '123456';

async function openCaller(berth: TestBerth, login: string, more: Record<string, unknown> = {}): Promise<Caller> {
  const scopes = ['public', 'admin', 'credentials'];
  const access = { name: login, person: `${login}@example.org`, kind: 'basic', login, password: PASSWORD, scopes };
  const made = await berth.call('POST', '/v1/accesses', { ...access, ...more });
  if (made.status !== 201) throw new Error(`no access was made: ${made.status} ${JSON.stringify(made.body)}`);
  const authorization = `Basic ${Buffer.from(`${login}:${PASSWORD}`).toString('base64')}`;
  return (method, path, body) => {
    const url = path.startsWith('/') ? `${MOUNT}${path}` : path;
    return berth.call(method, url, body, { authorization });
  };
}

/** A database with its first login, as Globo's answers tell of them. */
export interface Made {
  id: number;
  name: string;
  /** `/database/1/` */
  path: string;
  /** Of the login: `/credential/1/`. */
  credential: string;
  user: string;
  password: string;
  /** The endpoint with the login in its place. */
  uri: string;
}

/** Makes a database and has its first login told. Throws where it is not made in time. */
export async function makeDatabase(caller: Caller, name: string): Promise<Made> {
  const made = await caller('POST', '/database/', { ...PLACE, name });
  if (made.status !== 201 || made.body.credentials.length !== 1)
    throw new Error(`it was not made: ${made.status} ${JSON.stringify(made.body)}`);
  const { body } = await caller('GET', made.body.credentials[0]);
  return {
    id: made.body.id,
    name: made.body.name,
    path: `/database/${made.body.id}/`,
    credential: `/credential/${body.id}/`,
    user: body.user,
    password: body.password,
    uri: uriOf(made.body.endpoint, body),
  };
}

/** What a client puts together from two answers. */
export function uriOf(endpoint: string, { password, user }: { password: string; user: string }): string {
  return endpoint.replace('<user>:<password>', `${encodeURIComponent(user)}:${encodeURIComponent(password)}`);
}

/** Why the lines of curl cannot be run here; null when they can. */
export function whyNoCurl(): string | null {
  return spawnSync('curl', ['--version']).error === undefined ? null : 'no curl on this machine';
}

export interface Curl {
  /** Runs a line of a shell as it stands. */
  run(line: string): Promise<Answer & { text: string }>;
  close(): Promise<void>;
}

/** A shell in which `http://localhost:8000` leads to this berth: its curl is told so by its own file of settings. */
export async function openCurl({ apiUrl }: TestBerth): Promise<Curl> {
  const home = await mkdtemp(join(testServers().home, 'curl-'));
  const { hostname, port } = new URL(apiUrl);
  const settings = ['silent', 'show-error', 'include', 'noproxy = "*"', 'max-time = 30'];
  await writeFile(
    join(home, '.curlrc'),
    [...settings, `connect-to = "localhost:8000:${hostname}:${port}"`, ''].join('\n'),
  );
  const env = { PATH: process.env.PATH ?? '', CURL_HOME: home };
  return {
    run: async (line) => parseAnswer((await promisify(execFile)('/bin/sh', ['-c', line], { env })).stdout),
    close: () => rm(home, { recursive: true }),
  };
}

/** The head and the body, as curl prints them. */
function parseAnswer(printed: string): Answer & { text: string } {
  const end = printed.indexOf('\r\n\r\n');
  const [first = '', ...lines] = printed.slice(0, end).split('\r\n');
  const headers = new Headers();
  for (const line of lines) headers.append(line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim());
  const text = printed.slice(end + 4);
  return { status: Number(first.split(' ')[1]), headers, text, body: text === '' ? null : JSON.parse(text) };
}
