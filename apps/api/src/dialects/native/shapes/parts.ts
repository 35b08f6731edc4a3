// What the shapes of answers are made of. A shape is what is sent, to the letter, as JSON has it.
import { ENGINES, type IdNoun } from '@berth/core';
import { z } from 'zod';
import { idShape as id } from '../../../http/id-shape';

/** A moment in UTC, to the millisecond. */
export const time = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  .meta({ format: 'date-time' });

/** A moment as it is sent. `JSON.stringify` makes the same of a date, and takes three times as long. */
export function timeText<Moment extends Date | null>(moment: Moment): Moment extends null ? null : string;
export function timeText(moment: Date | null): string | null {
  return moment === null ? null : moment.toISOString();
}

export const engine = z.enum(ENGINES);

const number = z.int().describe('Counts upwards, for those who need a number in place of an id.');

/** What every noun begins with. */
export function head(noun: IdNoun) {
  return { id: id(noun), number, name: z.string() };
}

/** One page of a list. */
export function listOf<Shape extends z.ZodType>(shape: Shape) {
  return z.strictObject({
    data: z.array(shape),
    next_cursor: z.string().nullable().describe('Send it as `cursor` for the next page; null on the last one.'),
  });
}

/** What `JSON.stringify` makes a value of this type of: a function that shows a row returns it. */
export type Shown<Shape extends z.ZodType> = Unsent<z.output<Shape>>;

type Unsent<Sent> = Sent extends string
  ? string | Date
  : Sent extends (infer Item)[]
    ? Unsent<Item>[]
    : Sent extends object
      ? string extends keyof Sent
        ? unknown // a free record
        : { [Key in keyof Sent]: Unsent<Sent[Key]> }
      : Sent;
