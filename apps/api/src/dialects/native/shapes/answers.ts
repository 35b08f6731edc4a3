// The answers that many addresses of the native API share, as the document tells them.
import { z } from 'zod';
import type { AnswerHeader, Success } from '../../../http/operation';
import { actionLike, type ExampleKind } from './example-actions';
import { listOf } from './parts';

type Answers = Record<number, Success>;

/** 200 with the thing. */
export function shows(schema: z.ZodType, what = 'As it is now.'): Answers {
  return { 200: { what, schema } };
}

/** 200 with a page of them. */
export function lists(shape: z.ZodType): Answers {
  return { 200: { what: 'One page, newest first.', schema: listOf(shape) } };
}

/** 201 with what was made. */
export function makes(schema: z.ZodType): Answers {
  return { 201: { what: 'It was made.', schema, headers: ['Location'] } };
}

/** 204. */
export const isGone: Answers = { 204: { what: 'It is gone.', schema: null } };

/** 202 with an action and what it is about; 200 with the same where it ended within `Prefer: wait`. */
export function accepts(kind: ExampleKind, about: z.ZodRawShape) {
  const headers: AnswerHeader[] = ['Location', 'Preference-Applied'];
  const queued = z.strictObject({ action: actionLike(kind, 'queued'), ...about });
  const ended = z.strictObject({ action: actionLike(kind, 'succeeded'), ...about });
  return {
    202: { what: 'It was accepted. Ask at `Location` how far it is.', schema: queued, headers },
    200: {
      what: 'The action has ended in the time that `Prefer: wait` gave it, well or not: see its `state`.',
      schema: ended,
      whenWaited: ended,
      headers,
    },
  } satisfies Answers;
}

/** As `accepts`, but for what is answered 200 in another way as well. */
export function acceptsOr(also: z.ZodType, what: string, answers: ReturnType<typeof accepts>): Answers {
  const ended = answers[200].schema;
  const headers: AnswerHeader[] = ['Location, if an action', 'Preference-Applied'];
  return { ...answers, 200: { what, schema: z.union([also, ended]), whenWaited: ended, headers } };
}

/** 200 with the thing where it was changed at once, else as `accepts`. */
export function acceptsOrShows(shape: z.ZodType, answers: ReturnType<typeof accepts>): Answers {
  const what = 'It was changed at once; or the action has ended in the time that `Prefer: wait` gave it, well or not.';
  return acceptsOr(shape, what, answers);
}
