// What each kind refuses when it is asked for: with its code, naming what stands against it, and with nothing written.
import { inspect } from 'node:util';
import { codeOf, Secret } from '@berth/core';
import { hashToken, makeToken } from '@berth/secrets';
import type { Access } from '@berth/store';
import { testServers } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import type { Kind } from '../kind';
import { request } from '../request';
import {
  credentialCreate,
  credentialDelete,
  credentialReset,
  databaseCreate,
  databaseDelete,
  serverPreflight,
} from '.';

let journey: Journey;
let count = 0;

beforeAll(async () => {
  journey = await openJourney();
});
afterAll(() => journey?.close());

const TABLES = ['actions', 'databases', 'credentials', 'grants', 'servers', 'events', 'steps'];

/** Every row of every table that a request could write to. */
async function everything(): Promise<string> {
  return withClient(journey.storeUrl, async (client) => {
    const texts: string[] = [];
    for (const table of TABLES) {
      const { rows } = await client.query(`SELECT t::text FROM ${table} t ORDER BY 1`);
      texts.push(JSON.stringify(rows));
    }
    return texts.join('\n');
  });
}

/** What the request throws; it must have written nothing. */
async function refusal<Input>(kind: Kind<Input>, input: Input, access: Access | null = journey.access) {
  const before = await everything();
  const error: unknown = await request(journey.context, kind, input, access).catch((thrown) => thrown);
  expect(error).toBeInstanceOf(Error);
  expect(await everything()).toBe(before);
  return error;
}

function name(): string {
  count += 1;
  return `refused_${process.pid}_${count}`;
}

/** An access of another team, or of this one with limits. */
async function otherAccess(change: Partial<Access> = {}, teamName = 'other'): Promise<Access> {
  const { accesses, catalog } = journey.context.store;
  const team = await catalog.ensureTeam(teamName);
  const project = await catalog.ensureProject(team.id, 'default');
  const what = { name: 'other', person: 'p', scopes: [], expiresAt: null, secretHash: hashToken(makeToken()) };
  const { default_plan_id: planId, default_environment_id: environmentId } = journey.access;
  const defaults = {
    engine: 'postgresql',
    projectId: project.id,
    ...(planId !== null && { planId }),
    ...(environmentId !== null && { environmentId }),
  };
  return { ...(await accesses.ensureBearer({ teamId: team.id, ...what, defaults })), ...change };
}

async function made(ended = true) {
  const action = await journey.requestDatabase(name());
  if (ended) expect(await journey.runHere(action.id)).toMatchObject({ state: 'succeeded' });
  return { actionId: action.id, databaseId: action.database_id ?? '', credentialId: action.credential_id ?? '' };
}

const drop = (databaseId: string) => request(journey.context, databaseDelete, { databaseId }, journey.access);

describe('database_create', () => {
  it('of a name that is taken, reserved, or not to be placed', async () => {
    const taken = name();
    await journey.requestDatabase(taken);
    const create = (input: Partial<Parameters<typeof databaseCreate.plan>[1]>) =>
      refusal(databaseCreate, { name: name(), ownerLogin: 'auto', ...input });
    expect(await create({ name: taken })).toMatchObject({ code: 'name_taken', fields: [{ field: 'name' }] });
    for (const reserved of ['postgres', 'template1', 'Public', 'pg_x', 'berth_canary', 'berth_x']) {
      expect(await create({ name: reserved })).toMatchObject({ code: 'invalid_request', fields: [{ field: 'name' }] });
    }
    expect(await create({ environment: 'production' })).toMatchObject({
      code: 'no_room',
      fields: [{ field: 'engine' }],
    });
    expect(await create({ pool: 'postgresql-production' })).toMatchObject({ code: 'disagree' });
    expect(await create({ serverId: 'srv_unknown' })).toMatchObject({ code: 'no_server' });
    expect(await create({ plan: 'huge' })).toMatchObject({ code: 'unknown_reference' });
  });

  it('of a name that the engine reserves or has itself, unless it may be called otherwise there', async () => {
    const names = ['postgres', 'template1', 'berth_canary', 'pg_x'];
    for (const name of names) {
      expect(await refusal(databaseCreate, { ownerLogin: 'auto', name })).toMatchObject({ code: 'invalid_request' });
    }
    for (const name of names) {
      const input = { ownerLogin: 'auto', mayBeReserved: true, name } as const;
      const { database_id } = await request(journey.context, databaseCreate, input, journey.access);
      const row = await journey.context.store.databases.find(database_id ?? '');
      expect(row).toMatchObject({ name, engine_name: expect.stringMatching(new RegExp(`^(db_)?${name}_.{5}$`)) });
    }
  });

  it('on a server that is not active', async () => {
    const { storeUrl, serverId } = journey;
    const set = (state: string) =>
      withClient(storeUrl, (client) => client.query('UPDATE servers SET state = $1', [state]));
    for (const state of ['unchecked', 'draining', 'offline']) {
      await set(state);
      const input = { name: name(), ownerLogin: 'auto' as const };
      expect(codeOf(await refusal(databaseCreate, input))).toBe('no_room');
      expect(codeOf(await refusal(databaseCreate, { ...input, serverId }))).toBe('no_server');
    }
    await set('active');
  });
});

describe('what a delete stands against', () => {
  it('everything that is asked of its database or its logins, naming the delete', async () => {
    const { databaseId, credentialId } = await made();
    const standing = await drop(databaseId);
    const named = { code: 'contradicts', actionId: standing.id };
    expect(await refusal(databaseDelete, { databaseId })).toMatchObject(named);
    expect(await refusal(credentialCreate, { databaseId })).toMatchObject(named);
    expect(await refusal(credentialReset, { credentialId })).toMatchObject(named);
    expect(await refusal(credentialDelete, { credentialId })).toMatchObject(named);
    await journey.runHere(standing.id);
    for (const each of [
      await refusal(databaseDelete, { databaseId }),
      await refusal(credentialCreate, { databaseId }),
      await refusal(credentialReset, { credentialId }),
      await refusal(credentialDelete, { credentialId }),
    ]) {
      expect(codeOf(each)).toBe('not_found');
    }
  });

  it('of a login: a reset and a second delete of it, and nothing else', async () => {
    const { databaseId, credentialId } = await made();
    const standing = await request(journey.context, credentialDelete, { credentialId }, journey.access);
    const named = { code: 'contradicts', actionId: standing.id };
    expect(await refusal(credentialReset, { credentialId })).toMatchObject(named);
    expect(await refusal(credentialDelete, { credentialId })).toMatchObject(named);
    await request(journey.context, credentialCreate, { databaseId }, journey.access);
    await drop(databaseId);
  });
});

describe('a database that is protected', () => {
  it('is not deleted; its logins are made and reset as ever', async () => {
    const { databaseId, credentialId } = await made();
    await withClient(journey.storeUrl, (client) =>
      client.query('UPDATE databases SET protected = true WHERE id = $1', [databaseId]),
    );
    expect(codeOf(await refusal(databaseDelete, { databaseId }))).toBe('protected');
    await request(journey.context, credentialReset, { credentialId }, journey.access);
    await request(journey.context, credentialCreate, { databaseId }, journey.access);
  });
});

describe('a credential', () => {
  it('that failed for good cannot be reset, only deleted', async () => {
    const { actionId, credentialId } = await made(false);
    const { store } = journey.context;
    const claimed = await store.actions.claim(actionId, 'worker');
    if (claimed !== null) await store.actions.fail(claimed, 'engine_refused', 'no');
    await store.credentials.becomeFailed(credentialId);
    expect(codeOf(await refusal(credentialReset, { credentialId }))).toBe('contradicts');
    await request(journey.context, credentialDelete, { credentialId }, journey.access);
  });

  it('of a taken or reserved name is refused by its field', async () => {
    const { databaseId } = await made();
    const username = name();
    await request(journey.context, credentialCreate, { databaseId, username }, journey.access);
    const field = { fields: [{ field: 'username' }] };
    expect(await refusal(credentialCreate, { databaseId, username })).toMatchObject({ code: 'name_taken', ...field });
    for (const reserved of ['postgres', 'pg_monitor', 'public', 'none', 'berth_x']) {
      const refused = await refusal(credentialCreate, { databaseId, username: reserved });
      expect(refused).toMatchObject({ code: 'invalid_request', ...field });
    }
  });
});

describe("another team's things, and what is outside an access's limits", () => {
  it('are as unknown as what was never there', async () => {
    const { databaseId, credentialId } = await made();
    const { team_id: teamId } = journey.access;
    const second = await journey.context.store.catalog.ensureProject(teamId, 'second');
    const production = await journey.context.store.catalog.ensureEnvironment('production');
    const accesses = [
      await otherAccess(),
      { ...journey.access, limit_project_id: second.id },
      { ...journey.access, limit_environment_id: production.id },
    ];
    const messages = new Set<string>();
    for (const access of accesses) {
      for (const [databaseRef, credentialRef] of [
        [databaseId, credentialId],
        ['db_unknown', 'cred_unknown'],
      ] as const) {
        const refused = [
          await refusal(databaseDelete, { databaseId: databaseRef }, access),
          await refusal(credentialCreate, { databaseId: databaseRef }, access),
          await refusal(credentialReset, { credentialId: credentialRef }, access),
          await refusal(credentialDelete, { credentialId: credentialRef }, access),
        ];
        for (const each of refused) {
          expect(codeOf(each)).toBe('not_found');
          messages.add(String(each).replaceAll(databaseRef, 'ID').replaceAll(credentialRef, 'ID'));
        }
      }
    }
    expect(messages.size).toBe(2); // one sentence for databases, one for credentials, whoever asks for whatever
  });

  it('do not keep their names from this team', async () => {
    const access = await otherAccess();
    const taken = name();
    await journey.requestDatabase(taken);
    const input = { name: taken, ownerLogin: 'auto' as const };
    expect(await request(journey.context, databaseCreate, input, access)).toMatchObject({ state: 'queued' });
  });
});

describe('several logins of a new database, or several databases of a new login', () => {
  /** One more active server of the pool, on which nothing is ever run. */
  async function secondServer(): Promise<string> {
    const { servers } = journey.context.store;
    const first = await servers.find(journey.serverId);
    const id = servers.newId();
    const place = { host: `${id}.example.org`, port: 5432, tls: 'require', adminSealed: 'sealed', sizeBytesMax: null };
    await servers.insert({ id, name: id, engine: 'postgresql', poolId: first?.pool_id ?? '', ...place });
    await servers.becomeChecked(id, { identity: id, version: '18', connectionsMax: 100, cannot: [] });
    return id;
  }

  const owners = (...ids: string[]) => ids.map((credentialId) => ({ credentialId, role: 'owner' as const }));
  const given = (logins: ReturnType<typeof owners>, change: object = {}, access = journey.access) => {
    const input = { name: name(), ownerLogin: 'none' as const, serverId: journey.serverId, logins, ...change };
    return refusal(databaseCreate, input, access);
  };
  const unknown = (...indexes: number[]) => ({
    code: 'unknown_reference',
    fields: indexes.map((index) => ({ field: `logins.${index}` })),
  });

  it('are named by their places where they are unknown, whosever they are', async () => {
    const { credentialId, databaseId } = await made();
    const theirs = await request(
      journey.context,
      databaseCreate,
      { name: name(), ownerLogin: 'auto' },
      await otherAccess(),
    );
    const [theirLogin, theirDatabase] = [theirs.credential_id ?? '', theirs.database_id ?? ''];
    const messages = new Set<string>();
    for (const id of ['cred_unknown', '', 'db_x', 'a\u0000', theirLogin]) {
      const refused = await given(owners(credentialId, id));
      expect(refused).toMatchObject(unknown(1));
      messages.add(inspect(refused).replaceAll(/^ +at .*$/gm, ''));
    }
    expect(messages.size).toBe(1);
    expect(await given(owners('cred_a', credentialId, 'cred_b'))).toMatchObject(unknown(0, 2));
    const second = await journey.context.store.catalog.ensureProject(journey.access.team_id, 'second');
    const limited = { ...journey.access, limit_project_id: second.id, default_project_id: second.id };
    expect(await given(owners(credentialId), {}, limited)).toMatchObject(unknown(0));
    for (const id of ['db_unknown', '', 'a\u0000', theirDatabase]) {
      const wrong = { code: 'unknown_reference', fields: [{ field: 'alsoIn.0' }] };
      expect(await refusal(credentialCreate, { databaseId, alsoIn: [id] })).toMatchObject(wrong);
    }
  });

  it('that were never made, are on their way out or shut are no logins to give', async () => {
    const [failed, leaving, shut] = [await made(), await made(), await made()];
    await journey.context.store.transaction((tx) => tx.credentials.acceptDelete(leaving.credentialId));
    await request(journey.context, credentialDelete, { credentialId: leaving.credentialId }, journey.access);
    await withClient(journey.storeUrl, (client) =>
      client.query(`UPDATE credentials SET state = 'failed' WHERE id = $1`, [failed.credentialId]),
    );
    await drop(shut.databaseId);
    const logins = owners(failed.credentialId, leaving.credentialId, shut.credentialId);
    expect(await given(logins)).toMatchObject(unknown(0, 1, 2));
  });

  it('have to be on the one server, no more than can be proven, and each named once', async () => {
    const [one, other] = [await made(), await made()];
    const serverId = await secondServer();
    expect(await given(owners(one.credentialId), { serverId })).toMatchObject(unknown(0));
    const fields = [{ field: 'logins' }];
    expect(await given(owners(one.credentialId), { serverId: undefined })).toMatchObject({ code: 'disagree', fields });
    expect(await given(owners(one.credentialId), { ownerLogin: 'auto' })).toMatchObject({ code: 'disagree', fields });
    const many = Array.from({ length: 21 }, (_, index) => `cred_${index}`);
    expect(await given(owners(...many))).toMatchObject({ code: 'invalid_request', fields });
    const twice = { code: 'invalid_request', fields: [{ field: 'logins.1' }] };
    expect(await given(owners(one.credentialId, one.credentialId))).toMatchObject(twice);

    const { databaseId } = one;
    const also = (...alsoIn: string[]) => refusal(credentialCreate, { databaseId, alsoIn });
    const elsewhere = await request(
      journey.context,
      databaseCreate,
      { name: name(), ownerLogin: 'none', serverId },
      journey.access,
    );
    const there = elsewhere.database_id ?? '';
    await withClient(
      journey.storeUrl,
      (client) => client.query(`UPDATE servers SET state = 'draining' WHERE id = $1`, [serverId]), // it takes nothing of the others'
    );
    expect(await also(other.databaseId, there)).toMatchObject({ code: 'disagree', fields: [{ field: 'alsoIn.1' }] });
    const again = { code: 'invalid_request', fields: [{ field: 'alsoIn.0' }] };
    expect(await also(databaseId)).toMatchObject(again);
    expect(await also(other.databaseId, other.databaseId)).toMatchObject({ fields: [{ field: 'alsoIn.1' }] });
    expect(await also(...many)).toMatchObject({ code: 'invalid_request', fields: [{ field: 'alsoIn' }] });
    expect(await also((await made(false)).databaseId)).toMatchObject({ code: 'contradicts' });
    const standing = await drop(other.databaseId);
    expect(await also(other.databaseId)).toMatchObject({ code: 'contradicts', actionId: standing.id });
  });
});

describe('server_preflight', () => {
  it('of a server that is not there', async () => {
    expect(codeOf(await refusal(serverPreflight, { serverId: 'srv_unknown' }))).toBe('not_found');
  });

  it.each([
    ['a pool that is not there', { pool: 'no_such' }, 'unknown_reference', 'pool'],
    ['an engine that nobody knows', { engine: 'oracle' }, 'unknown_reference', 'engine'],
    [
      'an address that cannot be read',
      { adminUrl: new Secret('postgres://x:hush@[bad:1') },
      'invalid_request',
      'admin_url',
    ],
    ['no password', { adminUrl: new Secret('postgres://x@h/') }, 'invalid_request', 'admin_url'],
    ['an address of another engine', { adminUrl: new Secret('mysql://x:hush@h') }, 'invalid_request', 'admin_url'],
    [
      'a TLS mode that proves nothing',
      { adminUrl: new Secret('postgres://x:hush@h?sslmode=prefer') },
      'invalid_request',
      'admin_url',
    ],
    ['a name that is taken', { name: 'tenants' }, 'name_taken', 'name'],
    ['an address that is registered', { adminUrl: null }, 'name_taken', 'admin_url'],
  ])(
    'that registers one with %s is refused by the field, and no password is repeated',
    async (_, change, code, field) => {
      const whole = { name: name(), engine: 'postgresql', pool: 'postgresql-development', sizeBytesMax: null };
      const elsewhere = { adminUrl: new Secret('postgres://x:hush@h.example.org') };
      const asked = { ...whole, ...elsewhere, ...change };
      const adminUrl = asked.adminUrl ?? new Secret(testServers().postgresqlUrl); // the one that is registered
      const error = await refusal(serverPreflight, { register: { ...asked, adminUrl } });
      expect(error).toMatchObject({ code, fields: [{ field }] });
      expect(inspect(error, { depth: null })).not.toContain('hush');
    },
  );

  it('asked for twice is one', async () => {
    const { context, access, serverId } = journey;
    const first = await request(context, serverPreflight, { serverId }, access);
    const before = await everything();
    expect(await request(context, serverPreflight, { serverId }, access)).toMatchObject({ id: first.id });
    expect(await everything()).toBe(before);
    expect(await journey.runHere(first.id)).toMatchObject({ state: 'succeeded' });
    expect((await request(context, serverPreflight, { serverId }, access)).id).not.toBe(first.id);
  });
});

test('kinds that only an access may ask for are not asked for by nobody', async () => {
  const { databaseId, credentialId } = await made();
  expect(codeOf(await refusal(databaseCreate, { name: name(), ownerLogin: 'auto' }, null))).toBe('internal');
  expect(codeOf(await refusal(credentialCreate, { databaseId }, null))).toBe('internal');
  expect(codeOf(await refusal(credentialReset, { credentialId }, null))).toBe('internal');
});
