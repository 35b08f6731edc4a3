// Keys are changed under a store in use: everything opens before, while and after, and what does not open harms nothing.
import { Secret } from '@berth/core';
import type { Log, LogFields } from '@berth/runtime';
import { type KeyRing, makeKey, makePassword, readKeyRing, tokenOfSigner } from '@berth/secrets';
import { type Journey, openJourney, withClient } from '@berth/testing/journey';
import { openAccessKey } from './administer/access-secrets';
import { createAccess } from './administer/accesses';
import { existing } from './administer/audited';
import { checkKeys } from './check-keys';
import type { Context } from './context';
import { openSecret, sealSecret } from './kind';
import { findAnswer, keepAnswer } from './once';
import { reseal } from './reseal';

const KEYS = Object.fromEntries(['k2', 'k3', 'k4'].map((id) => [id, makeKey(id).reveal()]));
let journey: Journey;
let serverLoginId: string;

beforeAll(async () => {
  journey = await openJourney();
  serverLoginId = (await journey.requestDatabase(`resealed_${process.pid}`)).credential_id ?? '';
});
afterAll(() => journey?.close());

const sql = (text: string, values: unknown[] = []) =>
  withClient(journey.storeUrl, async (client) => (await client.query<Record<string, string>>(text, values)).rows);

/** A ring of these keys, newest first; `k1` is the journey's own. */
function ringOf(...ids: string[]): KeyRing {
  const keys = ids.map((id) => KEYS[id] ?? journey.keys.reveal());
  return readKeyRing(new Secret(keys.join(',')));
}

type Line = LogFields & { message: string };

/** The journey's context with another ring, and a log that is kept. */
function openWith(keyRing: KeyRing): { context: Context; lines: Line[]; run(stopping?: AbortSignal): Promise<void> } {
  const lines: Line[] = [];
  const write = (fields: LogFields, message: string) => void lines.push({ ...fields, message });
  const log: Log = { debug: write, info: write, infoSoon: write, warn: write, error: write };
  const context = { ...journey.context, keyRing, log };
  const said = new Set<string>();
  return { context, lines, run: (stopping = new AbortController().signal) => reseal(context, { stopping, said }) };
}

/** As many more logins, sealed by this ring, with their passwords. */
async function makeLogins(keyRing: KeyRing, count: number): Promise<Map<string, string>> {
  const passwords = new Map(
    Array.from({ length: count }, () => [journey.context.store.credentials.newId(), makePassword().reveal()]),
  );
  const ids = [...passwords.keys()];
  await sql(
    `INSERT INTO credentials (id, team_id, server_id, username, engine_username, secret_sealed)
     SELECT wish.id, team_id, server_id, wish.id, wish.id, wish.sealed
     FROM credentials, unnest($2::text[], $3::text[]) AS wish(id, sealed) WHERE credentials.id = $1`,
    [serverLoginId, ids, ids.map((id) => sealSecret(keyRing, id, new Secret(passwords.get(id) ?? '')))],
  );
  return passwords;
}

async function passwordsOf(keyRing: KeyRing, ids: Iterable<string>): Promise<Map<string, string>> {
  const rows = await sql('SELECT id, secret_sealed FROM credentials WHERE id = ANY($1)', [[...ids]]);
  return new Map(rows.map(({ id = '', secret_sealed = '' }) => [id, openSecret(keyRing, id, secret_sealed).reveal()]));
}

const keysInUse = async () =>
  [...new Set((await journey.context.store.sealed.listKeys()).map(({ keyId }) => keyId))].sort();

const once = { key: 'a key', fingerprint: 'f' };

describe('under a new key in front', () => {
  it('all that the older one sealed is sealed anew and opens as before; that it may go is said once', async () => {
    const passwords = await makeLogins(ringOf('k1'), 450); // two batches and a part of one
    await sql(`UPDATE credentials SET pending_secret_sealed = secret_sealed WHERE id = $1`, [serverLoginId]);
    await journey.context.store.idempotency.take(journey.access.id, once.key, once.fingerprint);
    await keepAnswer(journey.context, journey.access, once, 'the answer');
    const signing = { name: 'signing', person: 'p', scopes: ['public' as const] };
    const keys = [
      await createAccess(journey.context, journey.access, { ...signing, kind: 'cosmos_key' }),
      await createAccess(journey.context, journey.access, { ...signing, kind: 'jwt_signer' }),
    ];
    const { context, lines, run } = openWith(ringOf('k2', 'k1'));
    await run();
    expect(await keysInUse()).toEqual(['k2']);
    expect(await passwordsOf(ringOf('k2'), passwords.keys())).toEqual(passwords);
    expect(await findAnswer({ ...context, keyRing: ringOf('k2') }, journey.access, once)).toBe('the answer');
    await checkKeys(context.store, ringOf('k2'));
    for (const { access, made } of keys) {
      const now = openAccessKey(
        ringOf('k2'),
        existing('access', access.id, await context.store.accesses.find(access.id)),
      );
      const shown = access.kind === 'jwt_signer' ? tokenOfSigner(access.id, now) : now;
      expect(shown.reveal()).toBe(made?.reveal());
    }
    expect(
      lines
        .filter(({ count }) => count !== undefined)
        .map(({ kind, keyId, count }) => `${kind} ${keyId} ${count}`)
        .sort(),
    ).toEqual([
      'accesses.secret_sealed k1 2',
      'credentials.pending_secret_sealed k1 1',
      'credentials.secret_sealed k1 451',
      'idempotency_keys.answer_sealed k1 1',
      'servers.admin_sealed k1 1',
    ]);
    await run();
    expect(lines.filter(({ message }) => message.includes('may be taken out'))).toMatchObject([{ keyId: 'k1' }]);
    expect(lines).toHaveLength(6);
  });

  it('two at once, one of them ended after its first batch: each row is sealed once, and none is lost', async () => {
    const passwords = await makeLogins(ringOf('k2'), 450);
    const stopping = new AbortController();
    const stopped = openWith(ringOf('k3', 'k2'));
    const { store } = stopped.context;
    const list: typeof store.sealed.list = async (...args) => {
      stopping.abort();
      return store.sealed.list(...args);
    };
    stopped.context.store = { ...store, sealed: { ...store.sealed, list } };
    await stopped.run(stopping.signal);
    expect(await keysInUse()).toEqual(['k2', 'k3']);
    const [one, other] = [openWith(ringOf('k3', 'k2')), openWith(ringOf('k3', 'k2'))];
    await Promise.all([one.run(), other.run()]);
    await one.run(); // what both passed over, because the other one held it
    expect(await keysInUse()).toEqual(['k3']);
    expect(await passwordsOf(ringOf('k3'), passwords.keys())).toEqual(passwords);
    const counted = [stopped, one, other].flatMap(({ lines }) =>
      lines.map(({ kind, count = 0 }) => (kind === 'credentials.secret_sealed' ? count : 0)),
    );
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(2 * 450 + 1);
  });

  it('a reset between the reading and the writing stands', async () => {
    const [[id = '', password = ''] = []] = await makeLogins(ringOf('k3'), 1);
    const { context, run } = openWith(ringOf('k4', 'k3'));
    const { store } = context;
    const reset = sealSecret(ringOf('k3'), id, new Secret('the password after the reset'));
    const list: typeof store.sealed.list = async (place, ...rest) => {
      const rows = await store.sealed.list(place, ...rest);
      if (!rows.some((row) => row.id[0] === id)) return rows;
      await sql('UPDATE credentials SET secret_sealed = $2 WHERE id = $1', [id, reset]);
      return rows;
    };
    context.store = { ...store, sealed: { ...store.sealed, list } };
    await run();
    expect(await sql('SELECT secret_sealed FROM credentials WHERE id = $1', [id])).toEqual([{ secret_sealed: reset }]);
    const opened = await passwordsOf(ringOf('k4', 'k3'), [id]);
    expect([...opened.values()]).toEqual(['the password after the reset']);
    expect(opened.get(id)).not.toBe(password);
  });

  it('a value that does not open is named, left as it is, and stops no other; its key may not go', async () => {
    const [first = '', second = '', third = ''] = (await makeLogins(ringOf('k3'), 3)).keys();
    await sql(`UPDATE credentials SET secret_sealed = secret_sealed || 'AA' WHERE id = $1`, [first]);
    await sql(`UPDATE credentials SET secret_sealed = replace(secret_sealed, 'v1.k3.', 'v1.lost.') WHERE id = $1`, [
      second,
    ]);
    const { lines, run } = openWith(ringOf('k4', 'k3'));
    await run();
    await run();
    const left = await sql(`SELECT id FROM credentials WHERE secret_sealed NOT LIKE 'v1.k4.%' ORDER BY id`);
    expect(left.map(({ id }) => id)).toEqual([first, second].sort());
    expect([...(await passwordsOf(ringOf('k4'), [third])).values()]).toHaveLength(1);
    const named = lines.filter(({ error }) => error !== undefined);
    expect(named.map(({ kind, subjectId, keyId, code }) => [kind, subjectId, keyId, code])).toEqual([
      ['credentials.secret_sealed', first, 'k3', 'internal'],
      ['credentials.secret_sealed', second, 'lost', 'key_missing'],
    ]);
    expect(lines.filter(({ message }) => message.includes('may be taken out'))).toEqual([]);
  });
});

describe('a start', () => {
  const start = (keyRing: KeyRing, lostIds: string[] = []) => checkKeys(journey.context.store, { ...keyRing, lostIds });

  it('is refused when a key is missing, by its name; with the name among the lost ones it is not', async () => {
    await expect(start(ringOf('k2'))).rejects.toMatchObject({
      code: 'key_missing',
      message: expect.stringMatching(
        /keys "k3", "k4", "lost", which are not in BERTH_KEYS.*BERTH_KEYS_LOST=k3,k4,lost/s,
      ),
    });
    await expect(start(ringOf('k4', 'k3'))).rejects.toThrow(/sealed with key "lost", which is not in BERTH_KEYS/);
    await start(ringOf('k4'), ['lost', 'k3']);
  });

  it('is refused when another key bears the name; one value that was tampered with does not keep it from starting', async () => {
    const other = readKeyRing(makeKey('k4'));
    await expect(start(other, ['lost', 'k3'])).rejects.toThrow(/"k4", and BERTH_KEYS has another key of that name/);
    await sql(`UPDATE servers SET admin_sealed = admin_sealed || 'AA'`);
    await start(ringOf('k4'), ['lost', 'k3']);
  });

  it('is refused for a key that sealed nothing but the key of an access that lives', async () => {
    const input = { name: 'alone', person: 'p', scopes: ['public' as const], kind: 'cosmos_key' as const };
    const { access } = await createAccess(journey.context, journey.access, input);
    await expect(start(ringOf('k4'), ['lost', 'k3'])).rejects.toThrow(
      /sealed with key "k1", which is not in BERTH_KEYS/,
    );
    await journey.context.store.accesses.revoke(access.id);
    await start(ringOf('k4'), ['lost', 'k3']);
  });

  it('does not ask for the key of an answer that is forgotten within the day; a repeated request goes on without it', async () => {
    await sql(`UPDATE idempotency_keys SET answer_sealed = replace(answer_sealed, 'v1.k4.', 'v1.gone.')`);
    await start(ringOf('k4'), ['lost', 'k3']);
    expect(await findAnswer(journey.context, journey.access, once)).toBeNull();
  });
});
