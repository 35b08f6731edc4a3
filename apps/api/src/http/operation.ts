// What one route is, for those who call it: what it takes, what it answers, what it refuses. The document is made of this,
// and the schemas in it are the ones that requests are parsed with.
import type { ErrorCode, IdNoun, Scope } from '@berth/core';
import type { z } from 'zod';

/** Headers of answers; the document says of each what it tells. */
export type AnswerHeader = 'Location' | 'Location, if an action' | 'Preference-Applied';

/** An answer that is no error. */
export interface Success {
  /** One sentence, with its full stop. */
  what: string;
  /** Its body, as JSON; null without one. */
  schema: z.ZodType | null;
  /** What it may be in place of JSON, by media type. */
  others?: Record<string, z.ZodType>;
  headers?: AnswerHeader[];
  /** The one of its shapes that is answered when the action was waited for. Default: the first. */
  whenWaited?: z.ZodType;
}

/** One request as somebody might send it, and the status that it gets. A test sends each of them. */
export interface Example {
  query?: Record<string, string>;
  /** With `Accept` it is answered in one of `others`. */
  headers?: Record<string, string>;
  body?: object;
  /** Which one of the shapes of this status it is answered with. Default: the first. */
  shows?: z.ZodType;
  /** Default: 202 where there is one, else the only one there is. */
  status?: number;
}

export interface Operation {
  /** Unique in the document; generated clients name a function after it. */
  id: string;
  tag: string;
  /** A few words, without a full stop. */
  summary: string;
  /** Sentences, in Markdown. */
  description?: string;
  /** Any of these opens it; without one nobody is asked who they are. */
  scopes: Scope[];
  /** What `:id` names. */
  noun?: IdNoun;
  query: z.ZodType;
  /** Null where no body is read. */
  body: z.ZodType | null;
  /** Headers that it heeds besides those that follow from the rest, each with what it does. */
  headers?: Record<string, string>;
  /** `Prefer: wait` is heeded. */
  isWaitedFor: boolean;
  /** By status. */
  answers: Record<number, Success>;
  /** What it refuses besides what follows from all else that is said here. */
  errors: ErrorCode[];
  /** By what they show. */
  examples: Record<string, Example>;
}

/** An example, and all that a test needs to send it. */
export type ToldExample = Required<Omit<Example, 'shows'>> & Pick<Example, 'shows'> & { name: string };

/** How long the examples that wait are told to. */
const EXAMPLE_WAIT_S = 20;

/** The examples of an operation; what is accepted is shown waited for as well. */
export function examplesOf({ answers, examples, isWaitedFor }: Operation): ToldExample[] {
  const [only = 200] = Object.keys(answers).map(Number);
  const usual = 202 in answers ? 202 : only;
  const told = Object.entries(examples).map(([name, example]) => ({
    query: {},
    headers: {},
    body: {},
    status: usual,
    ...example,
    name,
  }));
  const accepted = told.find(({ status }) => status === 202);
  if (!isWaitedFor || accepted === undefined) return told;
  const headers = { ...accepted.headers, Prefer: `wait=${EXAMPLE_WAIT_S}` };
  const shows = answers[200]?.whenWaited;
  const { shows: _, ...rest } = accepted;
  return [...told, { ...rest, name: 'waited for', headers, status: 200, ...(shows && { shows }) }];
}
