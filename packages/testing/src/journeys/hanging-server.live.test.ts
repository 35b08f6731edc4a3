// A server that hangs: it takes connections and answers nobody, in the middle of what was under way. It holds up its own
// actions, of which none is lost, and those of no other server of its engine.
import { databaseCreate, request, serverPreflight } from '@berth/actions';
import { Secret } from '@berth/core';
import type { Action } from '@berth/store';
import { eventually } from '../eventually';
import { type Journey, openJourney } from '../journey';
import { onEachEngine } from '../tenants/on-each-engine';
import type { TenantsServer } from '../tenants/tenants';

const COUNT = 20;
/** BERTH_SERVER_CONCURRENCY, half of what the worker takes in all. */
const AT_ONCE_MAX = 4;
/** An engine calls a server unreachable when it has not shaken hands for so long: whoever waits for that waits longer. */
const CONNECT_MS_MAX = 10_000;

onEachEngine((engine) => {
  let server: TenantsServer;
  let journey: Journey;
  let hangingId: string;

  beforeAll(async () => {
    server = await engine.openServer();
    const env = { BERTH_WORKER_CONCURRENCY: '8', BERTH_SERVER_CONCURRENCY: String(AT_ONCE_MAX) };
    journey = await openJourney({ engine, env });
    const adminUrl = new Secret(server.url);
    const rest = { engine: engine.name, pool: `${engine.name}-development`, adminUrl, sizeBytesMax: null };
    const { context, access } = journey;
    const preflight = await request(context, serverPreflight, { register: { name: 'hangs', ...rest } }, access);
    expect(await journey.runHere(preflight.id)).toMatchObject({ state: 'succeeded' });
    hangingId = preflight.server_id;
  });
  afterAll(async () => {
    await server?.thaw(); // processes wait for its answer before they stop
    await journey?.close();
    await server?.close();
  });

  const ask = (serverId: string, name: string, count = COUNT) =>
    Promise.all(
      Array.from({ length: count }, (_, index) => {
        const names = { name: `${name}_${process.pid}_${index}`, ownerLogin: 'auto' as const };
        return request(journey.context, databaseCreate, { ...journey.place, ...names, serverId }, journey.access);
      }),
    );

  async function allEnded(asked: Action[]): Promise<number> {
    const startedAt = performance.now();
    for (const { id } of asked) {
      expect(await journey.ended(id, 120_000)).toMatchObject({ state: 'succeeded', failures: 0, error_code: null });
    }
    return performance.now() - startedAt;
  }

  async function countRunning(): Promise<number> {
    const open = await journey.context.store.actions.listOpenOfServer(hangingId);
    return open.filter(({ state }) => state === 'running').length;
  }

  test('the other server of its engine is served as if it were alone; nothing is lost, and all is done when it wakes', async () => {
    const { actions } = journey.context.store;
    const processes = await Promise.all([journey.startWorker(), journey.startMaintenance()]);
    const aloneMs = await allEnded(await ask(journey.serverId, 'alone'));

    const begun = await ask(hangingId, 'begun', AT_ONCE_MAX);
    await eventually(async () => (await countRunning()) > 0, { what: 'the worker to be at work there' });
    await server.freeze();
    const hanging = [...begun, ...(await ask(hangingId, 'hanging', COUNT - AT_ONCE_MAX))];
    await eventually(async () => (await countRunning()) === AT_ONCE_MAX, { what: 'as many to be at work as may be' });
    const besideMs = await allEnded(await ask(journey.serverId, 'beside'));
    expect(besideMs).toBeLessThan(aloneMs + CONNECT_MS_MAX);

    expect(await countRunning()).toBeLessThanOrEqual(AT_ONCE_MAX);
    const waits = await Promise.all(hanging.map(({ id }) => actions.findWait(id)));
    expect(waits).toContainEqual({ server: null, ahead: null, crowd: { name: 'hangs', count: expect.any(Number) } });

    await server.thaw();
    await allEnded(hanging);
    await Promise.all(processes.map((each) => each.stop()));
  }, 240_000);
});
