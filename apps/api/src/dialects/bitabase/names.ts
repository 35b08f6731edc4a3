// What a database may be called: the product's rule and its words.
import { fieldError } from '@berth/core';
import { fieldOf } from './fields';

/** The product has no limit; a row of the store has, and a name of a screen's length is none. */
const NAME_LENGTH_MAX = 255;

const CHARACTERS = 'name must only contain letters, numbers and dashes';

/** In the order in which they are looked at: of several that a name breaks, the last one is told. */
const RULES: [(name: string) => boolean, string][] = [
  [(name) => name.length > NAME_LENGTH_MAX, `name must not be longer than ${NAME_LENGTH_MAX} characters`],
  [(name) => /[^a-z0-9-]/i.test(name), CHARACTERS],
  [(name) => name.startsWith('-'), 'name must not start with a dash'],
  [(name) => name.endsWith('-'), 'name must not end with a dash'],
];

/** The name that a body asks for, in the case it was sent in. Throws `invalid_request`. */
export function readName(body: unknown): string {
  const name = fieldOf(body, 'name');
  if (!name) throw fieldError('invalid_request', 'name', 'name is a required field'); // as the product asks: 0 is none either
  if (typeof name !== 'string') throw fieldError('invalid_request', 'name', CHARACTERS);
  const broken = RULES.findLast(([isBroken]) => isBroken(name));
  if (broken !== undefined) throw fieldError('invalid_request', 'name', broken[1]);
  return name;
}
