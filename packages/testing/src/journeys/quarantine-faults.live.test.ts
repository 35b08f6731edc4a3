// What goes wrong in the middle of a quarantine or a restore: what the API says of the database is so, whatever failed.
import { credentialReset, openSecret, request } from '@berth/actions';
import { PlatformError } from '@berth/core';
import { type Journey, openJourney, withClient } from '../journey';
import {
  askRemove,
  askRestore,
  evidenceOf,
  type Kept,
  makeKept,
  quarantine,
  refusalOf,
  restoreAndSee,
  rowsOf,
  runToEnd,
  stateOf,
} from '../quarantine';
import { runAction } from '../run-action';
import { type Meet, onEachEngineAtOnce } from '../tenants/at-once';
import type { TenantsServer } from '../tenants/tenants';

onEachEngineAtOnce((engine, atOnce) => {
  let server: TenantsServer;
  let journey: Journey;
  let count = 0;

  atOnce.open(async () => {
    server = await engine.openServer();
    journey = await openJourney({ engine, engineUrl: server.url });
  });
  atOnce.close(async () => {
    await journey?.close();
    await server?.close();
  });

  const made = () => {
    count += 1;
    return makeKept(journey, `faulty_${count}`);
  };
  const onStore = (sql: string) => withClient(journey.storeUrl, (client) => client.query(sql));

  /** The server goes away, in good order or not, when all that see the same outage want it to, and comes back likewise. */
  const goes = (meet: Meet) => meet('gone', () => server.stop());
  const crashes = (meet: Meet) => meet('gone', () => server.kill9());
  const comesBack = (meet: Meet) => meet('back', () => server.restart());
  const whileStopped = (name: string, work: (meet: Meet) => Promise<void>) => atOnce.together('stopped', name, work);
  const whileCrashed = (name: string, work: (meet: Meet) => Promise<void>) => atOnce.together('crashed', name, work);

  /** Refuses for good once this step is recorded. */
  const refusing = (last: string) => async (moment: string, step: string) => {
    if (moment === 'recorded' && step === last) throw new PlatformError('engine_refused', 'No.');
  };

  /** The action that stands for the database now, if any. */
  async function openAction({ databaseId }: Kept) {
    const { data } = await journey.context.store.actions.list({ databaseId }, { cursor: null, limit: 10 });
    return data.find(({ state }) => state === 'queued') ?? null;
  }

  describe('a server that goes away in the middle', () => {
    // before the first step, and in each of the others: a step that begins is the one before it, performed
    const moments = ['started:shut_out', 'performed:shut_out', 'performed:end_sessions', 'performed:forget_passwords'];

    for (const fault of moments) {
      const begins = fault.startsWith('started');
      const name = `of a quarantine, ${fault}: it is never called quarantined before the server was asked again`;
      (begins ? whileStopped : whileCrashed)(name, async (meet) => {
        const kept = await made();
        const { id } = await askRemove(journey, kept.databaseId);
        const cut = await runAction(journey.context, id, {
          onMoment: async (moment, step) => {
            if (`${moment}:${step}` !== fault) return;
            await (begins ? goes(meet) : crashes(meet));
          },
        });
        expect(cut).toMatchObject({ state: 'queued', failures: 0 });
        expect(await stateOf(journey, kept.databaseId)).toBe('available');
        await comesBack(meet);
        const ended = await runToEnd(journey, id);
        expect(ended).toMatchObject({ state: 'succeeded' });
        for (const step of ['end_sessions', 'forget_passwords']) {
          expect(evidenceOf(ended, step).looks).toEqual(expect.arrayContaining([0, 0]));
        }
        expect(await refusalOf(kept.uri)).toBe('login');
        await restoreAndSee(journey, kept);
      });
    }

    whileStopped(
      'of a quarantine, when all was seen: it is quarantined, and shut when the server is back',
      async (meet) => {
        const kept = await made();
        const { id } = await askRemove(journey, kept.databaseId);
        const ended = await runAction(journey.context, id, {
          onMoment: async (moment, step) => {
            if (moment === 'performed' && step === 'check_refused') await goes(meet);
          },
        });
        expect(ended).toMatchObject({ state: 'succeeded' });
        await comesBack(meet);
        expect(await refusalOf(kept.uri)).toBe('login');
        await restoreAndSee(journey, kept);
      },
    );

    whileStopped('of a restore: it is quarantined until the server has let everybody in', async (meet) => {
      const kept = await made();
      await quarantine(journey, kept.databaseId);
      const { id } = await askRestore(journey, kept.databaseId);
      const cut = await runAction(journey.context, id, {
        onMoment: async (moment, step) => {
          if (moment === 'recorded' && step === 'give_back') await goes(meet);
        },
      });
      expect(cut).toMatchObject({ state: 'queued', failures: 0 });
      expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
      await comesBack(meet);
      expect(await runToEnd(journey, id)).toMatchObject({ state: 'succeeded' });
      expect(await rowsOf(kept.uri)).toEqual(['first']);
    });

    whileStopped(
      'of a restore, for longer than it is waited for: what may be half open is shut when it is back',
      async (meet) => {
        const kept = await made();
        await quarantine(journey, kept.databaseId);
        const { id } = await askRestore(journey, kept.databaseId);
        await runAction(journey.context, id, {
          onMoment: async (moment, step) => {
            if (moment === 'recorded' && step === 'give_back') await goes(meet);
          },
        });
        await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = '${id}'`);
        expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
        await comesBack(meet);
        expect(await refusalOf(kept.uri)).toBeNull(); // this is why
        const shut = await openAction(kept);
        expect(shut).toMatchObject({ kind: 'database_quarantine', requested_by: null });
        expect(await journey.runHere(shut?.id ?? '')).toMatchObject({ state: 'succeeded' });
        expect(await refusalOf(kept.uri)).toBe('login');
        await restoreAndSee(journey, kept);
      },
    );
  });

  for (const last of ['shut_out', 'check_refused']) {
    atOnce.test(`a quarantine that fails for good after ${last} lets in again, and can be asked again`, async () => {
      const kept = await made();
      const { id } = await askRemove(journey, kept.databaseId);
      expect(await runToEnd(journey, id, refusing(last))).toMatchObject({ state: 'failed' });
      expect(await stateOf(journey, kept.databaseId)).toBe('available');
      expect(await rowsOf(kept.uri)).toEqual(['first']);
      await quarantine(journey, kept.databaseId);
    });
  }

  for (const last of ['give_back', 'check_isolation']) {
    atOnce.test(`a restore that fails for good after ${last} leaves it quarantined, and shut`, async () => {
      const kept = await made();
      await quarantine(journey, kept.databaseId);
      const { id } = await askRestore(journey, kept.databaseId);
      expect(await runToEnd(journey, id, refusing(last))).toMatchObject({ state: 'failed' });
      expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
      expect(await refusalOf(kept.uri)).toBe('login');
      expect(await openAction(kept)).toBeNull();
      await restoreAndSee(journey, kept);
    });
  }

  atOnce.test('a database that vanished from its server is not restored as an empty one', async () => {
    const kept = await made();
    await quarantine(journey, kept.databaseId);
    await journey.view.dropDatabase(kept.name);
    const { id } = await askRestore(journey, kept.databaseId);
    expect(await runToEnd(journey, id)).toMatchObject({ state: 'failed', error_code: 'engine_refused' });
    expect(await journey.view.hasDatabase(kept.name)).toBe(false);
    const drop = await askRemove(journey, kept.databaseId);
    expect(await runToEnd(journey, drop.id)).toMatchObject({ kind: 'database_delete', state: 'succeeded' });
  });

  atOnce.test(
    'a password whose key is gone stops a quarantine before it begins, and the login goes on working',
    async () => {
      const kept = await made();
      const { rows } = await onStore(`SELECT secret_sealed FROM credentials WHERE id = '${kept.credentialId}'`);
      await onStore(
        `UPDATE credentials SET secret_sealed = replace(secret_sealed, 'v1.k1.', 'v1.gone.') WHERE id = '${kept.credentialId}'`,
      );
      const { id } = await askRemove(journey, kept.databaseId);
      expect(await runToEnd(journey, id)).toMatchObject({ state: 'failed', error_code: 'key_missing', steps: [] });
      expect(await rowsOf(kept.uri)).toEqual(['first']);
      await onStore(
        `UPDATE credentials SET secret_sealed = '${rows[0]?.secret_sealed}' WHERE id = '${kept.credentialId}'`,
      );
      await quarantine(journey, kept.databaseId);
    },
  );

  atOnce.test('a login that somebody dropped behind our back comes back with the restore', async () => {
    const kept = await made();
    const user = decodeURIComponent(new URL(kept.uri).username);
    await journey.view.dropLogin(user);
    await quarantine(journey, kept.databaseId);
    await restoreAndSee(journey, kept);
  });

  whileStopped(
    'a login that a broken reset left with two passwords is let in with neither, and with the one that is shown after a restore',
    async (meet) => {
      const kept = await made();
      const { credentialId } = kept;
      const { id } = await request(journey.context, credentialReset, { credentialId }, journey.access);
      await runAction(journey.context, id, {
        onMoment: async (moment, step) => {
          if (moment === 'recorded' && step === 'let_in') await goes(meet);
        },
      });
      await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = '${id}'`);
      expect(await journey.runHere(id)).toMatchObject({ state: 'failed', error_code: 'server_unreachable' });
      await comesBack(meet);
      const { rows } = await onStore(`SELECT pending_secret_sealed FROM credentials WHERE id = '${credentialId}'`);
      const pending = new URL(kept.uri);
      pending.password = openSecret(journey.context.keyRing, credentialId, rows[0]?.pending_secret_sealed).reveal();
      expect([await refusalOf(kept.uri), await refusalOf(pending.href)]).toEqual(['login', null]); // the one nobody is shown
      const action = await quarantine(journey, kept.databaseId);
      const user = decodeURIComponent(pending.username);
      expect(evidenceOf(action, 'check_refused').refused).toEqual([1, 2].map(() => `${user}: password`));
      expect([await refusalOf(kept.uri), await refusalOf(pending.href)]).toEqual(['login', 'login']);
      await restoreAndSee(journey, kept);
      expect(await refusalOf(pending.href)).toBe('login');
    },
  );

  atOnce.alone(
    'a server that crashes as soon as a reset has ended comes back with what was told: the new password, and no other',
    async () => {
      const kept = await made();
      const { id } = await request(
        journey.context,
        credentialReset,
        { credentialId: kept.credentialId },
        journey.access,
      );
      expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
      await server.kill9(); // at once: PostgreSQL runs with synchronous_commit = off here, as some operators have it
      await server.restart();
      expect([await refusalOf(await journey.uriOf(kept.credentialId)), await refusalOf(kept.uri)]).toEqual([
        null,
        'login',
      ]);
    },
  );
});
