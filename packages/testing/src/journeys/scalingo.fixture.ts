// A Berth as clients of Scalingo's API meet it: the product's npm client as it is published, and what go-scalingo asks in turn.
import { type Client, clientFromToken } from 'scalingo';
import { type Answer, type BerthOptions, startBerth, type TestBerth } from '../berth';
import { eventually } from '../eventually';

/** One team's caller: its npm client, and requests by the token that this one exchanged. */
export interface Caller {
  client: Client;
  /** `path` is below the mount; `token` in place of the exchanged one. */
  ask(method: string, path: string, body?: unknown, token?: string): Promise<Answer>;
}

export interface Scalingo {
  berth: TestBerth;
  owner: Caller;
  /** Of another team, where it may do everything. */
  stranger: Caller;
}

const MOUNT = '/scalingo';

/** Starts a berth with two signers. Close `berth` in afterAll. */
export async function openScalingo(options: BerthOptions): Promise<Scalingo> {
  const berth = await startBerth(options);
  try {
    const team = await berth.call('POST', '/v1/teams', { name: 'strangers' });
    await berth.call('POST', '/v1/projects', { name: 'theirs', team: team.body.id });
    return {
      berth,
      owner: await openCaller(berth, {}),
      stranger: await openCaller(berth, { team: team.body.id }),
    };
  } catch (error) {
    await berth.close();
    throw error;
  }
}

async function openCaller(berth: TestBerth, more: { team?: string }): Promise<Caller> {
  const { environment } = berth.place;
  const access = {
    ...{ kind: 'jwt_signer', name: 'ci', person: 'ci@example.org', scopes: ['public', 'admin', 'credentials'] },
    defaults: { environment },
    ...more,
  };
  const made = await berth.call('POST', '/v1/accesses', access);
  if (made.status !== 201) throw new Error(`no access was made: ${made.status} ${JSON.stringify(made.body)}`);
  const url = `${berth.apiUrl}${MOUNT}`;
  const client = await clientFromToken(made.body.token, { apiUrl: url, authApiUrl: url });
  return {
    client,
    ask: (method, path, body, token = String(Reflect.get(client, '_token'))) =>
      berth.call(method, `${MOUNT}${path}`, body, { authorization: `Bearer ${token}` }),
  };
}

/** What a client in Go knows of a database after its chain of requests. */
export interface Chained {
  addon: string;
  /** Of the Database API. */
  token: string;
  status: string;
  deployed: Answer['body'];
}

/** List, addons, app, the addon's token, what is deployed: `scalingo database-info`, request by request. Null where it is not listed. */
export async function chain({ ask }: Caller, name: string): Promise<Chained | null> {
  const { body: list } = await ask('GET', '/v1/databases?');
  const database = list.databases.find((each: { name: string }) => each.name === name);
  if (database === undefined) return null;
  const { body: addons } = await ask('GET', `/v1/apps/${database.id}/addons?`);
  const addon = addons.addons[0].id;
  await ask('GET', `/v1/apps/${name}?`);
  const { body: made } = await ask('POST', `/v1/apps/${database.id}/addons/${addon}/token`, {});
  const { token } = made.addon;
  const { body: deployed } = await ask('GET', `/api/databases/${addon}?`, undefined, token);
  return { addon, token, status: deployed.database.status, deployed: deployed.database };
}

/** As `scalingo database-create --wait` does. */
export async function waitUntilRunning(caller: Caller, name: string): Promise<Chained> {
  let seen: Chained | null = null;
  await eventually(
    async () => {
      seen = await chain(caller, name);
      return seen?.status === 'running';
    },
    { what: `${name} to be running` },
  );
  if (seen === null) throw new Error(`${name} is not listed`);
  return seen;
}
