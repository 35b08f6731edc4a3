// Tenants of MariaDB and MongoDB that break something of their own, or stay where they are not to be: whatever it is, a reset gives
// the login another password and no other way in, a quarantine shuts the database, a restore brings back what was there, and a
// delete leaves nothing. What those of PostgreSQL can do has files of its own: it is more.
import { credentialReset, request } from '@berth/actions';
import { type Journey, openJourney } from '../journey';
import { askRemove, askRestore, makeKept, quarantine, refusalOf, rowsOf, runToEnd, stateOf } from '../quarantine';
import { type AtOnce, onEachEngineAtOnce } from '../tenants/at-once';
import type { TestEngine } from '../tenants/tenants';

const tests = (engine: TestEngine, atOnce: AtOnce) => {
  let journey: Journey;
  atOnce.open(async () => {
    journey = await openJourney({ engine });
  });
  atOnce.close(async () => journey?.close());

  for (const [index, { title, commit }] of engine.misdeeds.entries()) {
    atOnce.test(`one that ${title} gets a new password, its data back, and nothing else`, async () => {
      const kept = await makeKept(journey, `stubborn_${process.pid}_${index}`);
      const { credentialId, databaseId } = kept;
      const committed = await commit(kept.uri, credentialId, engine.sharedUrl());
      const asked = await request(journey.context, credentialReset, { credentialId }, journey.access);
      const ended = [await runToEnd(journey, asked.id)];
      const uri = await journey.uriOf(credentialId);
      const evil = Object.assign(new URL(uri), { password: 'evil' }).href;
      const told = [await refusalOf(kept.uri), await refusalOf(evil), await refusalOf(uri)];
      const out = [await committed.isOut()];
      await committed.stop();
      const again = await commit(uri, credentialId, engine.sharedUrl());
      await quarantine(journey, databaseId);
      told.push(await refusalOf(uri));
      out.push(await again.isOut());
      await again.stop();
      ended.push(await runToEnd(journey, (await askRestore(journey, databaseId)).id));
      told.push(await refusalOf(uri));
      const rows = await rowsOf(uri);
      ended.push(await runToEnd(journey, (await askRemove(journey, databaseId, 'drop')).id));
      const succeeded = { state: 'succeeded', error_message: null, failures: 0 };
      expect(ended).toMatchObject(ended.map(() => succeeded));
      expect(told).toEqual(['login', 'login', null, 'login', null]);
      expect(out).toEqual([true, true]);
      expect(rows).toEqual(['first']);
      expect(await stateOf(journey, databaseId)).toBe('deleted');
      expect(await journey.view.listNames(kept.name)).toEqual([]);
    });
  }
};

onEachEngineAtOnce(tests, ({ misdeeds }) => misdeeds.length > 0);
