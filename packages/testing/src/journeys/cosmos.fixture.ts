// A Berth as clients of Azure Cosmos DB meet it: npm's @azure/cosmos as it is, with an endpoint and a key.
import { createHmac } from 'node:crypto';
import { CosmosClient } from '@azure/cosmos';
import { type BerthOptions, startBerth, type TestBerth } from '../berth';

export interface Cosmos {
  berth: TestBerth;
  /** Under the mount. */
  prefixed: CosmosClient;
  /** On a host of its own. */
  hosted: CosmosClient;
  /** Of another team, where it may do everything. */
  stranger: CosmosClient;
  /** A request as older clients send it: a path with a doubled slash, signed by hand. Returns its status. */
  getDoubled(url: string, link: string): Promise<number>;
  /** What opens a database of this name, as a token of the same team is told it. */
  openingOf(name: string): Promise<string>;
  close(): Promise<void>;
}

/** Starts a berth with a key for each of two teams, of which `localhost` is Cosmos DB's own host. Close it in afterAll. */
export async function openCosmos(options: BerthOptions): Promise<Cosmos> {
  const env = { BERTH_DIALECT_HOSTS: 'cosmos=localhost', ...options.env };
  const berth = await startBerth({ ...options, env });
  const clients: CosmosClient[] = [];
  const close = async () => {
    for (const client of clients) client.dispose();
    await berth.close();
  };
  const open = (endpoint: string, key: string) => {
    const client = new CosmosClient({ endpoint, key });
    clients.push(client);
    return client;
  };
  try {
    const { port } = new URL(berth.apiUrl);
    const mount = `${berth.apiUrl}/cosmos`;
    const [own, theirs] = [await makeKey(berth), await makeKey(berth, await makeTeam(berth))];
    return {
      berth,
      prefixed: open(mount, own),
      hosted: open(`http://localhost:${port}/`, own),
      stranger: open(mount, theirs),
      getDoubled: (url, link) => getSigned(own, url, link),
      openingOf: (name) => openingOf(berth, name),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Operators make keys; where databases go is said there. */
export async function makeKey({ call, place }: TestBerth, team?: string): Promise<string> {
  const { body: projects } = await call('GET', `/v1/projects${team === undefined ? '' : `?team=${team}`}`);
  const made = await call('POST', '/v1/accesses', {
    kind: 'cosmos_key',
    name: 'cosmos-client',
    person: 'client@example.org',
    scopes: ['public', 'admin'],
    defaults: { ...place, project: team === undefined ? projects.data[0].id : 'theirs' },
    ...(team !== undefined && { team }),
  });
  if (made.status !== 201) throw new Error(`no key was made: ${made.status} ${JSON.stringify(made.body)}`);
  return made.body.key;
}

async function getSigned(key: string, url: string, link: string): Promise<number> {
  const date = new Date().toUTCString();
  const signature = createHmac('sha256', Buffer.from(key, 'base64'))
    .update(`get\ndbs\n${link}\n${date.toLowerCase()}\n\n`)
    .digest('base64');
  const authorization = encodeURIComponent(`type=master&ver=1.0&sig=${signature}`);
  const headers = { authorization, 'x-ms-date': date, 'x-ms-version': '2018-09-17' };
  const { status, body } = await fetch(url, { headers });
  await body?.cancel();
  return status;
}

async function makeTeam({ call }: TestBerth): Promise<string> {
  const { body } = await call('POST', '/v1/teams', { name: 'strangers' });
  await call('POST', '/v1/projects', { name: 'theirs', team: body.id });
  return body.id;
}

async function openingOf({ call }: TestBerth, name: string): Promise<string> {
  const { body: databases } = await call('GET', `/v1/databases?name=${encodeURIComponent(name)}`);
  const { body: credentials } = await call('GET', `/v1/databases/${databases.data[0].id}/credentials`);
  const { body } = await call('GET', `/v1/credentials/${credentials.data[0].id}?reveal=true`);
  return body.uri;
}
