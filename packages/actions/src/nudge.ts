// The nudge of who asked for an action: what the worker does with it goes on with the trace of the request.
import { currentSpan, traced } from '@berth/core';
import type { Nudge } from '@berth/store';
import type { Context } from './context';

/**
 * After the commit, outside the answer: it never throws, counts what it lost, and nobody waits for it. A nudge that is lost takes
 * the trace with it; what maintenance sends again begins a trace of its own, found by `berth.action.id`.
 */
export function nudgeAsked({ sender }: Context, { id, engine, nudges }: Nudge): void {
  const options = { kind: 'producer', attributes: { 'berth.action.id': id } } as const;
  void traced('nudge', options, () => sender.send({ id, engine, nudges, traceparent: currentSpan()?.traceparent }));
}
