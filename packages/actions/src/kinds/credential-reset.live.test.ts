// A reset never loses the password that works: what goes wrong on the server leaves one that Berth knows and shows.
import { PlatformError } from '@berth/core';
import { readKeyRing } from '@berth/secrets';
import { openTestPostgresql, type TestPostgresql } from '@berth/testing';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { runAction } from '@berth/testing/run-action';
import { request } from '../request';
import { credentialReset } from './credential-reset';

let server: TestPostgresql;
let journey: Journey;
let count = 0;

beforeAll(async () => {
  server = await openTestPostgresql();
  journey = await openJourney({ engineUrl: server.url().reveal() });
});
afterAll(async () => {
  await journey?.close();
  await server?.close();
});

const onServer = (sql: string) => withClient(server.url().reveal(), (client) => client.query(sql));
const onStore = (sql: string) => withClient(journey.storeUrl, (client) => client.query(sql));

interface Login {
  id: string;
  name: string;
  /** The URL as Berth shows it now. */
  uri(): Promise<string>;
  /** Whether the URL that Berth shows now lets in. */
  works(): Promise<boolean>;
  hasPending(): Promise<boolean>;
}

async function newLogin(): Promise<Login> {
  count += 1;
  const made = await journey.requestDatabase(`reset_${count}`);
  expect(await journey.runHere(made.id)).toMatchObject({ state: 'succeeded' });
  const id = made.credential_id ?? '';
  const row = () => journey.context.store.credentials.find(id);
  const uri = () => journey.uriOf(id);
  return {
    id,
    name: (await row())?.engine_username ?? '',
    uri,
    works: async () => letsIn(await uri()),
    hasPending: async () => (await row())?.pending_secret_sealed !== null,
  };
}

async function letsIn(uri: string): Promise<boolean> {
  try {
    await withClient(uri, (client) => client.query('SELECT 1'));
    return true;
  } catch {
    return false; // for whatever reason: the tests know which
  }
}

const ask = (login: Login) => request(journey.context, credentialReset, { credentialId: login.id }, journey.access);

/** Runs the action until it has ended, as if each pause were over. */
async function runToEnd(id: string, faults: Parameters<typeof runAction>[2] = {}) {
  for (;;) {
    const action = await runAction(journey.context, id, faults);
    if (action.ended_at !== null) return action;
    await onStore('UPDATE actions SET not_before = NULL');
  }
}

test('a reset gives a new password; the old one is refused', async () => {
  const login = await newLogin();
  const before = await login.uri();
  const { id } = await ask(login);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  expect(await login.uri()).not.toBe(before);
  expect([await login.works(), await letsIn(before), await login.hasPending()]).toEqual([true, false, false]);
});

test('a login that is renamed behind our back: the reset fails; renamed back, the password shown still works', async () => {
  const login = await newLogin();
  const before = await login.uri();
  await onServer(`ALTER ROLE "${login.name}" RENAME TO elsewhere`);
  const { id } = await ask(login);
  expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
  await onServer(`ALTER ROLE elsewhere RENAME TO "${login.name}"`);
  expect(await login.uri()).toBe(before);
  expect(await login.works()).toBe(true);
  const again = await ask(login);
  expect(await journey.runHere(again.id)).toMatchObject({ state: 'succeeded' });
  expect([await login.works(), await letsIn(before)]).toEqual([true, false]);
});

test('a login that is renamed while it is reset: put right, it is reset by asking again', async () => {
  const login = await newLogin();
  const { id } = await ask(login);
  const failed = await runToEnd(id, {
    onMoment: async (moment, step) => {
      if (moment === 'recorded' && step === 'end_sessions') await onServer(`ALTER ROLE "${login.name}" RENAME TO gone`);
    },
  });
  expect(failed).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
  await onServer(`ALTER ROLE gone RENAME TO "${login.name}"`);
  const again = await ask(login);
  expect(await journey.runHere(again.id)).toMatchObject({ state: 'succeeded' });
  expect([await login.works(), await login.hasPending()]).toEqual([true, false]);
});

test.each(['shut_out', 'end_sessions', 'set_password', 'let_in', 'check_login'])(
  'one that fails for good after its step %s leaves the login open, with the password that is shown',
  async (last) => {
    const login = await newLogin();
    const before = await login.uri();
    const { id } = await ask(login);
    const failed = await runToEnd(id, {
      onMoment: async (moment, step) => {
        if (moment === 'recorded' && step === last) throw new PlatformError('engine_refused', 'No.');
      },
    });
    expect(failed).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
    expect([await login.works(), await login.hasPending()]).toEqual([true, false]);
    expect(await login.uri()).toBe(before);
  },
);

test('a login that was locked behind our back works again after a reset', async () => {
  const login = await newLogin();
  await onServer(`ALTER ROLE "${login.name}" NOLOGIN`);
  const { id } = await ask(login);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  expect(await login.works()).toBe(true);
});

test('one whose server goes away in the middle for more than a day keeps both passwords; the next reset sets one of them', async () => {
  const login = await newLogin();
  const { id } = await ask(login);
  const cut = await runAction(journey.context, id, {
    onMoment: async (moment, step) => {
      if (moment === 'recorded' && step === 'set_password') await server.stop('immediate');
    },
  });
  expect(cut).toMatchObject({ state: 'queued', failures: 0 });
  await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = '${id}'`);
  expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
  expect(await login.hasPending()).toBe(true);
  await server.restart();
  const again = await ask(login);
  expect(await journey.runHere(again.id)).toMatchObject({ state: 'succeeded' });
  expect([await login.works(), await login.hasPending()]).toEqual([true, false]);
});

test('one whose server cannot be asked keeps both, shows the old, and a later reset sets the same new one', async () => {
  const login = await newLogin();
  const before = await login.uri();
  const { id } = await ask(login);
  await server.stop();
  expect(await journey.runHere(id)).toMatchObject({ state: 'queued', failures: 0 });
  await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = '${id}'`);
  expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
  await server.restart();
  expect(await login.uri()).toBe(before);
  expect(await login.works()).toBe(true);
  const again = await ask(login);
  expect(await journey.runHere(again.id)).toMatchObject({ state: 'succeeded' });
  expect([await login.works(), await letsIn(before)]).toEqual([true, false]);
});

test('one whose sealed password cannot be opened ends with the missing key by name, and the login goes on working', async () => {
  const login = await newLogin();
  const before = await login.uri();
  const sealed = (await onStore(`SELECT secret_sealed FROM credentials WHERE id = '${login.id}'`)).rows[0]
    ?.secret_sealed;
  for (const column of ['secret_sealed', 'pending_secret_sealed']) {
    await onStore(
      `UPDATE credentials SET ${column} = replace('${sealed}', 'v1.k1.', 'v1.gone.') WHERE id = '${login.id}'`,
    );
    const { id } = await ask(login);
    const failed = await journey.runHere(id);
    expect(failed).toMatchObject({ state: 'failed', error_code: 'key_missing' });
    expect(failed.error_message).toContain('"gone"');
    await onStore(`UPDATE credentials SET secret_sealed = '${sealed}' WHERE id = '${login.id}'`);
    expect(await letsIn(before)).toBe(true);
  }
});

test('one whose key is known to be lost gets a new password all the same; the old one is not tried, and says so', async () => {
  const login = await newLogin();
  const before = await login.uri();
  const lost = `replace(secret_sealed, 'v1.k1.', 'v1.gone.')`;
  await onStore(
    `UPDATE credentials SET secret_sealed = ${lost}, pending_secret_sealed = ${lost} WHERE id = '${login.id}'`,
  );
  const { id } = await ask(login);
  const keyRing = readKeyRing(journey.keys, ['gone']);
  const ended = await runAction({ ...journey.context, keyRing }, id);
  expect(ended).toMatchObject({ state: 'succeeded' });
  expect(ended.steps.at(-1)?.evidence).toMatchObject({ old_password_tried: false, old_password_refused: [] });
  expect([await login.works(), await letsIn(before)]).toEqual([true, false]);
});

test('two resets asked at once stand in line, and the second password is the one that works', async () => {
  const login = await newLogin();
  const [first, second] = [await ask(login), await ask(login)];
  expect(await journey.runHere(second.id)).toMatchObject({ state: 'queued' });
  expect(await journey.runHere(first.id)).toMatchObject({ state: 'succeeded' });
  const between = await login.uri();
  expect(await journey.runHere(second.id)).toMatchObject({ state: 'succeeded' });
  expect([await login.works(), await letsIn(between)]).toEqual([true, false]);
});
