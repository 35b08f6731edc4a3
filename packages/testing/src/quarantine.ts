// What the journeys of quarantine share: a database with a login and rows, deeds asked for and run here, and knocking.
import { databaseRemove, databaseRestore, request, sweep } from '@berth/actions';
import { PlatformError } from '@berth/core';
import type { ActionWithSteps } from '@berth/store';
import { eventually } from './eventually';
import { type Journey, withClient } from './journey';
import { runAction } from './run-action';
import { engineOfUri } from './tenants/on-each-engine';
import { withSession } from './tenants/tenants';

export const QUARANTINE_STEPS = ['shut_out', 'end_sessions', 'forget_passwords', 'check_refused'];
export const RESTORE_STEPS = ['open_database', 'give_back', 'check_logins', 'check_isolation'];

export interface Kept {
  databaseId: string;
  credentialId: string;
  /** What its server calls it. */
  name: string;
  /** The URL that was given out when it was made. */
  uri: string;
}

/** A database that is available, with one row in `kept`. */
export async function makeKept(journey: Journey, name: string): Promise<Kept> {
  const { id, database_id, credential_id } = await journey.requestDatabase(name);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded' });
  const databaseId = database_id ?? '';
  const uri = await journey.uriOf(credential_id ?? '');
  await withSession(journey.engine, uri, (session) => session.write('first'));
  const row = await journey.context.store.databases.find(databaseId);
  return { databaseId, credentialId: credential_id ?? '', name: row?.engine_name ?? '', uri };
}

/** A plain DELETE. */
export async function askRemove({ context, access }: Journey, databaseId: string, how: 'keep' | 'drop' = 'keep') {
  const seen = await context.store.databases.find(databaseId);
  const wish = how === 'drop' ? how : { keepSeenIn: seen?.state ?? '' };
  return request(context, databaseRemove, { databaseId, wish }, access);
}

export const askRestore = ({ context, access }: Journey, databaseId: string) =>
  request(context, databaseRestore, { databaseId }, access);

/** Quarantines it, and sees that it is. */
export async function quarantine(journey: Journey, databaseId: string): Promise<ActionWithSteps> {
  const { id, kind } = await askRemove(journey, databaseId);
  expect(kind).toBe('database_quarantine');
  const ended = await journey.runHere(id);
  expect(ended).toMatchObject({ state: 'succeeded', error_message: null });
  return ended;
}

/** Restores it, and sees that the old URL opens the same rows. */
export async function restoreAndSee(journey: Journey, { databaseId, credentialId, uri }: Kept): Promise<void> {
  const { id } = await askRestore(journey, databaseId);
  expect(await journey.runHere(id)).toMatchObject({ state: 'succeeded', error_message: null });
  expect(await stateOf(journey, databaseId)).toBe('available');
  expect(await journey.uriOf(credentialId)).toBe(uri);
  expect(await rowsOf(uri)).toContain('first');
}

export const rowsOf = (uri: string) => withSession(engineOfUri(uri), uri, (session) => session.read());

export const stateOf = async ({ context }: Journey, id: string) => (await context.store.databases.find(id))?.state;

/** Null when the URL lets in, else what is refused. A server that does not answer refuses nobody: that throws. */
export const refusalOf = (uri: string) => engineOfUri(uri).refusalOf(uri);

/** What a step saw, in the last attempt. */
export function evidenceOf({ steps }: ActionWithSteps, name: string): Record<string, unknown> {
  const step = steps.findLast((each) => each.name === name);
  return typeof step?.evidence === 'object' && step.evidence !== null ? { ...step.evidence } : {};
}

/** Runs it here and drops it at this moment, writing nothing, as a worker does that was presumed dead; then takes over. */
export async function surviveLoss(journey: Journey, actionId: string, fault: string): Promise<ActionWithSteps> {
  await runAction(journey.context, actionId, {
    onMoment: async (moment, step) => {
      if (`${moment}:${step}` === fault) throw new PlatformError('claim_lost', 'presumed dead');
    },
  });
  return takeOver(journey, actionId);
}

/** Does what a worker that died had claimed. */
export async function takeOver(journey: Journey, actionId: string): Promise<ActionWithSteps> {
  expect(await journey.context.store.actions.find(actionId)).toMatchObject({ state: 'running', claim: 1 });
  await journey.letHoldRunOut(actionId);
  // another sweep may be at it: then this one does nothing
  const isTakenBack = async () => {
    await sweep(journey.context);
    return (await journey.context.store.actions.find(actionId))?.state === 'queued';
  };
  await eventually(isTakenBack, { what: 'the action to be taken back' });
  const ended = await journey.runHere(actionId);
  expect(ended).toMatchObject({ state: 'succeeded', claim: 2, error_code: null });
  return ended;
}

/** Runs it here until it has ended, as if each pause were over. */
export async function runToEnd(
  journey: Journey,
  id: string,
  onMoment?: (moment: string, step: string) => Promise<void>,
): Promise<ActionWithSteps> {
  for (;;) {
    const action = await runAction(journey.context, id, onMoment === undefined ? {} : { onMoment });
    if (action.ended_at !== null) return action;
    await withClient(journey.storeUrl, (client) => client.query('UPDATE actions SET not_before = NULL'));
  }
}
