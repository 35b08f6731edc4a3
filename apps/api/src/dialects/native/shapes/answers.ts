// The answers that many addresses of the native API share, as the document tells them.
import { z } from 'zod';
import type { Success } from '../../../http/operation';
import { actionShape } from './action';
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

/** One that is answered with other bodies as well. */
export function either(answers: Answers, also: z.ZodType, what: string): Success {
  const schema = answers[200]?.schema ?? null;
  return {
    what,
    schema: schema === null ? also : z.union([also, schema]),
    headers: ['Location, if an action', 'Preference-Applied'],
  };
}

/** 200 with the thing where it was changed at once, else as `accepts`. */
export function acceptsOrShows(shape: z.ZodType, about: z.ZodRawShape): Answers {
  const answers = accepts(about);
  const what = 'It was changed at once; or the action has ended in the time that `Prefer: wait` gave it, well or not.';
  return { ...answers, 200: either(answers, shape, what) };
}

/** 202 with an action and what it is about; 200 with the same where it ended within `Prefer: wait`. */
export function accepts(about: z.ZodRawShape): Answers {
  const schema = z.strictObject({ action: actionShape, ...about });
  return {
    202: {
      what: 'It was accepted. Ask at `Location` how far it is.',
      schema,
      headers: ['Location', 'Preference-Applied'],
    },
    200: {
      what: 'The action has ended in the time that `Prefer: wait` gave it, well or not: see its `state`.',
      schema,
      headers: ['Location', 'Preference-Applied'],
    },
  };
}
