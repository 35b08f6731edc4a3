// What somebody was told is shut stays shut, or is shut again: a quarantine that Berth owes is tried until it is done, and a
// login of which nothing but quarantined databases is left waits locked.
import {
  cancelAction,
  credentialReset,
  databaseDelete,
  databaseRemove,
  grantCreate,
  grantDelete,
  request,
  retryAction,
} from '@berth/actions';
import { codeOf, FAILURES_MAX, PlatformError } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import { type Journey, openJourney, withClient } from '../journey';
import {
  askRemove,
  askRestore,
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
    return makeKept(journey, `staying_${count}`);
  };
  const userOf = ({ uri }: Kept) => decodeURIComponent(new URL(uri).username);
  const isLocked = (kept: Kept) => journey.view.isLocked(userOf(kept));
  const onStore = (sql: string, values: unknown[]) =>
    withClient(journey.storeUrl, (client) => client.query(sql, values));
  const cancel = (id: string) => cancelAction(journey.context, id, journey.access);
  const codeOfRefused = (work: Promise<unknown>) => work.then(() => null, codeOf);

  /** What stands for the database now, oldest first. */
  async function openActions({ databaseId }: Kept): Promise<ActionWithSteps[]> {
    const { data } = await journey.context.store.actions.list({ databaseId }, { cursor: null, limit: 20 });
    return data.filter(({ state }) => state === 'queued').reverse();
  }

  /** A second database that the login of the first one reads. */
  async function makeShared(): Promise<[Kept, Kept]> {
    const [first, second] = [await made(), await made()];
    const input = { credentialId: first.credentialId, database: second.databaseId, role: 'readonly' as const };
    const { id } = await request(journey.context, grantCreate, input, journey.access);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    return [first, second];
  }

  /** A restore that has let everybody in when its server goes away; it is put off. */
  async function restoreUntilServerStops({ databaseId }: Kept, meet: Meet): Promise<string> {
    const { id } = await askRestore(journey, databaseId);
    await runAction(journey.context, id, {
      onMoment: async (moment, step) => {
        if (moment === 'recorded' && step === 'give_back') await meet('gone', () => server.stop());
      },
    });
    return id;
  }

  /** It was begun longer ago than a server is waited for. */
  async function giveUp(id: string): Promise<void> {
    await onStore(`UPDATE actions SET started_at = now() - interval '25 h', not_before = NULL WHERE id = $1`, [id]);
    expect(await journey.runHere(id)).toMatchObject({ state: 'failed' });
  }

  /** A database in quarantine whose restore gave up after it had let everybody in, and could not shut it again. */
  async function halfOpen(meet: Meet): Promise<{ kept: Kept; owed: string }> {
    const kept = await made();
    await quarantine(journey, kept.databaseId);
    await giveUp(await restoreUntilServerStops(kept, meet));
    await meet('back', () => server.restart());
    expect(await refusalOf(kept.uri)).toBeNull(); // this is why
    const [owed, ...more] = await openActions(kept);
    expect([owed?.kind, owed?.requested_by, more]).toEqual(['database_quarantine', null, []]);
    return { kept, owed: owed?.id ?? '' };
  }

  /** All of these see the same outage. */
  const whileGone = (name: string, work: (meet: Meet) => Promise<void>) => atOnce.together('outage', name, work);

  /** Nothing open of this database but what is named here, oldest first. */
  async function expectOpen(kept: Kept, ...kinds: string[]): Promise<string> {
    const open = await openActions(kept);
    expect(open.map(({ kind }) => kind)).toEqual(kinds);
    return open.at(-1)?.id ?? '';
  }

  describe('a quarantine that follows a restore which gave up', () => {
    whileGone('is tried however often and long it takes, can be called off by nobody, and shuts', async (meet) => {
      const { kept, owed } = await halfOpen(meet);
      const refusing = { onMoment: () => Promise.reject(new PlatformError('engine_refused', 'No.')) };
      for (let tries = 0; tries <= FAILURES_MAX; tries += 1) {
        expect(await runAction(journey.context, owed, refusing)).toMatchObject({ state: 'queued' });
        await onStore(`UPDATE actions SET not_before = NULL, failures = $2 WHERE id = $1`, [
          owed,
          FAILURES_MAX + tries,
        ]);
      }
      await onStore(`UPDATE actions SET started_at = now() - interval '3 days' WHERE id = $1`, [owed]);
      expect(await codeOfRefused(cancel(owed))).toBe('not_cancellable');
      expect(await journey.runHere(owed)).toMatchObject({ state: 'succeeded' });
      expect(await refusalOf(kept.uri)).toBe('login');
      await restoreAndSee(journey, kept);
    });

    whileGone('gives way to another restore, and comes back when that is called off', async (meet) => {
      const { kept, owed } = await halfOpen(meet);
      const { id } = await askRestore(journey, kept.databaseId);
      expect(await journey.context.store.actions.find(owed)).toMatchObject({ state: 'cancelled' });
      await cancel(id);
      const [again] = await openActions(kept);
      expect(again).toMatchObject({ kind: 'database_quarantine', requested_by: null });
      await restoreAndSee(journey, kept);
      expect(await openActions(kept)).toEqual([]);
    });

    whileGone(
      'gives way to a drop, even when it was begun, and comes back when the drop is called off',
      async (meet) => {
        const { kept, owed } = await halfOpen(meet);
        await runAction(journey.context, owed, {
          onMoment: () => Promise.reject(new PlatformError('server_busy', 'No.')),
        });
        const { id } = await askRemove(journey, kept.databaseId, 'drop');
        expect(await journey.context.store.actions.find(owed)).toMatchObject({ state: 'cancelled' });
        await cancel(id);
        const [again, ...more] = await openActions(kept);
        expect([again?.kind, more]).toEqual(['database_quarantine', []]);
        expect(await journey.runHere(again?.id ?? '')).toMatchObject({ state: 'succeeded' });
        expect(await refusalOf(kept.uri)).toBe('login');
      },
    );
  });

  whileGone(
    'a restore that gives up while a drop waits behind it is seen to when the drop is called off',
    async (meet) => {
      const kept = await made();
      await quarantine(journey, kept.databaseId);
      const id = await restoreUntilServerStops(kept, meet);
      const drop = await askRemove(journey, kept.databaseId, 'drop');
      await giveUp(id);
      await meet('back', () => server.restart());
      await expectOpen(kept, 'database_delete');
      await cancel(drop.id);
      const owed = await expectOpen(kept, 'database_quarantine');
      expect(await journey.runHere(owed)).toMatchObject({ state: 'succeeded' });
      expect(await refusalOf(kept.uri)).toBe('login');
    },
  );

  whileGone('a drop does not stand behind what it called off: it runs next, and alone', async (meet) => {
    const { kept } = await halfOpen(meet);
    await askRestore(journey, kept.databaseId);
    const { id } = await askRemove(journey, kept.databaseId, 'drop');
    await expectOpen(kept, 'database_delete');
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  });

  atOnce.test('a restore is not undone by what a login that lost its last open database asks for', async () => {
    const [first, second] = await makeShared();
    await quarantine(journey, first.databaseId);
    const input = { credentialId: first.credentialId, databaseId: second.databaseId };
    const leaving = await request(journey.context, grantDelete, input, journey.access);
    const restore = await askRestore(journey, first.databaseId);
    expect(await journey.runHere(leaving.id)).toMatchObject({ state: 'succeeded' });
    await expectOpen(first, 'database_restore');
    expect(await journey.runHere(restore.id)).toMatchObject({ state: 'succeeded' });
    await expectOpen(first);
    expect(await rowsOf(first.uri)).toEqual(['first']);
  });

  atOnce.test('a delete that keeps it unseen and joins a quarantine which then fails is seen to', async () => {
    const kept = await made();
    const context = { ...journey.context, hiddenQuarantine: ['cloud66'] };
    const { id } = await askRemove(journey, kept.databaseId);
    const input = { databaseId: kept.databaseId, wish: { goneIn: 'cloud66' } };
    const failing = async (moment: string, step: string) => {
      if (moment === 'recorded' && step === 'shut_out') throw new PlatformError('engine_refused', 'No.');
    };
    // accepted when the failure was decided on and is not written yet
    const { find } = journey.context.store.databases;
    let looks = 0;
    const databases = {
      ...journey.context.store.databases,
      async find(databaseId: string) {
        looks += 1;
        if (looks === LOOKS_BEFORE_LETTING_IN) await request(context, databaseRemove, input, journey.access);
        return find(databaseId);
      },
    };
    const store = { ...journey.context.store, databases };
    await runAction({ ...journey.context, store }, id, { onMoment: failing });
    expect(await journey.context.store.actions.find(id)).toMatchObject({ state: 'failed' });
    const owed = await expectOpen(kept, 'database_quarantine');
    expect(await journey.runHere(owed)).toMatchObject({ state: 'succeeded' });
    expect(await refusalOf(kept.uri)).toBe('login');
  });

  /** The first is that of the deed, the second asks whether it is owed, the third whether to let in again. */
  const LOOKS_BEFORE_LETTING_IN = 3;

  atOnce.test('a login without databases is dropped however long it takes, and nobody calls that off', async () => {
    const [first, second] = [await made(), await made()];
    const input = { credentialId: first.credentialId, database: second.databaseId, role: 'readonly' as const };
    const grant = await request(journey.context, grantCreate, input, journey.access);
    const drop = await request(journey.context, databaseDelete, { databaseId: first.databaseId }, journey.access);
    await onStore(`UPDATE actions SET number = -number WHERE id = $1`, [drop.id]); // it was asked for before
    expect(await journey.runHere(drop.id)).toMatchObject({ state: 'succeeded' });
    await cancel(grant.id);
    const sql = `SELECT id FROM actions WHERE credential_id = $1 AND kind = 'credential_delete'`;
    const owed = String((await onStore(sql, [first.credentialId])).rows[0]?.id);
    expect(await codeOfRefused(cancel(owed))).toBe('not_cancellable');
    const refusing = { onMoment: () => Promise.reject(new PlatformError('engine_refused', 'No.')) };
    expect(await runAction(journey.context, owed, refusing)).toMatchObject({ state: 'queued' });
    await onStore('UPDATE actions SET not_before = NULL WHERE id = $1', [owed]);
    expect(await journey.runHere(owed)).toMatchObject({ state: 'succeeded' });
    expect(await journey.view.hasLogin(userOf(first))).toBe(false);
  });

  atOnce.test('a hidden quarantine that fails lets nobody in again: its client was told that it is gone', async () => {
    const kept = await made();
    const context = { ...journey.context, hiddenQuarantine: ['cloud66'] };
    const input = { databaseId: kept.databaseId, wish: { goneIn: 'cloud66' } };
    const { id } = await request(context, databaseRemove, input, journey.access);
    const refusing = async (moment: string, step: string) => {
      if (moment === 'recorded' && step === 'shut_out') throw new PlatformError('engine_refused', 'No.');
    };
    expect(await runAction(context, id, { onMoment: refusing })).toMatchObject({ state: 'queued' });
    expect(await refusalOf(kept.uri)).toBe('login');
    expect(await codeOfRefused(cancel(id))).toBe('not_cancellable');
    await onStore('UPDATE actions SET not_before = NULL WHERE id = $1', [id]);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
  });

  atOnce.test(
    'a reset that waited until all databases of the login were quarantined changes nothing, and it stays locked',
    async () => {
      const kept = await made();
      const { credentialId } = kept;
      const reset = await request(journey.context, credentialReset, { credentialId }, journey.access);
      await onStore('UPDATE actions SET claim = 1 WHERE id = $1', [reset.id]); // begun: a delete does not call it off
      const { id } = await askRemove(journey, kept.databaseId);
      await onStore(`UPDATE actions SET number = -number WHERE id = $1`, [id]);
      expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
      expect(await journey.runHere(reset.id)).toMatchObject({ state: 'failed', error_code: 'contradicts', steps: [] });
      expect(await isLocked(kept)).toBe(true);
      expect(await refusalOf(kept.uri)).toBe('login');
      const [owed] = await openActions(kept);
      expect(await journey.runHere(owed?.id ?? '')).toMatchObject({ kind: 'database_quarantine', state: 'succeeded' });
      await restoreAndSee(journey, kept);
    },
  );

  atOnce.test('a login that leaves its last open database waits, locked, for the one in quarantine', async () => {
    const [first, second] = await makeShared();
    await quarantine(journey, first.databaseId);
    expect(await isLocked(first)).toBe(false);
    const input = { credentialId: first.credentialId, databaseId: second.databaseId };
    const { id } = await request(journey.context, grantDelete, input, journey.access);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    const [owed] = await openActions(first);
    expect(await journey.runHere(owed?.id ?? '')).toMatchObject({ kind: 'database_quarantine', state: 'succeeded' });
    expect(await isLocked(first)).toBe(true);
    await restoreAndSee(journey, first);
  });

  atOnce.test(
    'a login keeps what it has in a database whose drop is called off after its other one was quarantined',
    async () => {
      const [first, second] = await makeShared();
      const drop = await askRemove(journey, second.databaseId, 'drop');
      await quarantine(journey, first.databaseId);
      await cancel(drop.id);
      const elsewhere = new URL(first.uri);
      elsewhere.pathname = `/${second.name}`;
      expect(await rowsOf(elsewhere.href)).toEqual(['first']);
    },
  );

  atOnce.test(
    'a restore that meets a password that it did not set names the login and what to do, which then helps',
    async () => {
      const [first, second] = await makeShared();
      await quarantine(journey, first.databaseId);
      const elsewhere = new URL(first.uri);
      elsewhere.pathname = `/${second.name}`;
      await engine.changePassword(elsewhere.href, 'its-own', server.url);
      const failed = await runToEnd(journey, (await askRestore(journey, first.databaseId)).id);
      const advice = `POST /v1/credentials/${first.credentialId}/reset`;
      expect(failed).toMatchObject({
        error_code: 'login_check_failed',
        error_message: expect.stringContaining(advice),
      });
      expect(failed.error_message).toContain(userOf(first));
      const { credentialId } = first;
      const reset = await request(journey.context, credentialReset, { credentialId }, journey.access);
      expect(await runToEnd(journey, reset.id)).toMatchObject({ state: 'succeeded' });
      expect(await runToEnd(journey, (await askRestore(journey, first.databaseId)).id)).toMatchObject({
        state: 'succeeded',
      });
      expect(await rowsOf(await journey.uriOf(credentialId))).toEqual(['first']);
    },
  );

  whileGone(
    'what an unreachable server never heard of can be called off, and is not called off twice',
    async (meet) => {
      const kept = await made();
      const { id } = await askRemove(journey, kept.databaseId);
      await meet('gone', () => server.stop());
      expect(await journey.runHere(id)).toMatchObject({ state: 'queued', claim: 1, unreached: 1, failures: 0 });
      expect(await cancel(id)).toMatchObject({ state: 'cancelled' });
      await meet('back', () => server.restart());
      expect(await rowsOf(kept.uri)).toEqual(['first']);
    },
  );

  atOnce.test(
    'who does not reach all databases of a login neither calls off nor retries what changes it as a whole',
    async () => {
      const [first, second] = await makeShared();
      const { credentialId } = first;
      const other = await journey.context.store.catalog.ensureProject(journey.access.team_id, 'apart');
      await onStore('UPDATE databases SET project_id = $2 WHERE id = $1', [second.databaseId, other.id]);
      const limited = { ...journey.access, limit_project_id: other.id };
      const { id } = await request(journey.context, credentialReset, { credentialId }, journey.access);
      expect(await codeOfRefused(cancelAction(journey.context, id, limited))).toBe('in_use');
      const failing = { onMoment: () => Promise.reject(new PlatformError('engine_refused', 'No.')) };
      expect(await runToEnd(journey, id, failing.onMoment)).toMatchObject({ state: 'failed' });
      expect(await codeOfRefused(retryAction(journey.context, id, limited))).toBe('in_use');
      expect(await retryAction(journey.context, id, journey.access)).toMatchObject({ state: 'queued' });
    },
  );
});
