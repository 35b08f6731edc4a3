// One running action per database, the others in line; a delete always gets in and runs next.
import { credentialCreate, databaseDelete, request } from '@berth/actions';
import { codeOf } from '@berth/core';
import { eventually } from '../eventually';
import { type Journey, openJourney } from '../journey';
import { onEachEngineAndQueue } from '../tenants/on-each-engine';
import type { TestProcess } from '../test-process';

onEachEngineAndQueue((engine, queue) => {
  let journey: Journey;
  let worker: TestProcess;
  const nameOf = (name: string) => `${name}_${process.pid}_${queue.toLowerCase()}`;

  beforeAll(async () => {
    journey = await openJourney({ engine, queue });
    [worker] = await Promise.all([journey.startWorker(), journey.startMaintenance()]);
  });
  afterAll(() => journey?.close());

  describe('ten credentials asked at once for one database', () => {
    it('are all served, one after another, in the order of asking', async () => {
      const create = await journey.requestDatabase(nameOf('line'));
      const databaseId = create.database_id ?? '';
      const asked = await Promise.all(
        Array.from({ length: 10 }, () => request(journey.context, credentialCreate, { databaseId }, journey.access)),
      );
      const ended = await Promise.all(asked.map(({ id }) => journey.ended(id, 60_000)));
      const inOrder = ended.sort((one, other) => one.number - other.number);
      for (const [index, action] of inOrder.entries()) {
        expect(action).toMatchObject({ state: 'succeeded', claim: 1 });
        const before = index === 0 ? await journey.ended(create.id) : inOrder[index - 1];
        expect(action.started_at?.getTime()).toBeGreaterThanOrEqual(before?.ended_at?.getTime() ?? Number.NaN);
      }
      const uris = await Promise.all(ended.map((action) => journey.uriOf(action.credential_id ?? '')));
      for (const uri of uris) expect(await engine.refusalOf(uri)).toBeNull();
      expect(new Set(uris).size).toBe(10);
    });
  });

  describe('a delete', () => {
    it('asked while the database waits to be created: nothing is ever made', async () => {
      await worker.stop();
      const name = nameOf('unborn');
      const create = await journey.requestDatabase(name);
      const drop = await request(
        journey.context,
        databaseDelete,
        { databaseId: create.database_id ?? '' },
        journey.access,
      );
      worker = await journey.startWorker();
      expect(await journey.ended(drop.id)).toMatchObject({ state: 'succeeded' });
      expect(await journey.context.store.actions.find(create.id)).toMatchObject({ state: 'cancelled', claim: 0 });
      expect(await journey.view.listNames(name)).toEqual([]);
    });

    it('asked during create: the create stops between two steps, the delete runs next, the name is free', async () => {
      await worker.stop();
      const name = nameOf('halfmade');
      const create = await journey.requestDatabase(name);
      const slow = await journey.startVictim(create.id, 'recorded:create_database:SIGSTOP');
      await eventually(async () => (await journey.context.store.actions.find(create.id))?.steps.length === 2);
      const databaseId = create.database_id ?? '';
      const drop = await request(journey.context, databaseDelete, { databaseId }, journey.access);
      slow.signal('SIGCONT');
      expect(await journey.ended(drop.id)).toMatchObject({ state: 'succeeded' });
      const cancelled = await journey.ended(create.id);
      expect(cancelled).toMatchObject({ state: 'cancelled', error_code: null });
      expect(cancelled.steps.map((step) => step.name)).not.toContain('check_isolation');
      expect(await journey.view.listNames(name)).toEqual([]);
      const again = await journey.requestDatabase(name);
      expect(await journey.ended(again.id)).toMatchObject({ state: 'succeeded' });
      await slow.stop();
    });

    it('stands against everything else, and names itself', async () => {
      const create = await journey.requestDatabase(nameOf('standing'));
      const databaseId = create.database_id ?? '';
      const drop = await request(journey.context, databaseDelete, { databaseId }, journey.access);
      for (const kind of [credentialCreate, databaseDelete]) {
        const error: unknown = await request(journey.context, kind, { databaseId }, journey.access).catch(
          (thrown) => thrown,
        );
        expect(codeOf(error)).toBe('contradicts');
        expect(error).toMatchObject({ actionId: drop.id });
      }
      await journey.runHere(drop.id);
    });
  });
});
