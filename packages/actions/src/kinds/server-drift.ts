// server_drift: in what a server differs from what Berth knows of it. It changes nothing there.
import type { SeenAccess } from '@berth/engines/contract';
import { compareServer, type Differences } from '../compare-server';
import type { Kind } from '../kind';
import { planLook, type ServerLookInput } from './join-or-plan';

/** Of each list; a server that was dumped into another has thousands, and nobody reads them all. */
const DIFFERENCES_MAX = 1_000;

/** Safe to repeat: a second request joins the one that is queued or running. Throws `not_found`. */
export const serverDrift: Kind<ServerLookInput> = {
  name: 'server_drift',
  isReadOnly: true,

  plan: (planning, input) => planLook(planning, 'server_drift', input, ['observe_access', 'compare_server']),

  async perform({ action, session, step, store }) {
    const { server_id: serverId } = action;
    const moment = await store.drifts.begin(serverId); // a retry begins anew: nothing is kept of what was seen before
    let seen: SeenAccess = { databases: [], logins: [], grants: [] };
    await step('observe_access', async () => {
      seen = await session.observeAccess();
      return { databases: seen.databases.length, logins: seen.logins.length, grants: seen.grants.length };
    });
    let differences: Differences = { lost: [], unknown: [], altered: [] };
    let busy = 0;
    await step('compare_server', async () => {
      const known = await store.drifts.readKnown(serverId, moment);
      busy = [...known.databases, ...known.credentials].filter(({ isBusy }) => isBusy).length;
      differences = compareServer(known, seen);
      const { lost, unknown, altered } = differences;
      return { lost: lost.length, unknown: unknown.length, altered: altered.length, passed_over: busy };
    });
    const { lost, unknown, altered } = differences;
    const lists = { lost, unknown, altered };
    const counts = { lost: lost.length, unknown: unknown.length, altered: altered.length };
    const cut = Object.entries(lists).map(([name, list]) => [name, list.slice(0, DIFFERENCES_MAX)]);
    return (tx) => tx.drifts.keep(serverId, action.id, { ...Object.fromEntries(cut), counts, passed_over: busy });
  },

  fail: async () => async () => {}, // the list before stays, with the time it is from
};
