// A delete that keeps: whoever is inside when it comes is out when it is done, whatever he was doing, and a restore
// brings back the same rows under the same password. What a tenant has prepared is in prepared.live.test.ts.
import { grantCreate, request } from '@berth/actions';
import type { ActionWithSteps } from '@berth/store';
import { eventually } from '../eventually';
import { type Journey, openJourney } from '../journey';
import {
  askRemove,
  askRestore,
  evidenceOf,
  type Kept,
  makeKept,
  QUARANTINE_STEPS,
  quarantine,
  RESTORE_STEPS,
  refusalOf,
  restoreAndSee,
  rowsOf,
  runToEnd,
  stateOf,
  surviveLoss,
  takeOver,
} from '../quarantine';
import { onEachEngineAtOnce } from '../tenants/at-once';
import { withSession } from '../tenants/tenants';

onEachEngineAtOnce((engine, atOnce) => {
  let journey: Journey;
  let count = 0;

  atOnce.open(async () => {
    journey = await openJourney({ engine });
  });
  atOnce.close(async () => journey?.close());

  const made = () => {
    count += 1;
    return makeKept(journey, `kept_${process.pid}_${count}`);
  };

  atOnce.test(
    'a session that writes in a loop is ended; what it was told is written is there after the restore',
    async () => {
      const kept = await made();
      const writer = await engine.enter(kept.uri);
      let written = 0;
      const loop = (async () => {
        for (;;) {
          await writer.insert('looped');
          written += 1;
        }
      })();
      const ended = expect(loop).rejects.toThrow();
      await eventually(() => written > 10, { what: 'the loop to write' });
      const action = await quarantine(journey, kept.databaseId);
      await ended;
      await writer.end();
      const user = decodeURIComponent(new URL(kept.uri).username);
      expect(evidenceOf(action, 'shut_out')).toEqual({
        ...{ locked: [user], shut: true, revoked: [user], shared_with_other_databases: [] },
        ...{ still_let_in: engine.name === 'mongodb' ? null : [], details: expect.any(Object) },
      });
      const sessions = {
        ended: engine.capabilities.sessionsKeepRights ? 1 : expect.any(Number), // else one that does nothing is never ended
        looks: expect.arrayContaining([0, 0]),
        details: expect.any(Object),
      };
      expect(evidenceOf(action, 'end_sessions')).toEqual(sessions);
      const forgotten = { ...sessions, ended: expect.any(Number), passwords_forgotten: [user] };
      expect(evidenceOf(action, 'forget_passwords')).toEqual(forgotten);
      expect(evidenceOf(action, 'check_refused')).toEqual({ refused: [`${user}: password`], still_elsewhere: [] });
      expect(await refusalOf(kept.uri)).toBe('login');
      expect(await stateOf(journey, kept.databaseId)).toBe('quarantined');
      await restoreAndSee(journey, kept);
      const looped = (await rowsOf(kept.uri)).filter((text) => text === 'looped').length;
      expect(looped).toBeGreaterThanOrEqual(written);
      expect(looped).toBeLessThanOrEqual(written + 1); // one may have been cut off after its commit, before the answer
    },
  );

  /** Two databases, of which the second lets the login of the first in as well. */
  async function makeSharing(): Promise<[Kept, Kept]> {
    const [first, second] = [await made(), await made()];
    const grant = { credentialId: first.credentialId, database: second.databaseId, role: 'owner' as const };
    const { id } = await request(journey.context, grantCreate, grant, journey.access);
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    return [first, second];
  }

  describe('a login that two databases share', () => {
    let [first, second]: Kept[] = [];
    const elsewhere = () => {
      const url = new URL(first?.uri ?? '');
      url.pathname = second?.name ?? '';
      return url.href;
    };

    async function quarantineFirst(): Promise<void> {
      [first, second] = await makeSharing();
      const user = decodeURIComponent(new URL(first.uri).username);
      const inside = await engine.enter(first.uri);
      await withSession(engine, elsewhere(), async (other) => {
        const action = await quarantine(journey, first?.databaseId ?? '');
        const shared = { shared_with_other_databases: [user] };
        if (engine.sessionsAreInOneDatabase) await other.insert('by the shared login');
        expect(evidenceOf(action, 'shut_out')).toMatchObject({ locked: [], revoked: [user], ...shared });
        expect(evidenceOf(action, 'check_refused')).toEqual({
          refused: [`${user}: privilege`],
          still_elsewhere: [`${user} in ${second?.databaseId}: let in`],
        });
      });
      await expect(inside.read()).rejects.toThrow();
      await inside.end();
      expect(await refusalOf(first.uri)).toBe('database');
      expect(await refusalOf(elsewhere())).toBeNull();
    }

    let begun: Promise<void> | undefined;
    atOnce.test(
      'goes on working in the other, an open session too where it is in that database; here it is out',
      async () => {
        begun = quarantineFirst();
        await begun;
      },
    );

    atOnce.test('is locked with the last of its databases, and works in each that is restored', async () => {
      await begun;
      if (first === undefined || second === undefined) throw new Error('not made');
      await quarantine(journey, second.databaseId); // the first is in quarantine already
      expect(await refusalOf(elsewhere())).toBe('login');
      const { id } = await askRestore(journey, second.databaseId);
      expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
      expect(await refusalOf(elsewhere())).toBeNull();
      expect(await refusalOf(first.uri)).toBe('database');
      await restoreAndSee(journey, first);
    });
  });

  atOnce.test(
    'two databases that share a login, quarantined at the same time: one after the other, and it is locked',
    async () => {
      const [first, second] = await makeSharing();
      const [one, other] = [await askRemove(journey, first.databaseId), await askRemove(journey, second.databaseId)];
      let meanwhile: string | undefined;
      const ended = await runToEnd(journey, one.id, async (moment, step) => {
        if (moment !== 'recorded' || step !== 'check_refused') return;
        meanwhile = (await journey.runHere(other.id)).state;
      });
      expect([ended.state, ended.failures, meanwhile]).toEqual(['succeeded', 0, 'queued']);
      expect(await journey.runHere(other.id)).toMatchObject({ state: 'succeeded' });
      expect(await refusalOf(first.uri)).toBe('login');
      await restoreAndSee(journey, first);
    },
  );

  atOnce.test('a login whose only open database is dropped waits, locked, for the one in quarantine', async () => {
    const [first, second] = await makeSharing();
    await quarantine(journey, first.databaseId);
    const { id } = await askRemove(journey, second.databaseId, 'drop');
    expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
    expect(await refusalOf(first.uri)).toBe('login');
    await restoreAndSee(journey, first);
  });

  describe('a worker that dies', () => {
    interface Dying {
      kept: Kept;
      actionId: string;
      fault: string;
    }
    const dying: Record<'quarantine' | 'restore', Dying[]> = { quarantine: [], restore: [] };

    async function begin(step: string, ask: (journey: Journey, id: string) => Promise<ActionWithSteps>, kept: Kept) {
      return { kept, actionId: (await ask(journey, kept.databaseId)).id, fault: `performed:${step}` };
    }

    atOnce.alone('in database_quarantine after any step: it is quarantined by the next', async () => {
      for (const step of QUARANTINE_STEPS) dying.quarantine.push(await begin(step, askRemove, await made()));
      for (const step of RESTORE_STEPS) {
        const kept = await made();
        await quarantine(journey, kept.databaseId);
        dying.restore.push(await begin(step, askRestore, kept));
      }
      const all = [...dying.quarantine, ...dying.restore];
      await journey.killInAll(new Map(all.map(({ actionId, fault }) => [actionId, fault]))); // one process, in all of them
      const takingOver = dying.quarantine.map(async ({ kept, actionId }) => {
        await takeOver(journey, actionId);
        expect(await refusalOf(kept.uri)).toBe('login');
      });
      await Promise.all(takingOver);
    });

    atOnce.alone('in database_restore after any step: the next lets in again', async () => {
      expect(dying.restore).toHaveLength(RESTORE_STEPS.length);
      const takingOver = dying.restore.map(async ({ kept, actionId }) => {
        await takeOver(journey, actionId);
        expect(await stateOf(journey, kept.databaseId)).toBe('available');
        expect(await rowsOf(kept.uri)).toEqual(['first']);
      });
      await Promise.all(takingOver);
    });

    for (const step of QUARANTINE_STEPS) {
      atOnce.test(`with ${step} recorded: the same`, async () => {
        const kept = await made();
        const { id } = await askRemove(journey, kept.databaseId);
        await surviveLoss(journey, id, `recorded:${step}`);
        expect(await refusalOf(kept.uri)).toBe('login');
        const { id: restoreId } = await askRestore(journey, kept.databaseId);
        await surviveLoss(journey, restoreId, `recorded:${RESTORE_STEPS[QUARANTINE_STEPS.indexOf(step)]}`);
        expect(await rowsOf(kept.uri)).toEqual(['first']);
      });
    }
  });
});
